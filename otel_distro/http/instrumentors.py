# SPDX-License-Identifier: Apache-2.0
"""contrib's instrumentors with our middleware and client path inside; their options and hooks stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from otel_distro.http.correlation import Policy
from otel_distro.variables import HttpSettings

if TYPE_CHECKING:
    from otel_distro.http.server import AccessEvent


class Installation:
    """What `otel_distro.http.install` was given: every middleware and client path made later uses it."""

    def __init__(
        self, settings: HttpSettings, access: AccessEvent | None = None, started: AccessEvent | None = None
    ) -> None:
        self.settings = settings
        self.policy = Policy(settings)
        self.access = access
        self.started = started


_installed = Installation(HttpSettings())


def use(installation: Installation) -> None:
    """Set what the instrumentors of this process build on."""
    global _installed  # noqa: PLW0603 - instrumentors are singletons of the process, and so are their settings
    _installed = installation


def installation() -> Installation:
    """Return what the instrumentors of this process build on."""
    return _installed


def replace(name: str, entry_point: object) -> Callable[[], Any] | None:  # noqa: ARG001 - see below
    """Return the factory of our instrumentor for an entry point of contrib; None for those that stay upstream's.

    Args:
        name: The entry point's name, such as `fastapi`.
        entry_point: The entry point itself, for rooms that need its distribution.
    """
    return {"fastapi": _fastapi, "httpx": _httpx, "httpx2": _httpx2}.get(name)


def _fastapi() -> Any:
    from otel_distro.http.fastapi import FastApiInstrumentor

    return FastApiInstrumentor()


def _httpx() -> Any:
    from otel_distro.http.httpx import HttpxInstrumentor

    return HttpxInstrumentor()


def _httpx2() -> Any:
    from otel_distro.http.httpx import Httpx2Instrumentor

    return Httpx2Instrumentor()
