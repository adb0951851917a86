# SPDX-License-Identifier: Apache-2.0
"""Run the command line as ``python -m otel_distro``."""

import sys

from otel_distro.cli import main

if __name__ == "__main__":
    sys.exit(main())
