# SPDX-License-Identifier: Apache-2.0
"""The span that every tracer of the process returns: the SDK's semantics, without its locks and copies.

What differs from the SDK's `Span` is how state is kept, not what can be observed: attributes are a plain dict, events
and links come into being with the first one, and what is unusual about an attribute is left to the SDK's own
`BoundedAttributes`. Specification: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from time import time_ns
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, EventBase, ReadableSpan, SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, format_span_id, format_trace_id
from opentelemetry.util.types import Attributes, AttributeValue

from otel_distro.diagnostics import fault
from otel_distro.tracing.kept import kept
from otel_distro.tracing.pipeline import SpanPipeline
from otel_distro.upstream_tracing import UNSET_LIMITS, SdkSpan, add_all, attributes_over

# Applications that silence or watch the SDK's warnings know them under this name.
logger: Final = logging.getLogger("opentelemetry.sdk.trace")

_PLAIN_TYPES: Final = frozenset((str, bool, int, float))
_KEY_TYPES: Final = frozenset((str,))
_UNSET: Final = Status(StatusCode.UNSET)
_NO_PROCESSOR: Final = SpanProcessor()


class Span(SdkSpan):
    """A recording span."""

    # Not the SDK's, which forbids direct construction; the tracer goes round it, since it costs a call.
    def __new__(cls, *_: Any, **__: Any) -> "Span":  # noqa: PYI034 - typing.Self came with Python 3.11
        """Return a span without state."""
        return object.__new__(cls)

    _attributes: dict[str, Any]

    # The SDK's methods take the lock of the span; here each step is one that the interpreter does not divide.
    _lock = nullcontext()  # type: ignore[assignment]

    # What most spans never change, or ours never have, stays on the class.
    _start_time: int | None = None
    _end_time: int | None = None
    _events: Sequence[Event] = ()
    _links: Sequence[Link] = ()
    _status = _UNSET
    _dropped_attributes = 0
    _record_exception = True
    _set_status_on_exception = True
    _record_end_metrics: Callable[[], None] | None = None
    _instrumentation_info: InstrumentationInfo | None = None
    _sampler: Sampler | None = None
    _trace_config = None

    trace_id_hex = kept(lambda span: format_trace_id(span.get_span_context().trace_id))
    span_id_hex = kept(lambda span: format_span_id(span.get_span_context().span_id))

    def __init__(  # noqa: PLR0913, PLR0917 - the SDK's signature, which other code calls
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None = None,
        sampler: Sampler | None = None,
        trace_config: None = None,  # noqa: ARG002 - unused by the SDK, too
        resource: Resource | None = None,
        attributes: Attributes = None,
        events: Sequence[Event] | None = None,
        links: Sequence[Link] = (),
        kind: SpanKind = SpanKind.INTERNAL,
        span_processor: SpanProcessor = _NO_PROCESSOR,
        instrumentation_info: InstrumentationInfo | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        limits: SpanLimits = UNSET_LIMITS,
        instrumentation_scope: InstrumentationScope | None = None,
        *,
        record_end_metrics: Callable[[], None] | None = None,
    ) -> None:
        resource = Resource.create({}) if resource is None else resource
        self.begin(name, context, parent, kind, {}, resource, instrumentation_scope, limits, span_processor)
        self.complete(
            sampler,
            attributes,
            links,
            instrumentation_info,
            record_exception,
            set_status_on_exception,
            record_end_metrics,
        )
        for event in events or ():
            self.add_event(event.name, event.attributes, event.timestamp)

    def begin(  # noqa: PLR0913, PLR0917 - positional, since this is what every span costs
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        resource: Resource,
        scope: InstrumentationScope | None,
        limits: SpanLimits,
        processor: SpanProcessor,
    ) -> None:
        """Set what every span has, as it is given; the span keeps this very dict of attributes."""
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._attributes = attributes
        self._resource = resource
        self._instrumentation_scope = scope
        self._limits = limits
        self._span_processor = processor
        self._open = True

    def complete(  # noqa: PLR0913, PLR0917 - positional, as `begin`
        self,
        sampler: Sampler | None,
        attributes: Attributes,
        links: Sequence[Link],
        instrumentation_info: InstrumentationInfo | None,
        record_exception: bool,
        set_status_on_exception: bool,
        record_end_metrics: Callable[[], None] | None,
    ) -> None:
        """Set what a span of an application may have beyond that."""
        self._sampler = sampler
        self._instrumentation_info = instrumentation_info
        self._record_exception = record_exception
        self._set_status_on_exception = set_status_on_exception
        if attributes:
            self._store(attributes)
        if links:
            self._links = self._new_links(links)
        if record_end_metrics is not None:
            self._record_end_metrics = record_end_metrics

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute; the oldest makes room when the limit is reached, as in the SDK."""
        if self._end_time is not None:
            logger.warning("Setting attribute on ended span.")
            return
        attributes, limits = self._attributes, self._limits
        if (
            type(key) is str
            and key
            and type(value) in _PLAIN_TYPES
            and (limits.max_span_attribute_length is None or type(value) is not str)
            and (limits.max_span_attributes is None or len(attributes) < limits.max_span_attributes)
        ):
            attributes.pop(key, None)
            attributes[key] = value
        else:
            self._store_unusual({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        if self._end_time is not None:
            logger.warning("Setting attribute on ended span.")
        else:
            self._store(attributes)

    def _store(self, attributes: Mapping[str, Any]) -> None:
        """Keep attributes: as they are if they are plain and new and there is room, else by the SDK's rules."""
        mine, limits = self._attributes, self._limits
        try:
            plain = (
                _PLAIN_TYPES.issuperset(map(type, attributes.values()))
                and _KEY_TYPES.issuperset(map(type, attributes))
                and "" not in attributes
                and limits.max_span_attribute_length is None
                and (limits.max_span_attributes is None or len(mine) + len(attributes) <= limits.max_span_attributes)
                and mine.keys().isdisjoint(attributes)
            )
        except (AttributeError, TypeError):
            plain = False
        if plain:
            mine.update(attributes)
        else:
            self._store_unusual(attributes)

    def _store_unusual(self, attributes: Mapping[str, Any]) -> None:
        bounded = attributes_over(self._attributes, self._dropped_attributes, self._limits, frozen=False)
        try:
            add_all(bounded, attributes)
        except Exception as exc:  # noqa: BLE001 - the SDK calls `str()` on objects of the application, and walks them
            fault("span attribute", exc)
            bounded.dropped += 1
        self._dropped_attributes = bounded.dropped

    @property
    def dropped_attributes(self) -> int:
        """The number of attributes that limits, or what they were, have cost this span."""
        return self._dropped_attributes

    def _add_event(self, event: EventBase) -> None:
        if self._end_time is None:
            self._list("_events", self._limits.max_events).append(event)
        else:
            logger.warning("Tried calling _add_event on an ended span.")

    def _add_link(self, link: Link) -> None:
        if self._end_time is None:
            self._list("_links", self._limits.max_links).append(link)
        else:
            logger.warning("Tried calling _add_link on an ended span.")

    def _list(self, name: str, limit: int | None) -> BoundedList[Any]:
        """Return the list of events or links; `setdefault` is one step, so two threads get the same one."""
        found: BoundedList[Any] = self.__dict__.setdefault(name, BoundedList(limit))
        return found

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an exception as an event; one whose text cannot be had is counted as a fault."""
        try:
            super().record_exception(exception, attributes, timestamp, escaped)
        except Exception as exc:  # noqa: BLE001 - the exception's `__str__` is the application's
            fault("exception event", exc)

    def end(self, end_time: int | None = None) -> None:
        """End the span, now or at `end_time` (nanoseconds since the epoch), and hand it to the processors."""
        if self._start_time is None:
            raise RuntimeError("Calling end() on a not started span.")
        try:
            del self._open  # one step, so only one of two threads ends the span
        except AttributeError:
            logger.warning("Calling end() on an ended span.")
            return
        self._end_time = time_ns() if end_time is None else end_time
        if self._record_end_metrics is not None:
            self._record_end_metrics()
        processor = self._span_processor
        if type(processor) is SpanPipeline:
            processor.finish(self)
        else:
            processor._on_ending(self)  # noqa: SLF001 - the SDK's own hook, still experimental upstream
            processor.on_end(self._readable_span())

    def _readable_span(self) -> ReadableSpan:
        return ReadableSpan(
            name=self._name,
            context=self._context,
            parent=self._parent,
            resource=self._resource,
            attributes=attributes_over(self._attributes, self._dropped_attributes, self._limits, frozen=True),
            events=self._events,
            links=self._links,
            kind=self._kind,
            status=self._status,
            start_time=self._start_time,
            end_time=self._end_time,
            instrumentation_info=self._instrumentation_info,
            instrumentation_scope=self._instrumentation_scope,
        )
