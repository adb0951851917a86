# SPDX-License-Identifier: Apache-2.0
"""The process that `otel-distro run --view` starts: `python -I -m otel_distro.view`."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    """Serve until the last service has ended and no page is open."""
    parser = argparse.ArgumentParser(prog="otel_distro.view")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--detach", action="store_true", help="go on in a process that is nobody's child")
    options = parser.parse_args()
    if options.detach and os.fork():
        return 0
    from otel_distro.view.serve import Options, serve  # no more than what is needed stands when it forks

    return serve(Options(port=options.port, ends_itself=True))


if __name__ == "__main__":
    sys.exit(main())
