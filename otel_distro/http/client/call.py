# SPDX-License-Identifier: Apache-2.0
"""One outgoing httpx call: span, duration, headers; what sync and async transports share.

Few functions, each used by every call: what a call costs is the number of different functions on its path.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from otel_distro import diagnostics
from otel_distro.ground.exceptions import description_of, is_failure, kind_of
from otel_distro.http.attributes import masked_query, text
from otel_distro.http.client.headers import send_ids
from otel_distro.http.client.peer import peer_of
from otel_distro.http.client.telemetry import ClientTelemetry
from otel_distro.http.spans import complete, unrecorded
from otel_distro.upstream.context import SPAN_KEY, attach_context, current_context, detach_context
from otel_distro.upstream.http import SUPPRESSING, http_suppressed

Request = Any  # httpx is the application's, and may be absent or httpx2
Response = Any

_ERROR = Status(StatusCode.ERROR)
_CLIENT = SpanKind.CLIENT
_ORDINARY_PATH = 512


class ClientCall:
    """A call that is being made; `finish` runs exactly once, whatever ends it."""

    __slots__ = ("_attached", "_attributes", "_started", "_target", "ids", "span")

    def __init__(self, request: Request, telemetry: ClientTelemetry, context: Context) -> None:
        url = request.url
        scheme, _, host, port, path, query, _ = telemetry.url_parts(url)
        key = request.method, scheme, host, port
        self._target = target = telemetry.targets.get(key) or telemetry.target(key, url)
        self._attributes = attributes = target.attributes.copy()
        attributes["url.full"] = full = target.origin + (path or "/")
        if query is not None or len(path) > _ORDINARY_PATH:
            attributes["url.full"] = text(f"{full}?{masked_query(query)}" if query else full)
        parent: Any = context.get(SPAN_KEY)
        if parent is not None:
            parent = parent.get_span_context()
        try:
            span = telemetry.start(target.name, context, parent, _CLIENT, attributes)
        except Exception as error:  # noqa: BLE001 - samplers and processors are the application's
            diagnostics.fault("http.client", error)
            span = unrecorded(parent)
        self.span, self.ids = span, span.get_span_context()
        context = Context({**context, SPAN_KEY: span})
        try:
            send_ids(request, span, self.ids, context, telemetry.policy, allowed=target.gets_ids)
        except Exception as error:  # noqa: BLE001 - so are propagators: the call goes out without ids
            diagnostics.fault("http.client", error)
        self._attached = attach_context(context)
        self._started = perf_counter()

    def succeed(self, response: Response) -> None:
        """Record the answer of the server."""
        elapsed = perf_counter() - self._started
        target, ids, span = self._target, self.ids, self.span
        try:
            extensions = response.extensions
            key = response.status_code, extensions.get("http_version")
            outcome = target.outcomes.get(key) or target.answered(key)
            outcome.series.record(elapsed, ids if ids.trace_flags & 1 else None)
            stream = extensions.get("network_stream")  # only a transport with a network has one
            ended = outcome.attributes if stream is None else {**outcome.attributes, **peer_of(stream)}
            complete(span, self._attributes, ended)
            if outcome.failed:
                span.set_status(_ERROR)
        finally:
            span.end()

    def fail(self, error: BaseException) -> None:
        """Record a call that raised; unlike upstream it has a duration, too. One that was cancelled has not failed."""
        elapsed = perf_counter() - self._started
        span, ids, failed = self.span, self.ids, is_failure(error)
        try:
            outcome = self._target.raised(kind_of(error) if failed else None)
            outcome.series.record(elapsed, ids if ids.trace_flags & 1 else None)
            complete(span, self._attributes, outcome.attributes)
            if failed and span.is_recording():
                span.set_status(Status(StatusCode.ERROR, description_of(error)))
                span.record_exception(error)
        finally:
            span.end()

    def leave(self) -> None:
        """Leave the context of the call, unless it is ended in another one than it was made in."""
        try:
            detach_context(self._attached)
        except (ValueError, RuntimeError):
            return


def begin(request: Request, telemetry: ClientTelemetry) -> ClientCall | None:
    """Start observing a call; None if telemetry is suppressed, or a fault of ours prevents it."""
    context = current_context()
    if not SUPPRESSING.isdisjoint(context) and http_suppressed(context):
        return None
    try:
        return ClientCall(request, telemetry, context)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", error)
        return None


def finish(call: ClientCall, response: Response | None, error: BaseException | None) -> None:
    """Record how a call ended and leave its context."""
    call.leave()
    try:
        if error is None:
            call.succeed(response)
        else:
            call.fail(error)
    except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.client", fault)
