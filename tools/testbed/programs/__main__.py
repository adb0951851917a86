# SPDX-License-Identifier: Apache-2.0
"""Build the named programs, or all of them, and print their paths: `python -m testbed.programs [NAME…]`."""

import sys

from testbed.programs.build import program
from testbed.programs.catalog import PROGRAMS


def main(names: list[str]) -> int:
    """Print one path a line; return 1 at the first program that cannot be had."""
    for name in names or PROGRAMS:
        try:
            print(program(name), flush=True)
        except (LookupError, RuntimeError) as error:
            print(f"programs: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
