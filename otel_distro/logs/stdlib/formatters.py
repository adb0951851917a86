# SPDX-License-Identifier: Apache-2.0
"""What formatters can show of a record: of those that are known to show no more than it says, a line need not be searched.

Everything else is searched: subclasses, styles, processors and options that nobody has looked at.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from enum import Enum
from typing import Any, Final

from otel_distro.logs.redaction.redact import is_clean
from otel_distro.upstream import format_defaults, format_used

_MOST_KNOWN: Final = 64
_JSON: Final = frozenset(
    (
        ("pythonjsonlogger.json", "JsonFormatter"),
        ("pythonjsonlogger.jsonlogger", "JsonFormatter"),
        ("pythonjsonlogger.orjson", "OrjsonFormatter"),
        ("pythonjsonlogger.msgspec", "MsgspecFormatter"),
    )
)
# Options of python-json-logger that put something beside what a record says, or give it another name.
_JSON_OPTIONS: Final = ("rename_fields", "static_fields", "defaults", "prefix")
_FORMATTER: Final = ("structlog.stdlib", "ProcessorFormatter")
_NAMES: Final = re.compile(r"%\((.+?)\)").findall
# What of a record may speak by itself: objects are rendered, arguments in another way than in the message.
_SPEAKING: Final = frozenset(("args", "exc_info", "exc_text", "msg", "stack_info"))
# What a format may show beside the message; the fields of `extra=` would stand there without their names.
_SHOWN: Final = (frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}) - _SPEAKING
# What would be redacted behind the name of a secret, or of a scheme.
_PLACE: Final = re.compile(r"%\(\w+\)[^a-z]*[a-z]")
_PROBES: Final = ("a1B2c3D4e5F6g7H8i9", "483921", "dXNlcjpoNG50ZXIy")


class Shape(Enum):
    """What a formatter shows."""

    RECORD = "message, standard attributes and `extra=` of a record"
    EVENT = "structlog's event, rendered"
    UNKNOWN = "anything"


Parts = tuple[Any, ...]
# A formatter, whether it has options, what it consisted of when it was looked at, and what was found.
_known: dict[int, tuple[Any, bool, Parts, Shape]] = {}


def shape_of(formatter: logging.Formatter | None) -> Shape:
    """Return what a handler's formatter shows."""
    if formatter is None:
        return Shape.RECORD
    if not isinstance(formatter, logging.Formatter):
        return Shape.UNKNOWN
    known = _known.get(id(formatter))
    if known is not None and known[0] is formatter:
        _, has_options, parts, shape = known
        if parts == _parts(formatter, formatter.__dict__, has_options=has_options):
            return shape
    return _looked_at(formatter)


def _looked_at(formatter: logging.Formatter) -> Shape:
    has_options = not formatter.__dict__.keys().isdisjoint(_JSON_OPTIONS)
    # A copy: who sets an attribute later is found out.
    parts = _parts(formatter, formatter.__dict__.copy(), has_options=has_options)
    shape = _examined(formatter, parts)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[id(formatter)] = formatter, has_options, parts, shape
    return shape


def _parts(formatter: logging.Formatter, said: dict[str, Any], *, has_options: bool) -> Parts:
    """Return what decides, to see when it changes: attributes, and what stands in those that can be changed in place."""
    return (
        said,
        format_used(formatter),
        has_options and any(map(said.get, _JSON_OPTIONS)),
        *said.get("processors", ()),
    )


def _examined(formatter: logging.Formatter, parts: Parts) -> Shape:
    said, form, has_options, *processors = parts
    kind = type(formatter)
    path = kind.__module__, kind.__qualname__
    if not isinstance(form, str) or type(said.get("_style")) is not logging.PercentStyle or _is_shadowed(formatter):
        # python-json-logger has its own idea of styles
        return Shape.UNKNOWN
    if kind is logging.Formatter:
        return Shape.RECORD if _shows_a_record(formatter, form) else Shape.UNKNOWN
    if getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is not kind:
        return Shape.UNKNOWN
    if path == _FORMATTER:
        return Shape.EVENT if form == "%(message)s" and _show_the_event(processors) else Shape.UNKNOWN
    plain = path in _JSON and not has_options and _writes_fields(kind, said) and _SPEAKING.isdisjoint(_NAMES(form))
    return Shape.RECORD if plain else Shape.UNKNOWN


def _shows_a_record(formatter: logging.Formatter, form: str) -> bool:
    """Whether a format shows the message and standard attributes, and makes no secret of any: `token=%(message)s` would."""
    if format_defaults(formatter) or not _SHOWN.issuperset(_NAMES(form)) or not is_clean(formatter.datefmt or ""):
        return False
    return all(is_clean(_PLACE.sub(probe, form)) for probe in _PROBES)


def _show_the_event(processors: list[Any]) -> bool:
    """Whether structlog's processors show no more than the event."""
    from otel_distro.upstream.structlog import adds_nothing  # whose formatter this is

    return all(map(adds_nothing, processors))


def _writes_fields(kind: type, said: dict[str, Any]) -> bool:
    """Whether a formatter of python-json-logger writes texts and numbers as they are, and leaves out what may speak."""
    home: Any = sys.modules[kind.__module__]
    encoders = (None, getattr(home, "JsonEncoder", None))
    if said.get("json_serializer", json.dumps) is not json.dumps or said.get("json_encoder") not in encoders:
        return False
    if said.get("timestamp") and said.get("json_default") is not None:  # that one is asked about the time
        return False
    return said.get("json_indent") in (None, 2, 4) and set(said.get("reserved_attrs", ())) >= _SPEAKING


def _is_shadowed(formatter: logging.Formatter) -> bool:
    """Whether methods were put on the object itself."""
    return any(callable(value) and hasattr(type(formatter), name) for name, value in formatter.__dict__.items())
