# SPDX-License-Identifier: Apache-2.0
"""What one span costs, ours and the SDK's, interleaved in one process: `python -m bench.spans [seconds]`.

"span" is start, 11 attributes, end, with nothing behind; "exported" adds what turns it into bytes for the collector:
upstream's encoder over batches of 512, ours at each end. Times are CPU microseconds, the median of the rounds.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import perf_counter, process_time

from opentelemetry import context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AnyValue

from otel_distro.http.spans import starter
from otel_distro.tracing import adopt

ATTRIBUTES: dict[str, AnyValue] = {
    "http.request.method": "GET",
    "url.scheme": "http",
    "url.path": "/items/17",
    "http.route": "/items/{item_id}",
    "http.response.status_code": 200,
    "network.protocol.version": "1.1",
    "server.address": "127.0.0.1",
    "server.port": 8000,
    "client.address": "10.1.2.3",
    "client.port": 51234,
    "user_agent.original": "wrk/4.1.0",
}
SPANS_A_ROUND = 2048


class EncodeBatches(SpanProcessor):
    """Upstream's way to the collector without its thread and its network."""

    def __init__(self) -> None:
        self._batch: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._batch.append(span)
        if len(self._batch) == 512:
            encode_spans(self._batch).SerializeToString()
            self._batch.clear()


class Discard:
    """Our exporter's entrance without its thread and its network."""

    def submit(self, _resource: object, _scope: object, record: bytes) -> bool:
        return bool(record)


def ordinary(provider: TracerProvider) -> Callable[[], None]:
    tracer = provider.get_tracer("bench")

    def one() -> None:
        span = tracer.start_span("GET /items/{item_id}", kind=SpanKind.SERVER, attributes=ATTRIBUTES)
        span.end()

    return one


def current(provider: TracerProvider) -> Callable[[], None]:
    tracer = provider.get_tracer("bench")

    def one() -> None:
        with tracer.start_as_current_span("work") as span:
            span.set_attribute("item.id", 17)

    return one


def trusted(provider: TracerProvider) -> Callable[[], None]:
    start_span = starter(provider.get_tracer("bench"))
    here = context.get_current()

    def one() -> None:
        name = "GET /items/{item_id}"
        span = start_span(name, here, None, SpanKind.SERVER, dict(ATTRIBUTES))
        span.end()

    return one


def sdk(*processors: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def ours(exporter: object | None = None) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    adopt(provider, exporter)  # type: ignore[arg-type]  # the bench discards what an exporter would queue
    return provider


def measure(variants: dict[str, Callable[[], None]], seconds: float) -> dict[str, float]:
    """Run all variants in turn until the time is over; return the median microseconds of each."""
    rounds: dict[str, list[float]] = {name: [] for name in variants}
    end = perf_counter() + seconds
    while perf_counter() < end:
        for name, one in variants.items():
            start = process_time()
            for _ in range(SPANS_A_ROUND):
                one()
            rounds[name].append((process_time() - start) / SPANS_A_ROUND * 1e6)
    return {name: statistics.median(times) for name, times in rounds.items()}


def main(seconds: float) -> None:
    costs = measure(
        {
            "SDK span": ordinary(sdk()),
            "our span": ordinary(ours()),
            "our trusted span": trusted(ours()),
            "SDK exported": ordinary(sdk(EncodeBatches())),
            "our exported": ordinary(ours(Discard())),
            "our trusted exported": trusted(ours(Discard())),
            "SDK current": current(sdk()),
            "our current": current(ours()),
        },
        seconds,
    )
    print(f"{'variant':24} {'us':>7} {'ratio':>7}")
    for name, cost in costs.items():
        base = costs[f"SDK {name.rsplit(' ', 1)[1]}"]
        print(f"{name:24} {cost:7.2f} {cost / base:7.2f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
