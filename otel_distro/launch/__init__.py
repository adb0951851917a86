# SPDX-License-Identifier: Apache-2.0
"""From the command line to the application's first line: `otel-distro run`, and what both launchers share."""
