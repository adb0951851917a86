# SPDX-License-Identifier: Apache-2.0
"""`otel-distro view`: serve in the foreground, or ask the viewer that runs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from otel_distro.launch.viewer import PORT, Viewer, missing_packages, refusal, running
from otel_distro.settings.environ import snapshot
from otel_distro.view.text import describe

MISUSE: Final = 2
_POLL_SECONDS: Final = 0.25
_QUESTIONS: Final = {
    "requests": "routes with rate, errors and latencies; of one route its requests",
    "trace": "one trace as a tree with its lines: an id, or --last",
    "logs": "lines: --q TEXT, --level, --service, --trace ID",
    "findings": "what is not as it should be",
    "link": "an address that opens the page once",
}


def add(commands: Any) -> None:
    """Add the command to a parser's subcommands."""
    parser = commands.add_parser("view", help="see requests, lines and metrics in a page of this machine")
    parser.add_argument("question", nargs="?", choices=[*_QUESTIONS], metavar="QUESTION", help=_help())
    parser.add_argument("id", nargs="?", default="", help="of a trace; of a route, its name")
    parser.add_argument("--json", action="store_true", help="JSON, one object a line")
    parser.add_argument("--last", action="store_true", help="the newest")
    parser.add_argument("--follow", action="store_true", help="also what comes from now on, until Ctrl-C")
    for name, what in (("q", "TEXT"), ("level", "LEVEL"), ("service", "NAME"), ("trace", "ID"), ("limit", "N")):
        parser.add_argument(f"--{name}", default="", metavar=what)
    parser.add_argument("--port", type=int, default=PORT, help="of the page (default: %(default)s)")
    parser.add_argument("--scrape", action="append", default=[], metavar="HOST:PORT", help="read /metrics there")
    parser.add_argument("--open", action="append", default=[], type=Path, metavar="FILE", help="show OTLP's JSON")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep everything in this database")
    parser.add_argument("--anyway", action="store_true", help="also in Kubernetes and in production")
    parser.set_defaults(run=run)


def _help() -> str:
    return "; ".join(f"{name}: {what}" for name, what in _QUESTIONS.items())


def run(options: argparse.Namespace) -> int:
    """Do what is asked, and return the exit status."""
    if options.question is None:
        return _serve(options)
    viewer = running()
    if viewer is None:
        return _say("no viewer runs: start one with `otel-distro run --view COMMAND`, or `otel-distro view`")
    try:
        for item in _items(viewer, options):
            print(json.dumps(item) if options.json else describe(options.question, item), flush=options.follow)
    except (OSError, ValueError) as error:
        return _say(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(options: argparse.Namespace) -> int:
    reason = refusal(snapshot())
    if reason and (missing_packages(reason) or not options.anyway):
        return _say(reason)
    from otel_distro.view.serve import Options, serve

    chosen = Options(
        options.port,
        usual_ports=True,
        database=options.keep,
        scrape=tuple(options.scrape),
        files=tuple(options.open),
        announce=_announce,
    )
    try:
        return serve(chosen)
    except (OSError, ValueError) as error:
        return _say(str(error))


def _announce(link: str, also: list[str]) -> None:
    for line in (f"view  {link}", *(f"      {name}" for name in also)):
        print(line, flush=True)


def _items(viewer: Viewer, options: argparse.Namespace) -> Iterator[Any]:
    """Yield what the question's answer consists of."""
    if options.question == "link":
        yield viewer.call("POST", "/api/link")["link"]
    elif options.question == "trace":
        yield _ask(viewer, "trace", {"id": "" if options.last else options.id})
    elif options.question == "findings":
        yield from _ask(viewer, "findings", {})
    elif options.question == "logs":
        yield from _lines(viewer, options)
    else:
        yield from _requests(viewer, options)


def _requests(viewer: Viewer, options: argparse.Namespace) -> Iterator[Any]:
    if not (options.id or options.last or options.follow):
        yield from _ask(viewer, "routes", {"service": options.service})
        return
    wanted = {
        "route": options.id,
        "service": options.service,
        "order": "new",
        "limit": options.limit or "1" * options.last,
    }
    newest = 0.0
    while True:
        found = _ask(viewer, "requests", {**wanted, "after": str(newest)} if newest else wanted)
        for item in reversed(found):
            if item["start_ms"] > newest:
                newest = item["start_ms"]
                yield item
        if not options.follow:
            return
        time.sleep(_POLL_SECONDS)


def _lines(viewer: Viewer, options: argparse.Namespace) -> Iterator[Any]:
    wanted = {"q": options.q, "level": options.level, "service": options.service, "trace_id": options.trace}
    limit, last = options.limit or ("1" if options.last else ""), 0
    while True:
        for item in _ask(viewer, "logs", {**wanted, "limit": limit, "after": str(last) if last else ""}):
            last = max(last, item["seq"])
            yield item
        if not options.follow:
            return
        limit = "10000"
        time.sleep(_POLL_SECONDS)


def _ask(viewer: Viewer, question: str, parameters: dict[str, str]) -> Any:
    given = {name: text for name, text in parameters.items() if text}
    return viewer.call("GET", f"/api/{question}?{urlencode(given, quote_via=quote)}")


def _say(text: str) -> int:
    print(f"otel-distro view: {text}", file=sys.stderr)
    return MISUSE
