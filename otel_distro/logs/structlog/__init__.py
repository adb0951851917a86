# SPDX-License-Identifier: Apache-2.0
"""structlog: the events of loggers that nobody configured, and lines of renderers that the application chose."""
