# SPDX-License-Identifier: Apache-2.0
"""What the viewer serves on loopback, and to whom."""
