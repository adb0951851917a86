# SPDX-License-Identifier: Apache-2.0
"""Trace context and correlation ids on the headers of an outgoing httpx call, written in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from otel_distro.http.correlation import TRACE_ID_HEADER, Policy
from otel_distro.http.correlation import current as current_ids
from otel_distro.http.propagation import inject
from otel_distro.http.spans import keep_hex_ids
from otel_distro.upstream.http import with_headers

if TYPE_CHECKING:
    from otel_distro.http.client import ClientCall


def send_ids(request: Any, call: ClientCall, context: Context, policy: Policy, *, allowed: bool) -> None:
    """Put trace context and correlation ids on a request; a host that is not on the list gets no ids of ours."""
    ours: dict[str, str] = {}
    inject(ours, context, call.ids)
    trace_id = keep_hex_ids(call.span, call.ids) if call.ids.is_valid else None
    ids = policy.outgoing(trace_id, current_ids.get())
    headers = with_headers(request.headers, ours, ids) if allowed else None
    request.headers = headers or _merged(request.headers.copy(), ours, ids, allowed=allowed)


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
