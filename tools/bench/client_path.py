# SPDX-License-Identifier: Apache-2.0
"""What observing an httpx call costs: bare, ours and contrib's, interleaved.

Three ways: a transport that answers in process, and real connections to a server in another process with httpx's one
and other client. Prints CPU microseconds of this process per call (medians over rounds), what each variant adds to
bare in the same round, and the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # as the launcher sets it

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from bench.exporters import EncodingExporter, Sink
from bench.variants import TOOLS
from otel_distro import http, tracing
from otel_distro.http.client.httpx import HttpxInstrumentor
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.settings.model import HttpSettings

URL = "http://api.example.com/items/7"
IN_PROCESS, SYNC, ASYNC = "in process", "loopback, sync", "loopback, async"

Client = httpx.Client | httpx.AsyncClient


def bare(client: Client) -> Client:
    """Return the client as it is."""
    return client


def contrib(client: Client) -> Client:
    """Return the client under upstream's instrumentor, with upstream's provider and encoder."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(EncodingExporter()))
    meters = MeterProvider([InMemoryMetricReader()])
    HTTPXClientInstrumentor.instrument_client(client, tracer_provider=provider, meter_provider=meters)
    return client


def ours(client: Client) -> Client:
    """Return the client under our instrumentor, with our spans and encoder."""
    provider = TracerProvider()
    tracing.adopt(provider, Sink())  # type: ignore[arg-type]  # all of an exporter that is needed here
    http.install(HttpSettings())
    meters = MeterProvider([PrometheusReader()])
    HttpxInstrumentor.instrument_client(client, tracer_provider=provider, meter_provider=meters)
    return client


VARIANTS = {"bare": bare, "contrib": contrib, "ours": ours}


def answering() -> httpx.Client:
    """Return a client whose transport answers at once."""
    return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))


@contextmanager
def callers(way: str) -> Iterator[dict[str, Callable[[int], None]]]:
    """Yield, for each variant, what makes so many calls."""
    if way == IN_PROCESS:
        yield {name: _sync(instrumented(answering()), URL) for name, instrumented in VARIANTS.items()}
        return
    with served() as url:
        if way == SYNC:
            yield {name: _sync(instrumented(httpx.Client()), url) for name, instrumented in VARIANTS.items()}
            return
        loop = asyncio.new_event_loop()
        yield {name: _async(instrumented(httpx.AsyncClient()), url, loop) for name, instrumented in VARIANTS.items()}
        loop.close()


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own and yield a URL of it."""
    command = [sys.executable, "-m", "bench.answering"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOOLS) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/items/7"
        server.kill()


def _sync(client: Any, url: str) -> Callable[[int], None]:
    def call(count: int) -> None:
        for _ in range(count):
            client.get(url)

    return call


def _async(client: Any, url: str, loop: asyncio.AbstractEventLoop) -> Callable[[int], None]:
    async def calls(count: int) -> None:
        for _ in range(count):
            await client.get(url)

    return lambda count: loop.run_until_complete(calls(count))


def rounds_of(rounds: int, count: int, way: str) -> dict[str, list[float]]:
    """Return the CPU microseconds per call of each variant in each round."""
    times: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with callers(way) as variants:
        for _ in range(rounds):
            for name, call in variants.items():
                before = process_time()
                call(count)
                times[name].append((process_time() - before) / count * 1e6)
    return times


def measure(rounds: int, count: int, way: str = IN_PROCESS) -> dict[str, float]:
    """Return the median CPU microseconds per call of each variant."""
    return {name: statistics.median(values) for name, values in rounds_of(rounds, count, way).items()}


def added(times: dict[str, list[float]], name: str) -> float:
    """Return the median of what a variant added to bare in the same round: neighbours in time share the noise."""
    return statistics.median([theirs - alone for theirs, alone in zip(times[name], times["bare"], strict=True)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("ways", nargs="*", default=[IN_PROCESS, SYNC, ASYNC])
    options = parser.parse_args()
    for way in options.ways:
        times = rounds_of(options.rounds, options.count, way)
        print(way)
        for name, values in times.items():
            print(f"  {name:10} {statistics.median(values):7.1f} us  +{added(times, name):6.1f}")
        print(f"  ours / contrib: {added(times, 'ours') / added(times, 'contrib'):.3f}", flush=True)


if __name__ == "__main__":
    main()
