# SPDX-License-Identifier: Apache-2.0
"""The headers of messages: what they say of their origin, and copies of them that say where they come from now.

Whoever wrote a message may have written anything: names in any case, names twice, bytes that are no text. The last value
of a name wins, since people forward `list(message.headers)` and clients append
(https://github.com/spring-projects/spring-kafka/issues/3786); what cannot be read is not there. Nothing here raises, and
no list of the application's is ever changed: a constant one would collect the ids of all that was sent with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagate import get_global_textmap
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanContext, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otel_distro.http.correlation import CorrelationPropagator, harmless
from otel_distro.http.propagation import (
    MAX_BAGGAGE_BYTES,
    MAX_BAGGAGE_MEMBERS,
    MAX_STATE_BYTES,
    MAX_STATE_MEMBERS,
    parse_traceparent,
    speaks_w3c,
)
from otel_distro.upstream.context import BAGGAGE_KEY, SPAN_KEY
from otel_distro.upstream.http import propagators_of

START = "x-pipeline-start"
TRACE_FIELDS = frozenset(("traceparent", "tracestate", "baggage"))
_MOST_HEADERS = 1000

Headers = Mapping[str, bytes]
Fields = tuple[tuple[str, str], ...]


class Origin(NamedTuple):
    """What messages say of where they come from.

    Attributes:
        parent: The span that has sent it; None for a trace of its own.
        links: The spans that have sent what is processed.
        context: What it brings along beside that: baggage.
        ids: Its correlation ids, by log field.
        starts: When its pipeline began, in seconds since the epoch, if it says so; of a batch one for each message.
    """

    parent: SpanContext | None
    links: tuple[SpanContext, ...]
    context: Context
    ids: Mapping[str, str]
    starts: tuple[float, ...]


UNKNOWN = Origin(None, (), Context(), {}, ())
# What the constructor of a named tuple does, without its call in Python.
_origin = partial(tuple.__new__, Origin)
MOST_LINKS = 128


def by_name(pairs: Iterable[tuple[Any, Any]]) -> Headers:
    """Return headers by lower-case name, the last one of each; whatever is not text and bytes is left out."""
    try:
        found = dict(pairs)
        if "".join(found).islower() and len(found) < _MOST_HEADERS:
            return found
    except (TypeError, ValueError):
        pass
    return _cleaned(pairs)


def _cleaned(pairs: Any) -> Headers:
    found: dict[str, bytes] = {}
    try:
        for number, pair in enumerate(pairs):
            if number == _MOST_HEADERS:
                break
            if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str):
                found[pair[0].lower()] = pair[1]
    except TypeError:  # no headers at all
        pass
    return found


def text_of(headers: Mapping[str, Any], name: str) -> str | None:
    """Return a header as text, None if there is none or its bytes are no text."""
    value = headers.get(name)
    if type(value) is str:
        return value
    try:
        return value.decode("ascii") if value is not None else None
    except (AttributeError, UnicodeDecodeError):
        return None


def origin_of(headers: Mapping[str, Any], fields: Fields) -> Origin:
    """Read headers; `fields` are the correlation headers and their log fields."""
    if not headers:
        return UNKNOWN
    parent, context = _w3c(headers) if speaks_w3c() else _by_propagators(headers)
    start = start_of(headers[START]) if START in headers else None
    links, starts = () if parent is None else (parent,), () if start is None else (start,)
    return _origin((parent, links, context, _ids_in(headers, fields, parent), starts))


def _ids_in(headers: Mapping[str, Any], fields: Fields, parent: SpanContext | None) -> dict[str, str]:
    """Return the correlation ids. Most are the trace id: those need not be looked at, one by one."""
    trace_id = headers["traceparent"][3:35] if parent is not None and "traceparent" in headers else None
    ids: dict[str, str] = {}
    digits = None
    for name, field in fields:
        value = headers.get(name)
        if value is None:
            continue
        if value == trace_id:
            if digits is None:
                digits = value.decode("ascii") if type(value) is bytes else value
            ids[field] = digits
        elif (given := text_of(headers, name)) is not None and harmless(given):
            ids[field] = given
    return ids


def joined(origins: Sequence[Origin]) -> Origin:
    """Return the origin of a batch: a trace of its own with a link to each message's, and the ids that all share."""
    if not origins:
        return UNKNOWN
    shared = dict(origins[0].ids)
    for origin in origins:
        shared = {field: value for field, value in shared.items() if origin.ids.get(field) == value}
    links = tuple(link for origin in origins for link in origin.links)[:MOST_LINKS]
    return Origin(None, links, UNKNOWN.context, shared, tuple(start for origin in origins for start in origin.starts))


def start_of(value: object) -> float | None:
    """Return a begin in seconds since the epoch, None if it is none."""
    try:
        start = float(value)  # type: ignore[arg-type]  # a stranger's: what is no number raises
    except (TypeError, ValueError):
        return None
    return start if 0 < start < 1e11 else None


def _w3c(headers: Mapping[str, Any]) -> tuple[SpanContext | None, Context]:
    parent, context = None, UNKNOWN.context
    value = headers.get("traceparent")
    if value is not None:
        if type(value) is str and value.isascii():
            value = value.encode("ascii")
        if type(value) is bytes:
            parent = parse_traceparent(value)
    if (
        "tracestate" in headers
        and parent is not None
        and _fits(headers, "tracestate", MAX_STATE_BYTES, MAX_STATE_MEMBERS)
    ):
        parent = _span_in(_trace_context.extract(headers, getter=_getter)) or parent
    if "baggage" in headers and _fits(headers, "baggage", MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS):
        context = _baggage.extract(headers, Context(), getter=_getter)
    return parent, context


def _by_propagators(headers: Mapping[str, Any]) -> tuple[SpanContext | None, Context]:
    context = Context()
    for propagator in _foreign():
        context = propagator.extract(headers, context, getter=_getter)
    parent = _span_in(context)
    return parent, Context({key: value for key, value in context.items() if key != SPAN_KEY})


def _foreign() -> list[Any]:
    """Return the process's propagators without ours, which has rules of its own for callers of HTTP."""
    return [each for each in propagators_of(get_global_textmap()) if not isinstance(each, CorrelationPropagator)]


def _span_in(context: Context) -> SpanContext | None:
    found = get_current_span(context).get_span_context()
    return found if found.is_valid else None


def _fits(headers: Mapping[str, Any], name: str, most_bytes: int, most_members: int) -> bool:
    value = text_of(headers, name)
    return value is not None and len(value) <= most_bytes and value.count(",") < most_members


class _HeaderGetter(Getter[Mapping[str, Any]]):
    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = text_of(carrier, key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return list(carrier)


_getter = _HeaderGetter()
_baggage = W3CBaggagePropagator()
_trace_context = TraceContextTextMapPropagator()


def trace_fields(context: Mapping[str, Any], span: Any, span_context: SpanContext, digits: str) -> dict[str, str]:
    """Return the trace of a span, and the baggage of the context that it stands in, as headers; `digits` are its trace id."""
    headers: dict[str, str] = {}
    if not speaks_w3c():
        whole = Context({**context, SPAN_KEY: span})
        for propagator in _foreign():
            propagator.inject(headers, whole)
        return headers
    _, span_id, _, flags, state, is_valid = span_context
    if is_valid:
        headers["traceparent"] = f"00-{digits}-{span_id.to_bytes(8, 'big').hex()}-{flags & 0xFF:02x}"
        if state:
            headers["tracestate"] = state.to_header()
    if BAGGAGE_KEY in context:
        _baggage.inject(headers, Context(context))
    return headers
