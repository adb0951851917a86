# SPDX-License-Identifier: Apache-2.0
"""The command line: what is set, whether it is right, and whether log lines keep the contract."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from otel_distro import __version__
from otel_distro.launch.run import run as launch
from otel_distro.lifecycle.preflight import notes_on, problems_of
from otel_distro.settings.environ import read, variable_names
from otel_distro.settings.listing import lines, records, rows
from otel_distro.view.command import add as add_view

PROGRAM = "otel-distro"
ENDED_BY_SIGPIPE = 141  # as shells report it
EXAMPLES = """\
examples:
  otel-distro run uvicorn app:app --workers 4      as opentelemetry-instrument, for less CPU
  OTEL_TRACES_EXPORTER=none otel-distro run …      no collector yet: metrics at localhost:9464, lines on stdout
  otel-distro run --view uvicorn app:app           the same, and a page that shows its requests, lines and metrics
  otel-distro env                                  what is set, and what it does; --all for every variable
  otel-distro check && echo fine                   before a rollout: all that is wrong with the environment
  otel-distro doctor                               why nothing arrives, and what to do; -- COMMAND tries that
  myservice | otel-distro logs check               do its lines keep the contract?
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 1 when something is wrong."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = None  # nothing is left to be flushed at the end of the process
        return ENDED_BY_SIGPIPE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="OpenTelemetry for Python services by environment variables.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.set_defaults(run=lambda _options: _help(parser))
    commands = parser.add_subparsers(metavar="command")
    run = commands.add_parser("run", help="run a command with telemetry, as opentelemetry-instrument does, but sooner")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="COMMAND...")
    run.set_defaults(run=lambda options: launch(options.arguments))
    env = commands.add_parser("env", help="print every variable that is set and has an effect, and what it does")
    env.add_argument("--all", action="store_true", help="those that have their defaults, too")
    env.add_argument("--json", action="store_true", help="all of them, as JSON")
    env.set_defaults(run=_env)
    check = commands.add_parser("check", help="validate the environment; exit 1 with all problems")
    check.set_defaults(run=_check)
    _add_logs(commands)
    _add_doctor(commands)
    add_view(commands)
    commands.add_parser("help", help="print this").set_defaults(run=lambda _options: _help(parser))
    return parser


def _add_doctor(commands: Any) -> None:
    from otel_distro.doctor import arguments as doctor

    examine = commands.add_parser(
        "doctor", help="why nothing arrives: send, scrape, read back; exit 1 with what is wrong"
    )
    doctor.of_doctor(examine)
    listed = commands.add_parser(
        "instrumentations", help="which libraries are here, who instruments them, what is missing"
    )
    doctor.of_instrumentations(listed)


def _add_logs(commands: Any) -> None:
    parser = commands.add_parser("logs", help="work with log lines")
    parser.set_defaults(run=lambda _options: _help(parser))
    check = parser.add_subparsers(metavar="command").add_parser(
        "check", help="validate JSON log lines of any service against the contract; exit 1 with all deviations"
    )
    check.add_argument("file", nargs="?", default="-", help="a file, or - for standard input")
    check.set_defaults(run=_logs_check)


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _env(options: argparse.Namespace) -> int:
    reading = read()
    listed = list(rows(reading, variable_names()))
    if options.json:
        print(json.dumps({"variables": records(listed), "problems": list(reading.complaints)}, indent=1))
        return 0
    for line in lines(listed, everything=options.all):
        print(line)
    if reading.complaints:
        count = len(reading.complaints)
        print(f"{count} {'problem' if count == 1 else 'problems'}: {PROGRAM} check")
    return 0


def _check(_options: argparse.Namespace) -> int:
    reading = read()
    problems = problems_of(reading)
    for line in (*problems, *(f"note: {note}" for note in notes_on(reading))):
        print(line, file=sys.stderr)
    summary = f"{len(problems)} problem{'s' * (len(problems) != 1)}" if problems else "no problems"
    print(f"{PROGRAM} check: {summary}", file=sys.stderr if problems else sys.stdout)
    return 1 if problems else 0


def _logs_check(options: argparse.Namespace) -> int:
    from otel_distro.logs.contract import check

    deviations, read_lines = 0, 0

    def counted(source: BinaryIO) -> Iterator[bytes]:
        nonlocal read_lines
        for line in source:
            read_lines += 1
            yield line

    with _opened(options.file) as source:
        for deviation in check(counted(source)):
            deviations += 1
            print(deviation)
    print(f"{PROGRAM} logs check: {_verdict(deviations, read_lines)}", file=sys.stderr)
    return 1 if deviations or not read_lines else 0


def _verdict(deviations: int, read_lines: int) -> str:
    if not read_lines:
        return "0 lines, so nothing was checked"
    of = "1 line" if read_lines == 1 else f"{read_lines} lines"
    if not deviations:
        return f"{of}: every line keeps the contract"
    return f"{deviations} {'deviation' if deviations == 1 else 'deviations'} in {of}"


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        sys.exit(f"{PROGRAM}: {name}: {error.strerror}")
