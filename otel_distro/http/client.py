# SPDX-License-Identifier: Apache-2.0
"""One outgoing httpx call: span, duration, headers; what sync and async transports share."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span

from otel_distro import diagnostics
from otel_distro.http.attributes import DEFAULT_PORTS, KNOWN_METHODS, masked_url, method_label, span_name
from otel_distro.http.client_telemetry import ClientTelemetry
from otel_distro.http.correlation import TRACE_ID_HEADER
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.propagation import inject
from otel_distro.http.spans import complete, in_context, keep_trace_id_hex
from otel_distro.upstream.context import attach_context, current_context, detach_context
from otel_distro.upstream.http import http_suppressed, with_headers

Request = Any  # httpx is the application's, and may be absent or httpx2
Response = Any

_ERROR = Status(StatusCode.ERROR)


class ClientCall:
    """A call that is being made; `finish` runs exactly once, whatever ends it."""

    __slots__ = ("_attached", "_attributes", "_host", "_ids", "_method", "_port", "_started", "_telemetry", "span")

    def __init__(self, request: Request, telemetry: ClientTelemetry) -> None:
        self._telemetry = telemetry
        original, url = request.method, request.url
        self._method = method = original if original in KNOWN_METHODS else method_label(original)
        self._host, self._port = url.host, url.port or DEFAULT_PORTS.get(url.scheme)
        self._attributes = attributes = self._known(original, url)
        context = current_context()
        parent = get_current_span(context).get_span_context() if context else None
        name = span_name(method, None)
        self.span = span = telemetry.start(name, context, parent, SpanKind.CLIENT, attributes)
        self._ids = span.get_span_context()
        context = in_context(span, context)
        self._send_ids(request, context)
        self._attached = attach_context(context)
        self._started = perf_counter()

    def _known(self, original: str, url: Any) -> dict[str, Any]:
        path, _, query = url.raw_path.decode("ascii").partition("?")
        attributes: dict[str, Any] = {
            "http.request.method": self._method,
            "url.full": masked_url(url.scheme, self._host, url.port, path, query),
            "server.address": self._host,
        }
        if self._port is not None:
            attributes["server.port"] = self._port
        if self._method != original:
            attributes["http.request.method_original"] = original[:128]
        return attributes

    def _send_ids(self, request: Request, context: Context) -> None:
        """Put trace context and correlation ids on the request; a host that is not on the list gets no ids of ours."""
        policy = self._telemetry.policy
        ours: dict[str, str] = {}
        inject(ours, context, self._ids)
        trace_id = keep_trace_id_hex(self.span, self._ids) if self._ids.is_valid else None
        ids = policy.outgoing(trace_id, current_ids.get())
        allowed = policy.all_hosts or policy.allows(self._host)
        headers = with_headers(request.headers, ours, ids) if allowed else None
        request.headers = headers or _merged(request.headers.copy(), ours, ids, allowed=allowed)

    def succeed(self, response: Response) -> None:
        """Record the answer of the server."""
        status = response.status_code
        version = response.extensions.get("http_version", b"").decode("ascii", "ignore").removeprefix("HTTP/") or None
        more: dict[str, Any] = {"http.response.status_code": status}
        if version is not None:
            more["network.protocol.version"] = version
        error = None
        if status >= 400:
            error = more["error.type"] = str(status)
            self.span.set_status(_ERROR)
        self._end(version, status, error, more)

    def fail(self, error: BaseException) -> None:
        """Record a call that raised; unlike upstream it has a duration, too."""
        kind = type(error).__qualname__
        if self.span.is_recording():
            if isinstance(error, Exception):  # a cancelled call is not an error of the operation
                self.span.record_exception(error)
            self.span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        self._end(None, None, kind, {"error.type": kind})

    def _end(self, version: str | None, status: int | None, error: str | None, more: dict[str, Any]) -> None:
        elapsed = perf_counter() - self._started
        detach_context(self._attached)
        outcome = self._method, self._host, self._port, version, status, error
        self._telemetry.series(outcome).record(elapsed, self._ids if self._ids.trace_flags & 1 else None)
        complete(self.span, self._attributes, more)
        self.span.end()


def _merged(headers: Any, ours: dict[str, str], ids: list[tuple[str, str]], *, allowed: bool) -> Any:
    """Return headers that may already have some of ours: httpx copies those of a request that was redirected."""
    if headers.get(TRACE_ID_HEADER, "-") == headers.get("traceparent", "")[3:35]:
        del headers[TRACE_ID_HEADER]  # the trace id of the leg before
    headers.update(ours)
    for name, value in ids:
        if allowed:
            headers.setdefault(name, value)
        elif headers.get(name) == value:
            del headers[name]
    return headers


def begin(request: Request, telemetry: ClientTelemetry) -> ClientCall | None:
    """Start observing a call; None if telemetry is suppressed, or a fault of ours prevents it."""
    context = current_context()
    if context and http_suppressed(context):
        return None
    try:
        return ClientCall(request, telemetry)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", error)
        return None


def finish(call: ClientCall, response: Response | None, error: BaseException | None) -> None:
    """Record how a call ended and leave its context."""
    try:
        if error is None:
            call.succeed(response)
        else:
            call.fail(error)
    except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", fault)
