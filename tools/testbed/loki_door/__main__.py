# SPDX-License-Identifier: Apache-2.0
"""Serve Loki's door: `python -m testbed.loki_door --port 3100 --config collector/loki/local.yaml [--store URL]`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from testbed.loki_door import grammar
from testbed.loki_door.configuration import Limits
from testbed.loki_door.records import Labelled
from testbed.loki_door.server import Door


def main() -> int:
    parser = argparse.ArgumentParser(prog="loki_door")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3100)
    parser.add_argument("--config", type=Path, help="a configuration file of Loki's")
    parser.add_argument("--store", default="", help="base URL of a VictoriaLogs that gets what is accepted")
    arguments = parser.parse_args()
    limits = Limits.read(arguments.config.read_text()) if arguments.config else Limits()
    if limits.unknown:
        print(f"loki_door: {arguments.config}: unknown keys {', '.join(limits.unknown)}", file=sys.stderr)
        return 1
    door = Door((arguments.host, arguments.port), limits, handing_to(arguments.store) if arguments.store else None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        door.serve_forever(0.05)
    finally:
        grammar.close()
    return 0


def handing_to(store: str) -> Callable[[list[Labelled]], None]:
    """Return what pushes entries on, in Loki's JSON form, which the store understands too."""

    def hand_on(accepted: list[Labelled]) -> None:
        streams = [
            {"stream": dict(labels), "values": [[str(entry.time), entry.line, entry.metadata]]}
            for labels, entry in accepted
        ]
        url = f"{store}/insert/loki/api/v1/push"
        body = json.dumps({"streams": streams}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    return hand_on


if __name__ == "__main__":
    sys.exit(main())
