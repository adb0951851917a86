# SPDX-License-Identifier: Apache-2.0
"""Our middleware and our httpx path in place of contrib's."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from conformance.counts import count, uses


def patch_asgi(module: ModuleType) -> None:
    """Make `OpenTelemetryMiddleware(...)`, with contrib's arguments, build what our FastAPI instrumentor installs."""
    from otel_distro.http.server import fastapi as ours

    contrib = module.OpenTelemetryMiddleware

    def build(app: Any, excluded_urls: Any = None, **options: Any) -> Any:
        if isinstance(excluded_urls, str):
            excluded_urls = module.parse_excluded_urls(excluded_urls)
        if options.get("exclude_spans") is None:
            options["exclude_spans"] = []  # spans of single messages are upstream's default, and not ours
        options["default_span_details"] = options.get("default_span_details") or module.get_default_span_details
        # contrib's own constructor knows how it finds its tracer and meter.
        reference = contrib(app, **{name: options.pop(name, None) for name in _PROVIDERS})
        return ours.middleware(
            reference.app, tracer=reference.tracer, meter=reference.meter, excluded_urls=excluded_urls, **options
        )

    module.OpenTelemetryMiddleware = build
    _count_requests(ours)


_PROVIDERS = ("tracer_provider", "meter_provider", "tracer", "meter")


def patch_fastapi(module: ModuleType) -> None:
    """Make contrib's instrumentor ours, for applications instrumented by hand as well."""
    from otel_distro.http.server import fastapi as ours

    module.OpenTelemetryMiddleware = ours.middleware
    module.FastAPIInstrumentor = ours.FastApiInstrumentor
    _count_requests(ours)


def patch_httpx(module: ModuleType) -> None:
    """Make contrib's httpx instrumentors ours."""
    from otel_distro.http.client import httpx as ours

    module.HTTPXClientInstrumentor = ours.HttpxInstrumentor
    module.HTTPX2ClientInstrumentor = ours.Httpx2Instrumentor
    count(ours, "begin", "client calls")
    finish = ours.finish

    def finish_connected(call: Any, response: Any, error: BaseException | None) -> None:
        if response is not None:
            response.extensions.setdefault("network_stream", _Connection(call))
        finish(call, response, error)

    ours.finish = finish_connected


class _Connection:
    """What respx's answers lack: a connection, at whose other end is the host that the call asked for."""

    def __init__(self, call: Any) -> None:
        attributes = call._attributes  # noqa: SLF001 - of our own call
        self._peer = attributes["server.address"], attributes["server.port"]

    def get_extra_info(self, _name: str) -> tuple[str, int]:
        uses["peers"] += 1
        return self._peer


def _count_requests(ours: ModuleType) -> None:
    """Count requests, served without correlation headers, as upstream's tests compare all headers, and with body sizes."""
    from otel_distro.http import installation
    from otel_distro.settings.model import HttpSettings

    installation.use(installation.Installation(HttpSettings(correlation_headers=(), body_sizes=True), None))
    serve = ours.OpenTelemetryMiddleware.__call__

    async def counted(self: Any, *args: Any) -> None:
        uses["requests served"] += 1
        await serve(self, *args)

    if serve.__name__ != "counted":
        ours.OpenTelemetryMiddleware.__call__ = counted
