# SPDX-License-Identifier: Apache-2.0
"""The command line, as ``otel-distro`` and as ``python -m otel_distro``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command and return its exit status; `run` before anything is imported that it does not need."""
    if sys.argv[1:2] == ["run"]:
        from otel_distro.launch.run import run

        return run(sys.argv[2:])
    from otel_distro import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
