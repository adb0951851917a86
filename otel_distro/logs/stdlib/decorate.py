# SPDX-License-Identifier: Apache-2.0
"""Lines that the application's own handlers format: their shape stays, the ids are added, secrets are not."""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Final

from otel_distro.diagnostics import fault
from otel_distro.ground.patch import standing_in
from otel_distro.logs.console import SHORT_ID, Readers
from otel_distro.logs.fields import SPAN_IDS
from otel_distro.logs.ids import LineIds
from otel_distro.logs.redaction.redact import UNREADABLE, redact_text
from otel_distro.logs.stdlib.console_handlers import shows_records
from otel_distro.logs.stdlib.formatters import Shape, shape_of
from otel_distro.logs.stdlib.records import exported, ids_of, is_flat, says_nothing_else

_NONE: Mapping[str, str] = {}
_PLAIN_ID: Final = re.compile(r"[\w.:/-]+", re.ASCII)
Format = Callable[[logging.Handler, logging.LogRecord], str]


def decorating(original: Format, readers: Readers) -> Format:
    """Build the `Handler.format` that completes what a formatter made for the console, or as JSON.

    Files, mails and the handlers of tests get the text as it is.
    """

    @standing_in("logging", like=original)
    @functools.wraps(original)
    def format_record(self: logging.Handler, record: logging.LogRecord) -> str:
        text = original(self, record)
        # A QueueHandler formats only so that the record can be pickled; it is formatted again behind the queue.
        if hasattr(self, "queue") or not isinstance(text, str):
            return text
        try:
            if is_json_object(text) and is_flat(record) and shape_of(self.formatter) is Shape.EVENT:
                return with_ids(text, _NONE, exported=exported(record))  # the ids were put into the event
            return _completed(self, record, text, readers)
        except Exception as error:  # noqa: BLE001 - the boundary: what could not be examined is not written
            fault("log formatting", error)
            return UNREADABLE

    return format_record


def _completed(handler: logging.Handler, record: logging.LogRecord, text: str, readers: Readers) -> str:
    """Return what a formatter made without secrets and with the ids, if it is JSON or for the console."""
    cookie, text = _without_cookie(text)
    json_object = is_json_object(text)
    console = not json_object and shows_records(handler)
    if not json_object and not console:
        return cookie + text
    shape = shape_of(handler.formatter)
    if shape is Shape.EVENT and is_flat(record):
        redacted, ids = text, _NONE
    else:
        known = shape is Shape.RECORD and says_nothing_else(record)
        redacted, ids = text if known else redact_text(text), ids_of(record)
    if console and readers.are_people(getattr(handler, "stream", None)):
        return with_short_id(redacted, ids_of(record))
    return cookie + with_ids(redacted, ids, exported=exported(record))


def with_ids(text: str, ids: Mapping[str, str], *, exported: bool = False) -> str:
    """Return a formatted line with the ids that it lacks.

    A JSON object gets them as keys; other text at the end of its first line, before a traceback.
    """
    if not ids and not exported:
        return text
    if is_json_object(text):
        return _with_keys(text, ids, exported=exported)
    missing = " ".join(f"{name}={ids[name]}" for name in ("trace_id", "span_id") if name in ids)
    if not missing or ids["trace_id"] in text:
        return text
    first, feed, rest = text.partition("\n")
    return f"{first} {missing}{feed}{rest}"


def with_short_id(text: str, ids: Mapping[str, str]) -> str:
    """Return a formatted line for people, with as much of the trace id as they compare."""
    trace_id = ids.get("trace_id", "")[:SHORT_ID]
    if not trace_id or trace_id in text:
        return text
    first, feed, rest = text.partition("\n")
    return f"{first} {trace_id}{feed}{rest}"


@functools.lru_cache(maxsize=64)
def _in_json(value: str) -> str:
    """Return an id, or its name, as JSON has it: most need no escapes, and lines of a request share theirs."""
    return f'"{value}"' if _PLAIN_ID.fullmatch(value) else json.dumps(value)


def _without_cookie(text: str) -> tuple[str, str]:
    """Return what syslog's readers know JSON by, if a line begins so, and the line behind it.

    https://www.rsyslog.com/doc/configuration/modules/mmjsonparse.html
    """
    begin = text.find("{") if text.startswith("@cee:") else 0
    return (text[:begin], text[begin:]) if begin > 0 else ("", text)


def is_json_object(text: str) -> bool:
    """Whether a formatted line is a JSON object, as far as its ends show."""
    return text.startswith("{") and text.endswith("}")


def _with_keys(text: str, ids: Mapping[str, str], *, exported: bool) -> str:
    if not ids:
        return text if '"otlp"' in text else _ending(text, '"otlp": true')
    if type(ids) is LineIds and not exported:
        names, members = ids.members or _members(ids)
        if not any(map(text.__contains__, names)):
            return _ending(text, members)
    for name in SPAN_IDS:
        if ids.get(name, text) not in text and text.count(f'"{name}"') == 1:  # another's: the real one is to be found
            text = text.replace(f'"{name}"', f'"{name}_"')
    added = [f"{_in_json(name)}: {_in_json(value)}" for name, value in ids.items() if f'"{name}"' not in text]
    if exported and '"otlp"' not in text:
        added.append('"otlp": true')
    return _ending(text, ", ".join(added)) if added else text


def _members(ids: LineIds) -> tuple[tuple[str, ...], str]:
    """Make the members that all lines of a span share, which are a few, and keep them."""
    names = tuple(map(_in_json, ids))
    ids.members = names, ", ".join(f"{_in_json(name)}: {_in_json(value)}" for name, value in ids.items())
    return ids.members


def _ending(text: str, added: str) -> str:
    body = text[:-1].rstrip()
    return f"{body}{'' if body == '{' else ', '}{added}}}"
