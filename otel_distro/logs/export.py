# SPDX-License-Identifier: Apache-2.0
"""Events as OTLP log records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanContext, set_span_in_context

from otel_distro.logs.emit import Event, Export, Fields
from otel_distro.logs.errors import message_of
from otel_distro.logs.fields import ALWAYS, DEPLOYMENT, EXCEPTION, EXPORTED, SPAN_IDS
from otel_distro.otlp.encode_log import encode_log

# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_SEVERITY: Final = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
# Told elsewhere in the record, its scope or its resource.
_ELSEWHERE: Final = frozenset((*ALWAYS, *SPAN_IDS, *DEPLOYMENT))
_LEFT_OUT: Final = _ELSEWHERE.union((EXPORTED,))
_ELSEWHERE_ON_EXCEPTIONS: Final = _ELSEWHERE.union(EXCEPTION)
# What the exporter itself has to say would come back to it.
_OWN_LOGGERS: Final = ("otel_distro", "opentelemetry")
_ACCESS: Final = "otel_distro.access"
_MOST_LOGGERS: Final = 1024
_LONGEST_LOGGER: Final = 128


def exporting(submit: Callable[[Any, Any], bool] | None, others: Sequence[str] = ()) -> Export:
    """Build the function that hands an event to the exporters and says whether OTLP has accepted it.

    Args:
        submit: takes (instrumentation scope, encoded record, or one for `encode_record`); False if the queue is full. None without our exporter.
        others: upstream's exporters, which each event reaches through the SDK's logger provider.
    """
    if submit is not None and not others:
        return _encoding(submit)
    exports = [*([_encoding(submit)] if submit else []), *([_emitting()] if others else [])]
    by_otlp = submit is not None or any(name.startswith("otlp") for name in others)

    def export(now: int, event: Event, span: Span, error: BaseException | None, told: Fields | None = None) -> bool:
        accepted = [one(now, event, span, error, told) for one in exports]
        return by_otlp and all(accepted)

    return export


class _Scopes(dict[str, "InstrumentationScope | None"]):
    """The instrumentation scope of each logger; None for those that are never exported."""

    def __missing__(self, logger: str) -> InstrumentationScope | None:
        own = logger.startswith(_OWN_LOGGERS) and logger != _ACCESS
        scope = None if own else InstrumentationScope(logger)
        if len(logger) <= _LONGEST_LOGGER:
            if len(self) >= _MOST_LOGGERS:  # named after tenants, or whatever a stranger says
                self.clear()
            self[logger] = scope
        return scope


Record = tuple[int, str, str, Mapping[str, Any], SpanContext]


def encode_record(record: Record) -> bytes:
    """Encode what `submit` was given."""
    now, level, message, attributes, context = record
    if not _LEFT_OUT.isdisjoint(attributes):
        attributes = {key: value for key, value in attributes.items() if key not in _LEFT_OUT}
    return encode_log(
        message,
        timestamp=now,
        severity_number=_SEVERITY[level],
        severity_text=level,
        attributes=attributes,
        span_context=context,
    )


def _encoding(submit: Callable[[Any, Any], bool]) -> Export:
    """Queue, to be encoded with others in a row as spans are."""
    scopes = _Scopes()

    def export(now: int, event: Event, span: Span, error: BaseException | None, told: Fields | None = None) -> bool:
        scope = scopes[event["logger"]]
        if scope is None:
            return False
        # What goes on with the event is the line's; an exception may change until it is encoded.
        attributes = (told or event.copy()) if error is None else _attributes(event, error)
        record = now, event["level"], event["message"], attributes, span.get_span_context()
        return submit(scope, record if error is None else encode_record(record))

    return export


def _emitting() -> Export:
    """Emit through the logs API: gRPC, console and whatever else upstream's exporters are."""
    from opentelemetry._logs import LogRecord, SeverityNumber, get_logger

    scopes = _Scopes()

    def export(now: int, event: Event, span: Span, error: BaseException | None, told: Fields | None = None) -> bool:
        if scopes[event["logger"]] is None:
            return False
        record = LogRecord(
            timestamp=now,
            context=set_span_in_context(span),
            severity_number=SeverityNumber(_SEVERITY[event["level"]]),
            severity_text=event["level"],
            body=event["message"],
            attributes=dict(told or _attributes(event, error)),
        )
        get_logger(event["logger"]).emit(record)
        return True

    return export


def _attributes(event: Event, error: BaseException | None) -> Mapping[str, Any]:
    if error is None:
        return {key: value for key, value in event.items() if key not in _ELSEWHERE}
    attributes = {key: value for key, value in event.items() if key not in _ELSEWHERE_ON_EXCEPTIONS}
    kind = type(error)
    attributes["exception.type"] = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    attributes["exception.message"] = message_of(error)
    attributes["exception.stacktrace"] = event["exception"]
    return attributes
