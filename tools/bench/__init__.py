# SPDX-License-Identifier: Apache-2.0
"""What it costs, beside what else there is: `python -m bench` in `tools/` writes docs/benchmarks.md; each part runs alone, too."""
