# SPDX-License-Identifier: Apache-2.0
"""Real applications from the index, run bare and under the launcher, and compared."""
