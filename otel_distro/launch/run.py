# SPDX-License-Identifier: Apache-2.0
"""`otel-distro run COMMAND…`: what `opentelemetry-instrument COMMAND…` does, with a first process that imports nothing.

Upstream's takes half a second of CPU on a slow machine, of which a service sees nothing: it reads all entry points and
builds a command-line parser of all variables, in a process that `exec` ends. Here variables stay in the environment.
"""

from __future__ import annotations

import os
import sys

from otel_distro.launch.options import FLAGS, command_at, is_safe, variables_of
from otel_distro.settings.environ import launch_environment

USAGE = "usage: otel-distro run [--view] [--OPTION VALUE]... [--] COMMAND [ARGUMENT...]"
HELP = f"""{USAGE}

Runs a command with telemetry, as opentelemetry-instrument does. Everything after COMMAND is the command's own.
An option is a variable without OTEL_ or OTEL_PYTHON_, in small letters: --service_name shop is OTEL_SERVICE_NAME=shop.
--view shows requests, lines and metrics in a page of this machine (pip install 'otel-distro[view]').
"otel-distro env" prints all variables."""
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "path")  # noqa: PTH100, PTH118, PTH120  pathlib takes as long as all of this
MISUSE, CANNOT_EXECUTE, NOT_FOUND = 2, 126, 127  # as shells have them


def run(arguments: list[str]) -> int:
    """Become the command, with telemetry; return an exit status only if that cannot be."""
    watched, anyway = "--view" in arguments, False
    if watched:  # only then is anything more imported
        from otel_distro.launch.viewer import flags_of

        arguments, watched, anyway = flags_of(arguments)
    place = command_at(arguments)
    options, command = arguments[:place], arguments[place:]
    if command[:1] == ["--"]:
        command = command[1:]
    elif command[:1] and command[0] in FLAGS:
        return _tell(command[0])
    if not command:
        return _say(USAGE, MISUSE)
    try:
        variables = variables_of(options, _known()) if options else {}
    except ValueError as error:
        return _say(f"otel-distro run: {error}\n{USAGE}", MISUSE)
    environment = launch_environment(FOLDER, variables, safe=is_safe(command))
    if watched:
        _show(environment, anyway=anyway)
    return _become(command, environment)


def _show(environment: dict[str, str], *, anyway: bool) -> None:
    """Have the viewer see the command; if that cannot be, say so and go on without: the command matters more."""
    from otel_distro.launch.view import viewed

    try:
        variables, link = viewed(environment, anyway=anyway)
    except (OSError, ValueError) as error:
        _say(f"otel-distro run --view: {error}; going on without", 0)
        return
    environment.update(variables)
    _say(f"view  {link}", 0)


def _become(command: list[str], environment: dict[str, str]) -> int:
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606  the user's own command
    except FileNotFoundError:
        return _say(f"otel-distro run: {command[0]}: command not found", NOT_FOUND)
    except OSError as error:
        return _say(f"otel-distro run: {command[0]}: {error.strerror}", CANNOT_EXECUTE)


def _known() -> dict[str, str]:
    """Return the variable of each option: those of upstream's launcher. Only who uses one pays for finding them."""
    from otel_distro.upstream import launcher_options

    return launcher_options()


def _tell(flag: str) -> int:
    from otel_distro import __version__

    print(f"otel-distro {__version__}" if flag == "--version" else HELP)  # noqa: T201  what was asked for
    return 0


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201  nothing else stands yet
    return status
