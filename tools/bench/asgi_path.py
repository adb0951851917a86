# SPDX-License-Identifier: Apache-2.0
"""What observing a request costs, without a server: ASGI calls in one process, bare, ours and contrib's, interleaved.

Prints CPU microseconds per request (medians over rounds) and what each variant adds to bare. Absolute values move from
machine to machine; the ratios within one run are what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from collections.abc import Callable
from time import process_time
from typing import Any, cast

os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")

import fastapi
import structlog
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased

HEADERS = [
    (b"host", b"api.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
]
TRACEPARENT = (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


class EncodingExporter(SpanExporter):
    """Encodes as upstream's OTLP exporter does and drops the bytes."""

    def export(self, spans: Any) -> SpanExportResult:
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Do nothing."""


class Sink:
    """Takes the records that our exporter would queue."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, *_record: Any) -> bool:
        """Count a record."""
        self.submitted += 1
        return True

    def force_flush(self, _timeout_seconds: float) -> bool:
        """Say that nothing is left."""
        return True

    shutdown = force_flush


def application(routes: int) -> fastapi.FastAPI:
    """Return an application with a path parameter behind `routes` others."""
    app = fastapi.FastAPI()
    for number in range(routes):
        app.get(f"/other{number}/{{number}}")(_other)

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"id": item_id}

    return app


async def _other(number: int) -> dict[str, int]:
    return {"id": number}


def contrib(routes: int) -> fastapi.FastAPI:
    """Return the application under upstream's instrumentor, with upstream's provider and encoder."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(EncodingExporter()))
    app = application(routes)
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=provider, meter_provider=MeterProvider([InMemoryMetricReader()])
    )
    app.middleware_stack = app.build_middleware_stack()
    return app


def ours(routes: int, *, sampled: bool = True, access: Callable[..., Any] | None = None) -> fastapi.FastAPI:
    """Return the application under our instrumentor, with our spans and encoder."""
    from otel_distro import http, tracing
    from otel_distro.http import instrumentors
    from otel_distro.metrics.reader import PrometheusReader
    from otel_distro.settings.model import HttpSettings

    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON if sampled else ALWAYS_OFF))
    tracing.adopt(provider, cast("Any", Sink()))
    undo = http.install(HttpSettings(), access)
    factory = instrumentors.replace("fastapi")
    assert factory is not None
    original = fastapi.FastAPI
    instrumentor = factory()
    instrumentor.instrument(tracer_provider=provider, meter_provider=MeterProvider([PrometheusReader()]))
    app = application(routes)
    app.middleware_stack = app.build_middleware_stack()
    type(instrumentor)._instance = None  # noqa: SLF001 - one more application of another kind follows
    fastapi.FastAPI = original  # type: ignore[misc]  # put back
    from opentelemetry.instrumentation import asgi
    from opentelemetry.instrumentation import fastapi as contrib_fastapi

    contrib_fastapi.OpenTelemetryMiddleware = asgi.OpenTelemetryMiddleware  # type: ignore[attr-defined]  # put back
    undo()
    return app


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Any) -> None:
    pass


def scope(headers: list[tuple[bytes, bytes]], number: int) -> dict[str, Any]:
    """Return the scope of a request as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000 + number % 20000),
        "scheme": "http",
        "root_path": "",
        "method": "GET",
        "path": f"/items/{number}",
        "raw_path": b"/items/1",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }


async def requests(app: Any, count: int, headers: list[tuple[bytes, bytes]]) -> None:
    """Serve `count` requests one after the other, each in a task of its own as servers do."""
    for number in range(count):
        await asyncio.create_task(app(scope(headers, number), _receive, _send))


def rounds_of(
    apps: dict[str, Any], rounds: int, count: int, headers: list[tuple[bytes, bytes]]
) -> dict[str, list[float]]:
    """Return the CPU microseconds per request of each application in each round."""
    times: dict[str, list[float]] = {name: [] for name in apps}
    loop = asyncio.new_event_loop()
    for _ in range(rounds):
        for name, app in apps.items():
            before = process_time()
            loop.run_until_complete(requests(app, count, headers))
            times[name].append((process_time() - before) / count * 1e6)
    loop.close()
    return times


def routes(number: int) -> dict[str, list[float]]:
    """Measure an application with so many routes before the one that is asked for."""
    apps = {"bare": application(number), "contrib": contrib(number), "ours": ours(number)}
    return rounds_of(apps, 60, 40, HEADERS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--routes", type=int, default=0)
    parser.add_argument("--traceparent", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    headers = [*HEADERS, TRACEPARENT] if options.traceparent else HEADERS
    structlog.reset_defaults()
    apps = {
        "bare": application(options.routes),
        "contrib": contrib(options.routes),
        "ours": ours(options.routes),
        "ours, unsampled": ours(options.routes, sampled=False),
    }
    if options.profile:
        import cProfile

        with cProfile.Profile() as profile:
            asyncio.run(requests(apps["ours"], 5000, headers))
        profile.dump_stats("/dev/stdout") if not sys.stdout.isatty() else profile.print_stats("tottime")
        return
    times = rounds_of(apps, options.rounds, options.count, headers)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        added = value - medians["bare"]
        share = (
            f"  {added / (medians['contrib'] - medians['bare']):.3f} of contrib's" if name.startswith("ours") else ""
        )
        print(f"{name:18} {value:7.1f} us  +{added:6.1f}{share}")


if __name__ == "__main__":
    main()
