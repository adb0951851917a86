# SPDX-License-Identifier: Apache-2.0
"""A FastAPI application under our instrumentor, with real SDK providers that keep what they are told."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation._semconv import _OpenTelemetrySemanticConventionStability as Stability
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_distro import diagnostics, http, tracing
from otel_distro.http import instrumentors
from otel_distro.settings.model import HttpSettings


class Observed:
    """What was observed since the fixture began."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter_provider = MeterProvider([self.reader])
        self.events: list[dict[str, Any]] = []
        tracing.adopt(self.tracer_provider, None)

    @property
    def providers(self) -> dict[str, Any]:
        """The keyword arguments of contrib's `instrument`."""
        return {"tracer_provider": self.tracer_provider, "meter_provider": self.meter_provider}

    def spans(self) -> list[ReadableSpan]:
        """Return the ended spans."""
        return list(self.exporter.get_finished_spans())

    def span(self) -> ReadableSpan:
        """Return the only ended span."""
        (span,) = self.spans()
        return span

    def points(self, name: str) -> list[Any]:
        """Return the data points of a metric; none if it was not recorded."""
        data = self.reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]

    def counts(self, *keys: str) -> dict[tuple[Any, ...], int]:
        """Return the number of server requests by some of their attributes."""
        found: dict[tuple[Any, ...], int] = {}
        for point in self.points("http.server.request.duration"):
            key = tuple(point.attributes.get(name) for name in keys)
            found[key] = found.get(key, 0) + point.count
        return found

    def in_flight(self) -> int:
        """Return the number of requests that are being served."""
        return sum(point.value for point in self.points("http.server.active_requests"))

    def emit(self, **fields: Any) -> None:
        """Take an access event."""
        self.events.append(fields)


@pytest.fixture
def settings() -> HttpSettings:
    """The settings under test; a test that wants others overrides this by parametrization."""
    return HttpSettings()


@pytest.fixture
def options() -> dict[str, Any]:
    """Options for contrib's `instrument`."""
    return {}


@pytest.fixture
def faults() -> dict[str, int]:
    """The faults of ours that a test may cause: none, unless it asks for `forgiven`."""
    return {}


@pytest.fixture
def forgiven(faults) -> None:
    """Let a test cause faults of ours, since it is about them."""
    faults["http.server"] = 1


@pytest.fixture
def observed(monkeypatch, settings, options, faults) -> Iterator[Observed]:
    """Instrument FastAPI for one test; no fault of ours may have been counted at its end."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    monkeypatch.setattr(Stability, "_initialized", False)
    before = dict(diagnostics.faults())
    found = Observed()
    undo = http.install(settings, found.emit)
    instrumentor = instrumentors.replace("fastapi")()
    instrumentor.instrument(**found.providers, **options)
    yield found
    instrumentor.uninstrument()
    undo()
    caused = {kind: number for kind, number in diagnostics.faults().items() if number > before.get(kind, 0)}
    assert set(caused) == set(faults)
