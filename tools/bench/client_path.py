# SPDX-License-Identifier: Apache-2.0
"""What observing an httpx call costs: a transport in process, bare, ours and contrib's, interleaved.

Prints CPU microseconds per call (medians over rounds) and what each variant adds to bare.
"""

from __future__ import annotations

import argparse
import statistics
from time import process_time

import asgi_path
import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_distro import http, tracing
from otel_distro.http.httpx import HttpxInstrumentor
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.variables import HttpSettings

URL = "http://api.example.com/items/7"


def bare() -> httpx.Client:
    """Return a client whose transport answers at once."""
    return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))


def contrib() -> httpx.Client:
    """Return the client under upstream's instrumentor, with upstream's provider and encoder."""
    provider, client = TracerProvider(), bare()
    provider.add_span_processor(BatchSpanProcessor(asgi_path.EncodingExporter()))
    meters = MeterProvider([InMemoryMetricReader()])
    HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider, meter_provider=meters)
    return client


def ours() -> httpx.Client:
    """Return the client under our instrumentor, with our spans and encoder."""
    provider, client = TracerProvider(), bare()
    tracing.adopt(provider, asgi_path.Sink())  # type: ignore[arg-type]  # all of an exporter that is needed here
    http.install(HttpSettings())
    meters = MeterProvider([PrometheusReader()])
    HttpxInstrumentor.instrument_client(client, tracer_provider=provider, meter_provider=meters)
    return client


def measure(rounds: int, count: int) -> dict[str, float]:
    """Return the median CPU microseconds per call of each variant."""
    clients = {"bare": bare(), "contrib": contrib(), "ours": ours()}
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            before = process_time()
            for _ in range(count):
                client.get(URL)
            times[name].append((process_time() - before) / count * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    medians = measure(options.rounds, options.count)
    added = {name: value - medians["bare"] for name, value in medians.items()}
    for name, value in medians.items():
        print(f"{name:10} {value:7.1f} us  +{added[name]:6.1f}")
    print(f"ours / contrib: {added['ours'] / added['contrib']:.2f}")


if __name__ == "__main__":
    main()
