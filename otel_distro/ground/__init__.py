# SPDX-License-Identifier: Apache-2.0
"""What every room may stand on: it knows no other room."""
