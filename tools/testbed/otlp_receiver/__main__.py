# SPDX-License-Identifier: Apache-2.0
"""Print what a service exports: `python -m testbed.otlp_receiver --port 4318`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from testbed.otlp_receiver import OtlpReceiver
from testbed.otlp_receiver.text import describe


def main() -> int:
    parser = argparse.ArgumentParser(prog="otlp_receiver", description="Receive OTLP and print it, a line per record.")
    parser.add_argument("--port", type=int, default=4318, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--protocol", choices=["http/protobuf", "grpc"], default="http/protobuf")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        receiver = OtlpReceiver(
            arguments.port,
            protocol=arguments.protocol,
            on_record=lambda record: print(describe(record), flush=True),
        )
    except OSError as error:
        print(f"otlp_receiver: port {arguments.port}: {error}", file=sys.stderr)
        return 1
    with receiver:
        print(f"listening on {receiver.endpoint} ({arguments.protocol})", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
