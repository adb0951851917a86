# SPDX-License-Identifier: Apache-2.0
"""The span that every tracer of the process returns: the SDK's semantics, without its locks and copies.

What differs from the SDK's `Span` is how state is kept, not what can be observed: attributes are a plain dict, events
and links come into being with the first one, and what is unusual about an attribute is left to the SDK's own
`BoundedAttributes`. Specification: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from time import time_ns
from traceback import format_tb
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, EventBase, ReadableSpan, SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationInfo, InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, format_span_id, format_trace_id
from opentelemetry.util.types import Attributes

from otel_distro.diagnostics import fault
from otel_distro.ground.exceptions import is_readable, kind_of, text_of
from otel_distro.tracing.lazy import lazy
from otel_distro.tracing.pipeline import SpanPipeline
from otel_distro.tracing.redaction import Redaction
from otel_distro.tracing.span_attributes import SpanAttributes, logger
from otel_distro.upstream.tracing import UNSET, UNSET_LIMITS, attributes_over, tell_ending

_NO_PROCESSOR: Final = SpanProcessor()


class Span(SpanAttributes):
    """A recording span."""

    # Not the SDK's, which forbids direct construction; the tracer goes round it, since it costs a call.
    def __new__(cls, *_: Any, **__: Any) -> "Span":  # noqa: PYI034 - typing.Self came with Python 3.11
        """Return a span without state."""
        return object.__new__(cls)

    # The SDK's methods take the lock of the span; here each step is one that the interpreter does not divide.
    _lock = nullcontext()  # type: ignore[assignment]

    # What most spans never change, or ours never have, stays on the class.
    _start_time: int | None = None
    _end_time: int | None = None
    _events: Sequence[Event] = ()
    _links: Sequence[Link] = ()
    _status = UNSET
    _record_exception = True
    _set_status_on_exception = True
    _record_end_metrics: Callable[[], None] | None = None
    _instrumentation_info: InstrumentationInfo | None = None
    _sampler: Sampler | None = None
    _trace_config = None

    trace_id_hex = lazy(lambda span: format_trace_id(span.get_span_context().trace_id))
    span_id_hex = lazy(lambda span: format_span_id(span.get_span_context().span_id))

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
        self.begin(name, context, parent, kind, {}, resource, instrumentation_scope, limits, span_processor, None)
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
        redaction: Redaction | None,
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
        self._redaction = redaction
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
            if self._redaction is not None:
                links = [Link(link.context, self._redaction.mapping(link.attributes)) for link in links if link]
            self._links = self._new_links(links)
        if record_end_metrics is not None:
            self._record_end_metrics = record_end_metrics

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event; `timestamp` is in nanoseconds since the epoch."""
        name = name if self._redaction is None else self._redaction.name(name)
        super().add_event(name, self._redacted(attributes), timestamp)

    def update_name(self, name: str) -> None:
        """Give the span another name."""
        super().update_name(name if self._redaction is None else self._redaction.name(name))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link to another span."""
        super().add_link(context, self._redacted(attributes))

    def link_to(self, context: SpanContext) -> None:
        """Add a link without attributes to a span that has just been started: one alone needs no list, and no lock."""
        link = (Link(context),)
        if self._limits.max_links == 0 or self.__dict__.setdefault("_links", link) is not link:
            self._add_link(link[0])

    def _redacted(self, attributes: Attributes) -> Attributes:
        return attributes if self._redaction is None else self._redaction.mapping(attributes)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status: OK is final, UNSET is ignored."""
        if self._redaction is not None:
            if isinstance(status, Status) and status.description:
                status = Status(status.status_code, self._redaction.value("status", status.description))
            elif description:
                description = self._redaction.value("status", description)
        super().set_status(status, description)

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
        found: Any = self.__dict__.get(name)
        if type(found) is not BoundedList:
            found = self._more_links(found, limit) if found else self.__dict__.setdefault(name, BoundedList(limit))
        bounded: BoundedList[Any] = found
        return bounded

    def _more_links(self, only: Sequence[Link], limit: int | None) -> BoundedList[Any]:
        """Make a list of the one link that there is so far."""
        listed: BoundedList[Any] = self.__dict__.setdefault("_listed_links", BoundedList.from_seq(limit, only))
        self._links = listed
        return listed

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Record an exception as an event; one whose text cannot be had is named."""
        try:
            if is_readable(exception):
                super().record_exception(exception, attributes, timestamp, escaped)
                return
        except Exception as exc:  # noqa: BLE001 - a damaged cause, a metaclass: the exception is the application's
            fault("exception event", exc)
        named = {"exception.type": kind_of(exception), "exception.message": text_of(exception)}
        stack = "".join(format_tb(exception.__traceback__))
        self.add_event("exception", {**named, "exception.stacktrace": stack, **(attributes or {})}, timestamp)

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
            tell_ending(processor, self)
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
