# SPDX-License-Identifier: Apache-2.0
"""Secrets are replaced before anything is encoded: by the name of a field, and by what a text looks like."""
