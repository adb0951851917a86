# SPDX-License-Identifier: Apache-2.0
"""Whatever is called and answered with httpx: the caller gets what it gets without us, and each leg is one span."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # as the distribution sets it at the start

import httpx
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from otel_distro import diagnostics, http, tracing
from otel_distro.http.client.httpx import HttpxInstrumentor
from otel_distro.settings.model import HttpSettings
from soak.fuzz_headers import Ended, headers

_hosts = st.one_of(
    st.sampled_from(["api.example.com", "127.0.0.1", "[::1]", "xn--bcher-kva.example", "bücher.example"]),
    st.from_regex(r"[a-zA-Z0-9_.~-]{1,300}", fullmatch=True),
    st.text(min_size=1, max_size=30),
)
_tails = st.one_of(st.text(max_size=60), st.integers(0, 3000).map(lambda size: "/" + "é?" * size))
urls = st.tuples(
    st.sampled_from(["http://", "https://", "ws://", "http://user:secret@", "http://", ""]),
    _hosts,
    st.sampled_from(["", "", ":8080", ":0", ":65536"]),
    _tails,
).map("".join)
methods = st.one_of(st.sampled_from(["GET", "POST", "get"]), st.text(max_size=40))


class Call(NamedTuple):
    """A call, and what the transport does with its legs."""

    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    status: int
    location: str | None
    version: Any
    error: Exception | None


calls = st.builds(
    Call,
    methods,
    urls,
    headers,
    st.one_of(st.sampled_from([200, 301, 302, 307, 404]), st.integers(-1, 9999)),
    st.none() | urls,
    st.sampled_from([None, b"HTTP/1.1", b"HTTP/2", b"", b"\xff\xfe"]),
    st.none() | st.sampled_from([httpx.ReadTimeout("late"), httpx.ConnectError("\ud800"), RuntimeError(), OSError(5)]),
)


class Telemetry(NamedTuple):
    """A client, bare and observed, what observes it, and how many legs its calls had."""

    bare: httpx.Client
    observed: httpx.Client
    ended: list[bytes]
    legs: list[str]


class Answering(httpx.BaseTransport):
    """Answers as the example says: every leg alike, so that a redirect may never end."""

    def __init__(self, legs: list[str]) -> None:
        self.legs = legs

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.legs.append(request.method)
        call: Call = request.extensions["call"]
        if call.error is not None:
            raise call.error
        location = [] if call.location is None else [(b"location", call.location.encode("utf-8", "replace"))]
        extensions = {} if call.version is None else {"http_version": call.version}
        return httpx.Response(call.status, headers=location, text="ok", extensions=extensions)


@cache
def telemetry() -> Telemetry:
    """Return a client with and without our transport's wrapper."""
    legs: list[str] = []
    provider, ended = TracerProvider(ALWAYS_ON), Ended()
    tracing.adopt(provider, ended)  # type: ignore[arg-type]  # all of an exporter that is needed here
    http.install(HttpSettings(), None)
    bare, observed = (
        httpx.Client(transport=Answering(each), follow_redirects=True, max_redirects=3) for each in ([], legs)
    )
    meters = MeterProvider([InMemoryMetricReader()])
    HttpxInstrumentor.instrument_client(observed, tracer_provider=provider, meter_provider=meters)
    return Telemetry(bare, observed, ended.records, legs)


def check_call(call: Call) -> None:
    """One call with the bare client and with the observed one."""
    found = telemetry()
    found.ended.clear()
    found.legs.clear()
    expected, answer = _answer(found.bare, call), _answer(found.observed, call)
    assert answer == expected
    assert len(found.ended) == len(found.legs), (found.ended, found.legs)
    assert not diagnostics.faults(), diagnostics.faults()


def _answer(client: httpx.Client, call: Call) -> Any:
    """Return what the caller gets: the answer, or the exception."""
    client.cookies.clear()
    try:
        answer = client.request(call.method, call.url, headers=call.headers, extensions={"call": call})
    except Exception as error:  # noqa: BLE001 - httpx's own, or the example's; the other client must raise the same
        return repr(error)
    return answer.status_code, answer.content, list(answer.headers.raw), str(answer.url), len(answer.history)


CHECKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {"calls as without us": (calls, check_call)}
