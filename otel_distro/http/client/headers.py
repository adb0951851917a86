# SPDX-License-Identifier: Apache-2.0
"""Trace context and correlation ids on the headers of an outgoing httpx call, written in one pass."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext

from otel_distro.ground.request_ids import current as current_ids
from otel_distro.http.correlation import TRACE_ID_HEADER, Policy
from otel_distro.http.propagation import inject
from otel_distro.http.spans import keep_hex_ids
from otel_distro.upstream.http import with_headers

_OTHERS = ("baggage", "tracestate")


def send_ids(  # noqa: PLR0913 - facts of the call, which are at hand where it begins
    request: Any, span: Span, span_context: SpanContext, context: Context, policy: Policy, *, allowed: bool
) -> None:
    """Put trace context and correlation ids on a request; a host that is not on the list gets `traceparent` alone."""
    ours: dict[str, str] = {}
    inject(ours, context, span_context)
    others: dict[str, str] = {}
    if not allowed:  # what others have sent along with the request that is served
        others = {name: ours.pop(name) for name in _OTHERS if name in ours}
    trace_id = keep_hex_ids(span, span_context) if span_context.is_valid else None
    ids = policy.outgoing(trace_id, current_ids.get())
    headers = with_headers(request.headers, ours, ids) if allowed else None
    request.headers = headers or _merged(request.headers.copy(), ours, [*ids, *others.items()], allowed=allowed)


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
