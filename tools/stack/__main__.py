# SPDX-License-Identifier: Apache-2.0
"""Run the chat example with everything around it: `python -m stack` until Ctrl-C, or `--once` to look and stop."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from stack.everything import Everything
from stack.queries import ready_queries
from stack.traffic import send

TRAFFIC_SECONDS: Final = 5.0


def main(*, once: bool) -> None:
    """Start all, send some requests, print the addresses and three queries that have an answer, and stay."""
    with tempfile.TemporaryDirectory(prefix="otel-distro-stack-") as folder, ExitStack() as stack:
        everything = Everything(Path(folder), stack, lambda step: print(f"  {step} …", flush=True))
        print("  sending requests …", flush=True)
        trace_id = send(everything.chat_url)
        queries = ready_queries(everything, trace_id)
        print("\n".join(["", *everything.addresses(), "", *(query.text() for query in queries)]), flush=True)
        while not once:
            time.sleep(TRAFFIC_SECONDS)
            send(everything.chat_url)


if __name__ == "__main__":
    try:
        main(once="--once" in sys.argv[1:])
    except KeyboardInterrupt:
        print("\nstopped")
