# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry for Python services, set up by environment variables.

Importing this package changes nothing. The launcher (``opentelemetry-instrument``) or `start` do.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes longer to import than everything that a launched helper process needs
if TYPE_CHECKING:
    from otel_distro.runtime import Runtime

__all__ = ["__version__", "start"]

__version__ = "0.1.0"


def start() -> Runtime:
    """Set everything up from the environment, as the launcher does, and return the handle with ``close()``.

    Calling it twice, or under the launcher, returns the runtime that already stands.
    """
    from otel_distro.runtime import start as start_runtime

    return start_runtime()
