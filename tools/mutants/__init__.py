# SPDX-License-Identifier: Apache-2.0
"""Faults put into the package on purpose, to see whether a test notices: `python -m mutants`."""
