# SPDX-License-Identifier: Apache-2.0
"""The settings: each field declared once with its variable, read once, handed on frozen. Imports nothing: `otel-distro run` starts here."""
