# SPDX-License-Identifier: Apache-2.0
"""What happens to a span when it ends: other processors first, then it goes to the exporter."""

# ruff: noqa: SLF001 - private attributes of our own spans, on the path that every span takes

from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, SynchronousMultiSpanProcessor

from otel_distro.otlp.encode_span import encode_span
from otel_distro.otlp.export import Exporter
from otel_distro.upstream.tracing import keep_processors


class ExportProcessor(SpanProcessor):
    """Submits ended spans to an exporter; the provider flushes and shuts it down like any other."""

    def __init__(self, exporter: Exporter, shutdown_timeout_seconds: float = 3.0) -> None:
        self.exporter = exporter
        exporter.encode = encode_span
        self._shutdown_timeout_seconds = shutdown_timeout_seconds

    def on_end(self, span: ReadableSpan) -> None:
        """Submit a span, unless its sampler said that it is only to be recorded."""
        context = span.get_span_context()
        if context is not None and context.trace_flags.sampled:
            self.exporter.submit(span.resource, span.instrumentation_scope, span)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Wait until everything submitted so far has been sent or given up."""
        return self.exporter.force_flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Send what is left and stop."""
        self.exporter.shutdown(self._shutdown_timeout_seconds)


class SpanPipeline(SynchronousMultiSpanProcessor):
    """The SDK's list of processors, which builds a `ReadableSpan` only if somebody other than our exporter wants it.

    Never constructed: a provider's list becomes one by `adopt`, so what was added before stays.
    """

    _submits: tuple[Callable[..., object], ...] = ()
    others: tuple[SpanProcessor, ...] = ()

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add a processor, called after those added before."""
        super().add_span_processor(span_processor)
        self.sort()

    def sort(self) -> None:
        """Tell our exporter from the processors of others."""
        processors = self._span_processors
        self._submits = tuple(each.exporter.submit for each in processors if type(each) is ExportProcessor)
        self.others = tuple(each for each in processors if type(each) is not ExportProcessor)

    def leave_exporters_out(self) -> None:
        """Forget our exporters: those of a runtime that is closed."""
        keep_processors(self, lambda each: type(each) is not ExportProcessor)
        self.sort()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell the processors of others that a span has started."""
        for processor in self.others:
            processor.on_start(span, parent_context=parent_context)

    def finish(self, span: Span) -> None:
        """Pass on a span that has ended; to exporters as `ExportProcessor.on_end` does, without a call for each field."""
        if self.others:
            self._on_ending(span)
            self.on_end(span._readable_span())
            return
        _, _, _, flags, _, _ = span._context  # type: ignore[misc]  # the tuple that a SpanContext is
        if flags & 1:
            for submit in self._submits:
                submit(span._resource, span._instrumentation_scope, span)


def become_pipeline(processors: SynchronousMultiSpanProcessor) -> None:
    """Turn a provider's list of processors into ours, in place."""
    processors.__class__ = SpanPipeline
    if isinstance(processors, SpanPipeline):  # which the type checker cannot know
        processors.sort()
