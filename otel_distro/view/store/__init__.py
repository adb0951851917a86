# SPDX-License-Identifier: Apache-2.0
"""Keep what was received in SQLite, within a size and a day."""
