# SPDX-License-Identifier: Apache-2.0
"""Whatever a client sends: the application answers as without us, no fault is counted, and no value becomes a label."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # as the distribution sets it at the start

from fastapi import FastAPI
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_distro import diagnostics, http, tracing
from otel_distro.http.correlation import CorrelationPropagator, Policy, harmless, ids_in
from otel_distro.http.propagation import parse_traceparent
from otel_distro.http.server.fastapi import FastApiInstrumentor
from otel_distro.settings.model import HttpSettings
from soak.application import Scope, application, scope, serve

KNOWN = (b"traceparent", b"tracestate", b"baggage", b"host", b"user-agent", b"forwarded", b"content-length")
CORRELATED = (b"x-trace-id", b"x-request-id", b"x-correlation-id")
PREFIXES = ("", "/nested", "/mounted", "/plain/{tenant}")
# A mounted application that knows no route for a path is itself the route, as contrib has it.
MOUNTS = ("/mounted/{path}", "/plain/{path}", "/plain/{tenant}/{path}")
ROUTES = {None, *[f"{prefix}/items/{{item_id}}" for prefix in PREFIXES], *MOUNTS, "/fail"}
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "_OTHER"}
STATUSES = {200, 307, 404, 405, 500}

_hex = st.text("0123456789abcdefABCDEFg", max_size=33)
_exact = [st.text("0123456789abcdef", min_size=size, max_size=size) for size in (2, 32, 16, 2)]
_sound = st.tuples(*_exact).map("-".join)
_shaped = st.lists(st.one_of(_hex, *_exact), max_size=6).map("-".join)
_spoiled = st.tuples(_sound, st.integers(0, 54), st.characters(max_codepoint=255)).map(
    lambda found: found[0][: found[1]] + found[2] + found[0][found[1] + 1 :]
)
_padded = st.tuples(st.sampled_from(["", " ", "\t "]), _sound, st.sampled_from(["", " ", "-more", "-"])).map("".join)
# What HTTP lets through: h11 and httptools refuse NUL, CR and LF in a header.
traceparents = st.one_of(_sound, _shaped, _spoiled, _padded).map(lambda text: re.sub("[\0\r\n]", "?", text))
header_values = st.one_of(
    traceparents.map(lambda text: text.encode("latin-1")),
    st.binary(max_size=200),
    st.integers(1, 65_536).map(lambda size: b"x" * size),
    st.from_regex(rb"[A-Za-z0-9._:/+=-]{1,130}", fullmatch=True),
    st.from_regex(rb"-?[0-9]{1,30}", fullmatch=True),
    st.from_regex(rb"[a-z0-9@*_/-]{1,20}=[ -~]{0,30}(,[a-z]{1,5}=[a-z0-9]{1,9}){0,40}", fullmatch=True),
)
header_names = st.one_of(
    st.sampled_from([*KNOWN, *CORRELATED]), st.from_regex(rb"[!#$%&'*+.^_`|~0-9a-z-]{1,30}", fullmatch=True)
)
headers = st.lists(st.tuples(header_names, header_values), max_size=12)
paths = st.one_of(
    st.text(max_size=60).map(lambda text: f"/{text}"),
    st.tuples(st.sampled_from(PREFIXES), st.text(max_size=30), st.text(max_size=30)).map(
        lambda found: f"{found[0].replace('{tenant}', found[1])}/items/{found[2]}"
    ),
    st.just("/fail"),
)
scopes = st.builds(
    scope,
    st.one_of(
        st.sampled_from(["GET", "POST", "get"]), st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}", fullmatch=True)
    ),
    paths,
    headers,
    st.binary(max_size=100),
)


class Telemetry(NamedTuple):
    """The application, bare and observed, and what observes it."""

    bare: FastAPI
    observed: FastAPI
    reader: InMemoryMetricReader
    ended: list[Any]


class Ended:
    """Takes every span that ends, encoded, as an exporter does."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def submit(self, _resource: Any, _scope: Any, record: bytes) -> bool:
        self.records.append(record)
        return True

    def force_flush(self, _timeout_seconds: float) -> bool:
        return True

    shutdown = force_flush


@cache
def telemetry() -> Telemetry:
    """Return the application with and without our middleware."""
    bare, reader, provider, ended = application(), InMemoryMetricReader(), TracerProvider(ALWAYS_ON), Ended()
    tracing.adopt(provider, ended)  # type: ignore[arg-type]  # all of an exporter that is needed here
    http.install(HttpSettings(body_sizes=True), None)
    FastApiInstrumentor().instrument(tracer_provider=provider, meter_provider=MeterProvider([reader]))
    return Telemetry(bare, application(), reader, ended.records)


def check_request(request: Scope) -> None:
    """One request to the bare application and to the observed one."""
    found = telemetry()
    found.ended.clear()
    expected, answer = _answer(found.bare, request), _answer(found.observed, request)
    assert _without_ours(answer) == expected
    assert len(found.ended) == 1, found.ended
    assert not diagnostics.faults(), diagnostics.faults()
    assert all(harmless(value.decode("latin-1")) for name, value in _headers(answer) if name in CORRELATED)
    _check_labels(found.reader)


def _answer(app: FastAPI, request: Scope) -> list[Any]:
    """Return the messages of the response, and the exception if there is one."""
    try:
        return list(asyncio.run(serve(app, {**request, "state": {}})))
    except Exception as error:  # noqa: BLE001 - the application's own; the other application must raise the same
        return [repr(error)]


def _headers(messages: list[Any]) -> list[tuple[bytes, bytes]]:
    return [pair for message in messages if isinstance(message, dict) for pair in message.get("headers", ())]


def _without_ours(messages: list[Any]) -> list[Any]:
    return [
        {**message, "headers": [pair for pair in message["headers"] if pair[0] not in CORRELATED]}
        if isinstance(message, dict) and "headers" in message
        else message
        for message in messages
    ]


def _check_labels(reader: InMemoryMetricReader) -> None:
    """Every value of every label is one of a short list, so there are never more series than their product."""
    data = reader.get_metrics_data()
    metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
    points: list[dict[str, Any]] = [
        dict(point.attributes or {}) for metric in metrics for point in metric.data.data_points
    ]
    assert points
    for attributes in points:
        assert attributes.get("http.request.method") in METHODS, attributes
        assert attributes.get("http.route") in ROUTES, attributes
        assert attributes.get("url.scheme") == "http", attributes
        assert attributes.get("http.response.status_code") in {None, *STATUSES}, attributes
        assert attributes.get("network.protocol.version") in {None, "1.1"}, attributes
        assert attributes.get("error.type") in {None, "500", "RuntimeError"}, attributes


def check_traceparent(value: str) -> None:
    """Our parser accepts and refuses what upstream's does, and reads the same of it."""
    theirs = TraceContextTextMapPropagator().extract({"traceparent": value})
    expected = trace.get_current_span(theirs).get_span_context()
    ours = parse_traceparent(value.encode("latin-1"))
    assert (ours or trace.INVALID_SPAN_CONTEXT) == expected, (ours, expected)


def check_correlation(carrier: list[tuple[bytes, bytes]]) -> None:
    """What comes out of the propagator is harmless, and goes in again as it is."""
    propagator = CorrelationPropagator(Policy(HttpSettings()))
    context = propagator.extract({name.decode("latin-1"): value.decode("latin-1") for name, value in carrier})
    ids = ids_in(context) or {}
    assert set(ids) <= {"request_id", "correlation_id"}
    assert all(map(harmless, ids.values()))
    sent: dict[str, str] = {}
    propagator.inject(sent, context)
    assert (ids_in(propagator.extract(sent)) or {}) == ids


CHECKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "requests as without us": (scopes, check_request),
    "traceparent as upstream's": (traceparents, check_traceparent),
    "correlation headers": (headers, check_correlation),
}
