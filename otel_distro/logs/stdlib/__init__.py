# SPDX-License-Identifier: Apache-2.0
"""The standard library's logging: its records become events, its handlers get what they would get without us."""
