# SPDX-License-Identifier: Apache-2.0
"""The private names of the SDK's tracing, under names of our own.

Not in the room's `__init__`, which every short-lived child imports: that must not import the SDK.
Checked with the oldest and the newest SDK of pyproject.toml.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import (
    SpanLimits,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
    Tracer,
    TracerProvider,
    sampling,
)
from opentelemetry.sdk.trace import _Span as SdkSpan
from opentelemetry.sdk.trace import _UnsetLimits as UNSET_LIMITS
from opentelemetry.sdk.trace._tracer_metrics import NoOpTracerMetrics
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, StaticSampler
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    INVALID_SPAN_ID,
    INVALID_TRACE_ID,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.trace.propagation import _SPAN_KEY as SPAN_KEY

__all__ = [
    "IS_REMOTE",
    "IS_VALID",
    "PARENT_BASED_SAMPLERS",
    "SPAN_CONTEXT",
    "SPAN_ID",
    "SPAN_KEY",
    "STATIC_SAMPLERS",
    "TRACE_FLAGS",
    "UNSET",
    "UNSET_LIMITS",
    "NoOpTracerMetrics",
    "SdkSpan",
    "add_all",
    "attributes_over",
    "delegates_of",
    "exports_by_otlp",
    "keep_processors",
    "local_context",
    "pipeline_of",
    "processors_of",
    "settle",
    "span_fields",
    "static_decision",
    "tell_ending",
    "tracers_of",
    "valid_context",
]

UNSET: Final = Status(StatusCode.UNSET)
"""The status that every span of ours starts with: one object, so that it is known without being read."""

SPAN_CONTEXT: Final = ("trace_id", "span_id", "is_remote", "trace_flags", "trace_state", "is_valid")
"""The tuple that a `SpanContext` is, read by place where every span goes: a property would be a call each."""
SPAN_ID: Final = 1
IS_REMOTE: Final = 2
IS_VALID: Final = 5
TRACE_FLAGS: Final = 3

span_fields: Final[Callable[[Any], tuple[Any, ...]]] = attrgetter(
    "_context",
    "_parent",
    "_name",
    "_kind",
    "_start_time",
    "_end_time",
    "_attributes",
    "_events",
    "_links",
    "_status",
)
"""All that a span is on the wire, of our spans and of upstream's, in one call."""

delegates_of: Final[Callable[[ParentBased], tuple[Sampler, ...]]] = attrgetter(
    "_root",
    "_remote_parent_sampled",
    "_remote_parent_not_sampled",
    "_local_parent_sampled",
    "_local_parent_not_sampled",
)
# The environment's samplers are of subclasses that only choose the arguments.
STATIC_SAMPLERS: Final = frozenset((StaticSampler, sampling._AlwaysOff, sampling._AlwaysOn))
PARENT_BASED_SAMPLERS: Final = frozenset(
    (
        ParentBased,
        sampling.ParentBasedTraceIdRatio,
        sampling._ParentBasedAlwaysOff,
        sampling._ParentBasedAlwaysOn,
    )
)
static_decision: Final[Callable[[StaticSampler], Decision]] = attrgetter("_decision")


valid_context: Final[Callable[[tuple[int, int, bool, TraceFlags, TraceState, bool]], SpanContext]] = partial(
    tuple.__new__, SpanContext
)
"""Build a span context from its parts, as its own constructor leaves them: checked, and known to be valid."""


def local_context(trace_id: int, span_id: int, flags: TraceFlags, state: TraceState | None) -> SpanContext:
    """Build the context of a span of this process: what `SpanContext(...)` builds, at a third of its price."""
    is_valid = INVALID_TRACE_ID < trace_id < 2**128 and INVALID_SPAN_ID < span_id < 2**64
    return tuple.__new__(
        SpanContext, (trace_id, span_id, False, flags, DEFAULT_TRACE_STATE if state is None else state, is_valid)
    )


def attributes_over(store: dict[str, Any], dropped: int, limits: SpanLimits, *, frozen: bool) -> BoundedAttributes:
    """Put the SDK's own rules for attributes over an existing dict, which it shares."""
    bounded = BoundedAttributes(limits.max_span_attributes, None, frozen, limits.max_span_attribute_length)
    bounded._dict = store
    bounded.dropped = dropped
    return bounded


def add_all(bounded: BoundedAttributes, attributes: Mapping[str, Any]) -> None:
    """Add attributes as the SDK's `set_attributes` does."""
    bounded._set_items(attributes)


def settle(bounded: BoundedAttributes, store: dict[str, Any]) -> None:
    """Have the dict under the SDK's rules hold what they say: SDKs before 1.45 go on in another one once theirs is full."""
    if bounded._dict is not store:
        store.clear()
        store.update(bounded._dict)


def tell_ending(processor: SpanProcessor, span: Any) -> None:
    """Tell a processor that a span is about to end: a hook of the SDK's that is still experimental."""
    processor._on_ending(span)


def tracers_of(provider: TracerProvider) -> Iterable[Tracer]:
    """Return the tracers that a provider has handed out."""
    with provider._tracers_lock:
        return list(provider._tracers.values())


def pipeline_of(provider: TracerProvider) -> SpanProcessor:
    """Return the processor that passes spans on to those that were added to a provider."""
    return provider._active_span_processor


def processors_of(pipeline: SynchronousMultiSpanProcessor) -> tuple[SpanProcessor, ...]:
    """Return the processors that were added, in their order."""
    return pipeline._span_processors


def keep_processors(pipeline: SynchronousMultiSpanProcessor, keep: Callable[[SpanProcessor], bool]) -> None:
    """Take processors out of a provider's list that are not to be kept."""
    with pipeline._lock:
        pipeline._span_processors = tuple(filter(keep, pipeline._span_processors))


def exports_by_otlp(provider: TracerProvider) -> bool:
    """Whether a provider has a processor of the SDK's with an OTLP exporter."""
    processors = getattr(pipeline_of(provider), "_span_processors", ())
    return any("OTLP" in type(getattr(each, "span_exporter", None)).__name__ for each in processors)
