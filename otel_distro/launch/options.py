# SPDX-License-Identifier: Apache-2.0
"""The launchers' own options, which stand before the command: `--service_name shop` is `OTEL_SERVICE_NAME=shop`."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # `otel-distro run` starts with this module, too
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UPSTREAM_LAUNCHER = "opentelemetry-instrument"
FLAGS = ("-h", "--help", "--version")


def command_at(arguments: Sequence[str]) -> int:
    """Return where the command begins, or the `--` before it; each option has one value, behind a blank or `=`."""
    place = 0
    while place < len(arguments) and arguments[place].startswith("-") and arguments[place] not in {"--", *FLAGS}:
        place += 1 if "=" in arguments[place] else 2
    return min(place, len(arguments))


def variables_of(options: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return what options say, by the names of variables.

    Args:
        options: What stands before the command.
        known: Option -> variable.

    Raises:
        ValueError: One is unknown, or has no value.
    """
    found: dict[str, str] = {}
    rest = list(options)
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        if option.removeprefix("--") not in known:
            raise ValueError(f"{option}: no such option")
        if not equals and not rest:
            raise ValueError(f"{option}: expected a value")
        found[known[option.removeprefix("--")]] = value if equals else rest.pop(0)
    return found


def let_the_command_keep_its_options(arguments: list[str]) -> None:
    """Put a `--` before the command of upstream's launcher, which would search the command's options for its own.

    argparse takes `gunicorn --config f` for an abbreviation of several of the launcher's options, and ends with status 2.
    """
    place = 1 + command_at(arguments[1:])
    own_program = os.path.basename(arguments[0]) == UPSTREAM_LAUNCHER if arguments else False  # noqa: PTH119 - see run.py
    if own_program and place < len(arguments) and arguments[place] not in {"--", *FLAGS}:
        arguments.insert(place, "--")


def is_safe(command: Sequence[str]) -> bool:
    """Whether a command is a Python that shall not find modules in the working directory (`-P`)."""
    if not os.path.basename(command[0]).startswith("python"):  # noqa: PTH119 - as above
        return False
    for argument in command[1:]:
        if not argument.startswith("-") or argument.startswith("--") or argument[1:2] in {"c", "m"}:
            return False
        if "P" in argument:
            return True
    return False
