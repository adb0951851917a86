# SPDX-License-Identifier: Apache-2.0
"""The command line: what is set, whether it is right, and whether log lines keep the contract."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from otel_distro import __version__
from otel_distro.checks import problems_of
from otel_distro.launch.run import run as launch
from otel_distro.reading import Value, shown
from otel_distro.settings import read

if TYPE_CHECKING:
    from otel_distro.variables import Variable

PROGRAM = "otel-distro"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 1 when something is wrong."""
    options = _parser().parse_args(arguments)
    status: int = options.run(options)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="OpenTelemetry for Python services by environment variables."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="run a command with telemetry, as opentelemetry-instrument does, but sooner")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="COMMAND...")
    run.set_defaults(run=lambda options: launch(options.arguments))
    env = commands.add_parser("env", help="print every variable that has an effect, its value, default and source")
    env.set_defaults(run=_env)
    check = commands.add_parser("check", help="validate the environment; exit 1 with all problems")
    check.set_defaults(run=_check)
    _add_logs(commands)
    return parser


def _add_logs(commands: Any) -> None:
    logs = commands.add_parser("logs", help="work with log lines").add_subparsers(required=True, metavar="command")
    check = logs.add_parser("check", help="validate JSON log lines of any service against the contract")
    check.add_argument("file", nargs="?", default="-", help="a file, or - for standard input")
    check.set_defaults(run=_logs_check)


def _env(_options: argparse.Namespace) -> int:
    rows = [("VARIABLE", "VALUE", "DEFAULT", "FROM")]
    rows += [
        (value.variable.name, _shown(value), _default(value), value.source or "default") for value in read().values
    ]
    _print_table(rows)
    return 0


def _check(_options: argparse.Namespace) -> int:
    problems = problems_of(read())
    for problem in problems:
        print(problem, file=sys.stderr)
    summary = f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "no problems"
    print(f"{PROGRAM} check: {summary}", file=sys.stderr if problems else sys.stdout)
    return 1 if problems else 0


def _logs_check(options: argparse.Namespace) -> int:
    from otel_distro.logs.contract import check

    found = 0
    with _opened(options.file) as lines:
        for found, deviation in enumerate(check(lines), 1):  # noqa: B007  the last number is the count
            print(deviation)
    print(
        f"{PROGRAM} logs check: " + (f"{found} deviations" if found else "every line keeps the contract"),
        file=sys.stderr,
    )
    return 1 if found else 0


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        sys.exit(f"{PROGRAM}: {name}: {error.strerror}")


def _shown(value: Value) -> str:
    text = as_text(value.value)
    return shown(value.variable, text) if value.value else text


def _default(value: Value) -> str:
    return default_text(value.variable, value.default)


def default_text(variable: Variable, default: Any) -> str:
    """Return a variable's default as the tables show it."""
    return variable.default_text or as_text(default)


def as_text(value: Any) -> str:
    """Return a value as one would write it into the environment; a dash for none."""
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{key}={content}" for key, content in value.items())
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        print("  ".join(cells).rstrip())
