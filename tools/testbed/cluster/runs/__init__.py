# SPDX-License-Identifier: Apache-2.0
"""What `make cluster` runs: each run returns what it counted, or raises."""
