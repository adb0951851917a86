# SPDX-License-Identifier: Apache-2.0
"""Run the chat example with everything around it: `python -m stack` until Ctrl-C, or `--once` to look and stop."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from demo.traffic import calls, message, send, send_one

from stack.everything import Everything
from stack.queries import ready_queries

REQUESTS: Final = 48  # the first so many hold every kind of failure
PAUSE_SECONDS: Final = 5.0


def main(*, once: bool) -> None:
    """Start all, send some requests, print the addresses and three queries that have an answer, and stay."""
    with tempfile.TemporaryDirectory(prefix="otel-distro-stack-") as folder, ExitStack() as stack:
        everything = Everything(Path(folder), stack, lambda step: print(f"  {step} …", flush=True))
        print("  sending requests …", flush=True)
        send(everything.chat_url, calls(REQUESTS), lambda _: None)
        shown = send_one(everything.chat_url, message("lobby", "hello", "ada"))
        queries = ready_queries(everything, shown.trace_id, REQUESTS)
        print("\n".join(["", *everything.addresses(), "", *(query.text() for query in queries)]), flush=True)
        while not once:
            time.sleep(PAUSE_SECONDS)
            send(everything.chat_url, calls(REQUESTS), lambda _: None)


if __name__ == "__main__":
    try:
        main(once="--once" in sys.argv[1:])
    except KeyboardInterrupt:
        print("\nstopped")
