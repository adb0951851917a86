# SPDX-License-Identifier: Apache-2.0
"""Run the demo: `python -m demo`, or `python -m demo --keep` to leave it running until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from functools import partial

import httpx

from demo.keep import follow
from demo.report import run
from demo.stack import any_ports, usual_ports
from demo.terminal import Terminal


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description="Two services under the launcher, and what they report.")
    parser.add_argument("--keep", action="store_true", help="use the usual ports and run until Ctrl-C")
    parser.add_argument(
        "--requests", type=int, default=240, metavar="N", help="how many to send (default: %(default)s)"
    )
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE", help="a variable for both services")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` stops it as cleanly as Ctrl-C
    terminal = Terminal()
    environment = dict(pair.split("=", 1) for pair in arguments.env)
    ports, keep = (usual_ports(), partial(follow, terminal)) if arguments.keep else (any_ports(), None)
    try:
        passed = run(terminal, ports, arguments.requests, environment, keep)
    except KeyboardInterrupt:
        return 130
    except (httpx.HTTPError, OSError, RuntimeError, TimeoutError, ValueError) as error:
        terminal.line()
        terminal.check(False, f"{type(error).__name__}: {error}")
        return 1
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
