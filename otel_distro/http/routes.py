# SPDX-License-Identifier: Apache-2.0
"""The route template of a request, as the router itself found it.

FastAPI's router reports the template it selected, prefixes and mounts included, to an object in the scope
(`fastapi.telemetry`). That is right where `scope["route"].path` is not, and it costs nothing, where matching all
routes again costs 12 us for 5 of them and 221 us for 105.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from otel_distro.upstream import http as upstream_http

Scope = MutableMapping[str, Any]

SCOPE_KEY = "fastapi.telemetry"


class NoReport:
    """Stands in where the router does not report (FastAPI before 0.142): the route stays what the caller sets."""

    __slots__ = ("route",)

    exceptions: tuple[BaseException, ...] = ()

    def __init__(self, _prefix: str) -> None:
        self.route: str | None = None


def _reporting(base: type) -> type:
    class RouteReport(base):  # type: ignore[misc]  # FastAPI checks with isinstance, so its class is the base
        """What FastAPI's router reports to; without a tracer and a span it writes the route and nothing else."""

        span = None
        span_method = ""
        tracer = None
        logger = None
        data = None
        status_code = None

        def __init__(self, prefix: str) -> None:
            self.route = None
            self._mount_prefix = prefix
            # FastAPI appends what the application did not handle, before an error handler makes a response of it.
            self._exceptions: list[BaseException] = []
            self.exceptions = self._exceptions

    return RouteReport


def report_class() -> Callable[[str], Any] | None:
    """Return the class of which one instance per request goes into the scope; None if FastAPI is too old for it."""
    base = upstream_http.fastapi_request_telemetry()
    return None if base is None else _reporting(base)
