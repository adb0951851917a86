# SPDX-License-Identifier: Apache-2.0
"""What every middleware and client path of this process builds on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_distro.http.correlation import Policy
from otel_distro.settings.model import HttpSettings

AccessEvent = Callable[..., Any]
"""Takes what is known of a request, by keyword, and writes the access event."""


class Installation:
    """What `otel_distro.http.install` was given: every middleware and client path made later uses it."""

    def __init__(
        self,
        settings: HttpSettings,
        access: AccessEvent | None = None,
        started: AccessEvent | None = None,
        serving: Callable[[], object] | None = None,
    ) -> None:
        self.settings = settings
        self.policy = Policy(settings)
        self.access = access
        self.started = started
        self.serving = serving


_installed = Installation(HttpSettings())


def use(installation: Installation) -> None:
    """Set what the instrumentors of this process build on."""
    global _installed  # noqa: PLW0603 - instrumentors are singletons of the process, and so are their settings
    _installed = installation


def installation() -> Installation:
    """Return what the instrumentors of this process build on."""
    return _installed
