# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry for Python services, set up by environment variables.

Importing this package changes nothing. The launcher (``opentelemetry-instrument``) or `start` do.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes longer to import than everything that a launched helper process needs
if TYPE_CHECKING:
    from otel_distro.lifecycle.runtime import Runtime

__all__ = ["__version__", "start"]

__version__ = "0.1.0"


def start() -> Runtime:
    """Set everything up from the environment, as the launcher does, and return the handle.

    Libraries are observed whether they are imported before or afterwards. Calling it twice, or under the launcher, returns
    the runtime that already stands. ``with start():`` closes at the end of the block, as ``close()`` does; after that it
    may be started again.
    """
    from otel_distro.launch.from_code import start as start_from_code

    return start_from_code()
