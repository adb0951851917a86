# SPDX-License-Identifier: Apache-2.0
"""Turn the SDK's tracer provider into ours, in place: everybody who already holds it, or a tracer of it, has ours."""

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Tracer as ApiTracer
from opentelemetry.util.types import Attributes

from otel_distro.otlp.export import Exporter
from otel_distro.tracing.ids import PrivateRandomIdGenerator
from otel_distro.tracing.pipeline import ExportProcessor, SpanPipeline, become_pipeline
from otel_distro.tracing.redaction import Redaction
from otel_distro.tracing.tracer import Tracer
from otel_distro.upstream.tracing import pipeline_of, tracers_of


class LightTracerProvider(TracerProvider):
    """The SDK's provider, whose tracers return our spans.

    Shutdown and fork stay where the SDK has them, in the processors: it bound its own methods when it was built.
    """

    redaction: Redaction | None = None
    follows_callers = True

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> ApiTracer:
        """Return the tracer of an instrumentation scope."""
        tracer = super().get_tracer(instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        if type(tracer) is SdkTracer:
            _swap_tracer(tracer, self)
        return tracer


def adopt(
    provider: TracerProvider,
    exporter: Exporter | None,
    redact: Callable[[str, Any], Any] | None = None,
    *,
    follows_callers: bool = True,
) -> None:
    """Make a provider of the SDK return our spans, and export them.

    A provider of another class keeps its spans; they are exported all the same.

    Args:
        provider: the provider that the SDK's configurator has built.
        exporter: where encoded spans go; None if only other exporters were chosen.
        redact: returns what stands in place of an attribute's value, given its key and value; None to keep all.
        follows_callers: whether a caller may have more sampled than a ratio of ours says, as the SDK lets it.

    """
    if type(provider) is TracerProvider:
        _swap(provider, None if redact is None else Redaction(redact), follows_callers)
    pipeline = pipeline_of(provider)
    if isinstance(pipeline, SpanPipeline):
        pipeline.leave_exporters_out()
    if exporter is not None:
        provider.add_span_processor(ExportProcessor(exporter))


def _swap(provider: Any, redaction: Redaction | None, follows_callers: bool) -> None:
    pipeline = pipeline_of(provider)
    if type(pipeline) is SynchronousMultiSpanProcessor:
        become_pipeline(pipeline)
    if type(provider.id_generator) is RandomIdGenerator:
        provider.id_generator = PrivateRandomIdGenerator()
    provider.__class__ = LightTracerProvider
    provider.redaction, provider.follows_callers = redaction, follows_callers
    for tracer in tracers_of(provider):
        tracer.id_generator = provider.id_generator
        _swap_tracer(tracer, provider)


def _swap_tracer(tracer: Any, provider: LightTracerProvider) -> None:
    tracer.__class__ = Tracer
    tracer.redaction, tracer.follows_callers = provider.redaction, provider.follows_callers
