# SPDX-License-Identifier: Apache-2.0
"""The life of a process: what starts in which order, how everything is flushed and closed at its end."""
