# SPDX-License-Identifier: Apache-2.0
"""loguru: the contract's line where nobody chose a format; ids and no secrets in the lines of those who did.

Each record reaches each sink through `Handler.emit`, so that is the seam. What files, functions and other sinks of the
application get stays as it was; JSON (`serialize=True`) and the console get the ids of the moment when the record was
made, also behind `enqueue=True`.

Imported only once the application imports loguru.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from otel_distro.diagnostics import fault
from otel_distro.ground.patch import Patches
from otel_distro.logs.emit import Emitter, Event
from otel_distro.logs.ids import current_ids
from otel_distro.logs.redaction.redact import UNREADABLE, redact_text
from otel_distro.logs.stdlib.console_handlers import is_console
from otel_distro.logs.stdlib.decorate import with_ids, with_short_id
from otel_distro.logs.stdlib.records import level_name
from otel_distro.upstream.loguru import (
    SERIALIZE,
    Handler,
    Message,
    StreamSink,
    handler_module,
    is_default,
    lets_through,
    stream_of,
)


def install(emitter: Emitter) -> Callable[[], None]:
    """Send what loguru logs through the emitter, where nobody chose how it looks; return what undoes it."""
    patches = Patches()
    patches.set(Handler, "emit", _emit(Handler.emit, emitter))
    patches.set(Handler, SERIALIZE, staticmethod(_serialize(getattr(Handler, SERIALIZE))))
    patches.set(StreamSink, "write", _write(StreamSink.write, emitter))
    patches.set(handler_module, "Message", MessageWithIds)
    return patches.undo


class MessageWithIds(Message):
    """What a sink gets: the formatted text, the record, and the ids of the moment when it was formatted."""

    __slots__ = ("ids",)

    def __init__(self, _text: str) -> None:
        self.ids: Mapping[str, str] = current_ids()


def _emit(original: Callable[..., None], emitter: Emitter) -> Callable[..., None]:
    """Build the handler's method that formats and writes a record."""
    ours: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
    current = _Current()

    def emit(  # noqa: PLR0913, PLR0917 - the method that it stands in for
        self: Any, record: Any, level_id: Any, from_decorator: Any, is_raw: Any, colored_message: Any
    ) -> None:
        stands_in = ours.get(self)
        if stands_in is None:
            stands_in = ours[self] = is_default(self)
        stream = stream_of(self) if stands_in and not is_raw else None
        stands_in, event = stream is not None and is_console(stream), None
        try:
            passes = lets_through(self, record) if stands_in or emitter.export is not None else False
            if passes is None:
                stands_in = False  # loguru has its own way to tell of filters that raise
            elif passes:
                event = current.event_of(record, emitter)
                if stands_in:
                    emitter.write(event, stream)
        except Exception as error:  # noqa: BLE001 - the boundary: logging never raises into the application
            fault("loguru record", error)
            stands_in = False
        if not stands_in:
            with emitter.passing_on(event):
                original(self, record, level_id, from_decorator, is_raw, colored_message)

    return emit


class _Current(threading.local):
    """The record that this thread's sinks get, one after the other, and its event, which is exported once."""

    # Not the record itself, which would keep its exception alive and all that stands in the frames of that.
    known: tuple[int, Any] = (0, None)
    event: Event = {}  # noqa: RUF012 - each thread has its own

    def event_of(self, record: Any, emitter: Emitter) -> Event:
        """Return the event of a record, made when the first sink gets it."""
        known = id(record), record["time"]
        if known != self.known:
            self.event = emitter.event(*_event_of(record))
            self.known = known
        return self.event


def _event_of(record: Any) -> tuple[str, str, str, Mapping[str, Any], BaseException | None]:
    error = record["exception"].value if record["exception"] else None
    name = record["name"] or "loguru"
    # As loguru's default format says where the line comes from; what the application bound under that name goes before.
    fields = {"caller": f"{name}:{record['function']}:{record['line']}", **record["extra"]}
    return level_name(record["level"].no), name, record["message"], fields, error


def _serialize(original: Callable[[str, Any], str]) -> Callable[[str, Any], str]:
    """Build the function that makes JSON of a record: the ids are keys beside loguru's own."""

    def serialize(text: str, record: Any) -> str:
        line = original(text, record)
        return _completed(line, current_ids(), with_ids)

    return serialize


def _write(original: Callable[[Any, str], None], emitter: Emitter) -> Callable[[Any, str], None]:
    """Build the method that writes a line to a stream: the console's lines get ids."""

    def write(self: Any, message: Any) -> None:
        stream = self._stream
        if type(message) is MessageWithIds and is_console(stream):
            complete = with_short_id if emitter.readers.are_people(stream) else with_ids
            message = _completed(message, message.ids, complete)
        original(self, message)

    return write


def _completed(line: str, ids: Mapping[str, str], complete: Callable[[str, Mapping[str, str]], str]) -> str:
    """Return a line, whose end stays at its end, with the ids and without secrets."""
    try:
        text = line.rstrip("\n")
        return complete(redact_text(text), ids) + line[len(text) :]
    except Exception as error:  # noqa: BLE001 - the boundary: what could not be examined is not written
        fault("loguru line", error)
        return f"{UNREADABLE}\n"
