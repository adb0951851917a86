# SPDX-License-Identifier: Apache-2.0
"""The tracer: who is the parent, is it sampled, and a light span."""

from collections.abc import Callable, Sequence
from time import time_ns
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    get_current_span,
)
from opentelemetry.trace import (
    Span as ApiSpan,
)
from opentelemetry.util.types import Attributes

from otel_distro.tracing.current import CurrentSpan
from otel_distro.tracing.ids import (
    PrivateRandomIdGenerator,
    random_bits,
    requested_trace_id,
    start_with_trace_id,
)
from otel_distro.tracing.pipeline import SpanPipeline
from otel_distro.tracing.redaction import Redaction
from otel_distro.tracing.sampling import Decide, shortcut
from otel_distro.tracing.span import Span
from otel_distro.upstream.tracing import IS_VALID, NoOpTracerMetrics, local_context, valid_context

# By number: bit 0 is "sampled", bit 1 "random trace id".
_FLAGS: Final = tuple(TraceFlags(flags) for flags in range(4))
_RANDOM: Final = int(TraceFlags.RANDOM_TRACE_ID)


class Tracer(SdkTracer):
    """The SDK's tracer, returning light spans.

    Never constructed: a tracer that the SDK built becomes one, so sampler, limits and resource are those it was given.
    """

    redaction: Redaction | None = None
    follows_callers = True
    _decide: Decide | None = None
    _decides_for: object = None

    def start_as_current_span(  # type: ignore[override]  # noqa: PLR0913, PLR0917 - upstream's arguments, not its class
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        """Return a context manager, also a decorator, in which a new span is current."""
        arguments = name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        return CurrentSpan(self.start_span, arguments, end_on_exit)

    def start_span(  # noqa: PLR0913, PLR0917 - upstream's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> ApiSpan:
        """Start a span as a child of the context's span, or as a root.

        The SDK's steps in the SDK's order, in one function: see docs/performance.md on what a call more costs.
        """
        found = get_current_span(context).get_span_context()
        if found is not None and not isinstance(found, SpanContext):
            raise TypeError("parent_span_context must be a SpanContext or None.")
        if not self._is_enabled():
            return NonRecordingSpan(context=found)
        parent = found if found is not None and found.is_valid else None
        trace_id = self.id_generator.generate_trace_id() if parent is None else parent.trace_id
        state: TraceState | None
        decide, judged = self._shortcut(), trace_id
        if parent is None and requested_trace_id.get() is not None and (decide is None or self.follows_callers):
            judged = random_bits(128)  # an id that a caller has chosen decides nothing
        if decide is not None:
            decision = decide(parent, judged)
            state = None if parent is None else parent.trace_state
        else:
            result = self.sampler.should_sample(context, judged, name, kind, attributes, links or ())
            decision, attributes, state = result.decision, result.attributes, result.trace_state
        span_context = self.new_context(parent, trace_id, decision, state)
        record_end_metrics = None
        if type(self._tracer_metrics) is not NoOpTracerMetrics:
            record_end_metrics = self._tracer_metrics.start_span(parent, decision)
        if decision is Decision.DROP:
            return NonRecordingSpan(context=span_context)
        span, processor = object.__new__(Span), self.span_processor
        scope, limits = self._instrumentation_scope, self._span_limits
        redaction = self.redaction
        if redaction is not None:
            name = redaction.name(name)
        span.begin(name, span_context, parent, kind, {}, self.resource, scope, limits, processor, redaction)
        span.complete(
            self.sampler,
            attributes,
            links or (),
            self.instrumentation_info,
            record_exception,
            set_status_on_exception,
            record_end_metrics,
        )
        span.start(start_time=start_time, parent_context=context)
        return span

    def start_trusted(  # noqa: PLR0913, PLR0917 - what a span is made of
        self,
        name: str,
        context: Context,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, Any] | Callable[[], dict[str, Any]],
        trace_id: int | None = None,
    ) -> ApiSpan:
        """Start a span whose parts are known to be right: for instrumentation of our own, by `http.spans.starter`.

        Args:
            name: The span's name.
            context: Holds the parent, for samplers and processors that look at it.
            parent: As it stands in `context`; None, or an invalid one, makes a root span.
            kind: The span's kind.
            attributes: Names and str, bool, int or float values, fewer than the limits allow; the span keeps this very
                dict. Or a function that returns it: a span that is not recorded has no use for any.
            trace_id: Of a root, where a caller has chosen it.

        Every request comes this way, so it is one function: see docs/performance.md on what a call costs there.
        """
        generator, decide = self.id_generator, self._decide
        if (
            self._decides_for is not self.sampler
            or decide is None
            or type(generator) is not PrivateRandomIdGenerator
            or type(self._tracer_metrics) is not NoOpTracerMetrics
            or not self._tracer_config.is_enabled
        ):
            self._shortcut()
            known = attributes if isinstance(attributes, dict) else attributes()
            return start_with_trace_id(self.start_span, trace_id, name, context, kind, known)
        if parent is not None and parent[IS_VALID]:
            judged, _, _, given, state, _ = parent  # the tuple that it is: reading its properties would be a call each
            trace_id, flags = judged, given & _RANDOM
        else:
            flags = _RANDOM if trace_id is None else 0
            chosen = trace_id is not None and self.follows_callers
            trace_id, state, parent = trace_id or random_bits(128) or 1, DEFAULT_TRACE_STATE, None
            judged = random_bits(128) if chosen else trace_id  # an id that a caller has chosen decides nothing
        decision = decide(parent, judged)
        flags |= decision is Decision.RECORD_AND_SAMPLE
        span_context = valid_context((trace_id, random_bits(64) or 1, False, _FLAGS[flags], state, True))
        if decision is Decision.DROP:
            return NonRecordingSpan(context=span_context)
        if not isinstance(attributes, dict):
            attributes = attributes()
        if self.redaction is not None:
            self.redaction.strangers(attributes)
        span, processor = object.__new__(Span), self.span_processor
        scope, limits = self._instrumentation_scope, self._span_limits
        span.begin(
            name, span_context, parent, kind, attributes, self.resource, scope, limits, processor, self.redaction
        )
        span._start_time = time_ns()
        if type(processor) is not SpanPipeline or processor.others:
            processor.on_start(span, parent_context=context)
        return span

    def _shortcut(self) -> Decide | None:
        if self._decides_for is not self.sampler:
            self._decide = shortcut(self.sampler, follows_callers=self.follows_callers)
            self._decides_for = self.sampler
        return self._decide

    def new_context(
        self, parent: SpanContext | None, trace_id: int, decision: Decision, state: TraceState | None
    ) -> SpanContext:
        """Return the context of a new span with an id of its own."""
        generator = self.id_generator
        is_random = (
            generator.is_trace_id_random() if parent is None else parent.trace_flags & TraceFlags.RANDOM_TRACE_ID
        )
        flags = _FLAGS[(decision is Decision.RECORD_AND_SAMPLE) | (is_random and TraceFlags.RANDOM_TRACE_ID)]
        return local_context(trace_id, generator.generate_span_id(), flags, state)
