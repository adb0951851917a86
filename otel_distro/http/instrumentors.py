# SPDX-License-Identifier: Apache-2.0
"""contrib's instrumentors with our middleware and client path inside; their options and hooks stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def replace(name: str) -> Callable[[], Any] | None:
    """Return the factory of our instrumentor for an entry point of contrib; None for those that stay upstream's.

    Args:
        name: The entry point's name, such as `fastapi`.
    """
    return {"fastapi": _fastapi, "httpx": _httpx, "httpx2": _httpx2}.get(name)


def observe(name: str, options: dict[str, Any]) -> Callable[[], None] | None:
    """Observe a library that has been imported, perhaps anew; return the undo of the first time, else None.

    Args:
        name: Of contrib's entry point.
        options: Of contrib's `instrument`.
    """
    factory = replace(name)
    if factory is None:
        return None
    instrumentor = factory()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.follow_class()
        return None
    instrumentor.instrument(**options)
    return instrumentor.leave  # type: ignore[no-any-return]  # of our own


def _fastapi() -> Any:
    from otel_distro.http.server.fastapi import FastApiInstrumentor

    return FastApiInstrumentor()


def _httpx() -> Any:
    from otel_distro.http.client.httpx import HttpxInstrumentor

    return HttpxInstrumentor()


def _httpx2() -> Any:
    from otel_distro.http.client.httpx import Httpx2Instrumentor

    return Httpx2Instrumentor()
