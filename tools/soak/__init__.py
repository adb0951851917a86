# SPDX-License-Identifier: Apache-2.0
"""What takes longer than a test may: memory over a million requests, and fuzzing; figures are in docs/soak.md."""
