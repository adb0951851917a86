# SPDX-License-Identifier: Apache-2.0
"""Serve all requests under one instrumentation and print what was observed, as JSON: `observe.py contrib|ours`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

sys.path.insert(0, str(Path(__file__).parent))
from shop import build
from traffic import cases, serve


def instrument(kind: str, **providers: Any) -> None:
    """Install contrib's instrumentation, or ours, for every application that is built from now on."""
    if kind == "contrib":
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor().instrument(exclude_spans=["receive", "send"], **providers)
    else:
        from otel_distro.http import installation
        from otel_distro.http.server.fastapi import FastApiInstrumentor
        from otel_distro.settings.model import HttpSettings
        from otel_distro.tracing import adopt

        installation.use(installation.Installation(HttpSettings(body_sizes=True)))
        adopt(providers["tracer_provider"], None)
        FastApiInstrumentor().instrument(**providers)


def observed(span: ReadableSpan) -> dict[str, Any]:
    """Return all of a span that does not change from run to run."""
    context = span.context
    remote = span.parent is not None and span.parent.is_remote
    return {
        "name": span.name,
        "kind": span.kind.name,
        "attributes": dict(span.attributes),
        "status": [span.status.status_code.name, span.status.description],
        "events": [[event.name, event.attributes.get("exception.type")] for event in span.events],
        "links": len(span.links),
        "parent": f"{span.parent.span_id:x}" if remote else bool(span.parent),
        "trace": f"{context.trace_id:032x}" if remote else None,
        "flags": int(context.trace_flags) & 1,
        "state": context.trace_state.to_header(),
        "scope": [span.instrumentation_scope.name, span.instrumentation_scope.schema_url],
    }


async def serve_all(exporter: InMemorySpanExporter) -> dict[str, Any]:
    """Serve every request; return what left the application and the spans, by request."""
    app, found = build(), {}
    for case in cases():
        raised = await serve(app, case)
        found[case.name] = {"raised": raised, "spans": [observed(span) for span in exporter.get_finished_spans()]}
        exporter.clear()
    return found


def points(reader: InMemoryMetricReader) -> list[Any]:
    """Return every point of every metric: name, unit, attributes, the count or the value, the sum."""
    data = reader.get_metrics_data()
    return [
        [metric.name, metric.unit, dict(point.attributes)]
        + [getattr(point, field, None) for field in ("count", "value", "sum")]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]


def main(kind: str) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrument(kind, tracer_provider=tracer_provider, meter_provider=MeterProvider([reader], shutdown_on_exit=False))
    requests = asyncio.run(serve_all(exporter))
    json.dump({"requests": requests, "points": points(reader)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
