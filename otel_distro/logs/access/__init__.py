# SPDX-License-Identifier: Apache-2.0
"""The access event: one line per request, and the servers' own access lines that it replaces."""
