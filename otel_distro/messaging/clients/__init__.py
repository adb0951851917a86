# SPDX-License-Identifier: Apache-2.0
"""The clients, each wrapped when the application imports it."""
