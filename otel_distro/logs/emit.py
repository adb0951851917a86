# SPDX-License-Identifier: Apache-2.0
"""The one path from a log call to its line, for structlog and the standard library alike.

enrich (ids of span and request) -> redact -> export, if asked for -> encode -> one write
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import gmtime, strftime, time_ns
from typing import Any, Final, Protocol

from opentelemetry.trace import INVALID_SPAN, Span

from otel_distro.diagnostics import fault
from otel_distro.ground.logged_exceptions import mark_logged
from otel_distro.ground.request_ids import MessageIds
from otel_distro.ground.request_ids import current as current_request
from otel_distro.logs.console import Readers
from otel_distro.logs.encode import encode, fit
from otel_distro.logs.errors import error_fields
from otel_distro.logs.fields import ALWAYS, DEPLOYMENT, EXCEPTION, EXPORTED, FAILURES, REQUEST_IDS, SPAN_IDS
from otel_distro.logs.ids import add_ids
from otel_distro.logs.passing import Passed, Passing
from otel_distro.logs.redaction.in_place import flat_fields
from otel_distro.logs.redaction.json_safe import value_key
from otel_distro.logs.redaction.redact import UNREADABLE, redact_fields, redact_long, redact_value
from otel_distro.logs.sampling import Sampler
from otel_distro.logs.stdout import PIPE_BUF, Stdout
from otel_distro.settings.model import Settings
from otel_distro.upstream.context import SPAN_KEY, current_context

Event = dict[str, Any]
Fields = Mapping[str, Any]


class Export(Protocol):
    """Hands an event to the exporters, and says whether it was accepted.

    It takes nanoseconds, the event (or its level, logger and message), its span, the exception that it is about, and what
    else goes along, where that is no part of the event.
    """

    def __call__(
        self, now: int, event: Event, span: Span, error: BaseException | None, told: Fields | None = None, /
    ) -> bool:
        """Hand it over."""


# What a field may not be called that is told beside these.
_OF_THE_CONTRACT: Final = frozenset((*ALWAYS, *DEPLOYMENT, *EXCEPTION, EXPORTED))
_SECOND: Final = 1_000_000_000  # nanoseconds


class Emitter:
    """Turns log calls into lines, and into records for the exporter.

    Args:
        settings: the service's identity and the limits.
        export: hands events to the exporters; None when off.
        readers: who gets lines for people instead of JSON.
    """

    def __init__(
        self,
        settings: Settings,
        export: Export | None = None,
        readers: Readers | None = None,
    ) -> None:
        service = settings.service
        described = {"environment": service.environment, "version": service.version}
        self.export = export
        self.stdout = Stdout(settings.logs.stream)
        self.readers = readers or Readers(json=True)
        self.service = service.name
        self.constants = {key: value for key, value in described.items() if value}
        self.most = settings.logs.max_line_bytes
        self._render = self.readers.renderer_for(self.stdout.real)
        self._second = (0, "")
        self._passed = Passed()
        self._sampler = Sampler(settings.logs.sample_every) if settings.logs.sample_every else None

    @property
    def is_plain(self) -> bool:
        """Whether every event becomes one line of JSON, as it is."""
        return self._render is None and self._sampler is None

    def emit(  # noqa: PLR0913, PLR0917 - what an event consists of
        self,
        level: str,
        logger: str,
        message: str,
        fields: Fields,
        error: BaseException | None = None,
        stream: Any = None,
    ) -> None:
        """Export and write one event; the arguments are those of `event` and of `write`."""
        if self._sampler is not None:
            left_out = self._sampler.left_out(level, logger, message)
            if left_out is None:
                return
            fields = counted(fields, left_out)
        self.write(self.event(level, logger, message, fields, error), stream)

    def left_out(self, level: str, logger: str, message: str) -> int | None:
        """Return how many lines like this one were left out since the last; None if this one is to be left out too."""
        return self._sampler.left_out(level, logger, message) if self._sampler else 0

    def event(self, level: str, logger: str, message: str, fields: Fields, error: BaseException | None = None) -> Event:
        """Return an event with its ids and without secrets, after its record was handed to the exporter.

        Args:
            level: debug, info, warning, error or critical.
            logger: the logger's name.
            message: the event text.
            fields: everything else that the application said, of any type.
            error: the exception that the event is about.
        """
        now = time_ns()
        event: Event = {
            "timestamp": self.timestamp(now),
            "level": level,
            "service": self.service,
            "logger": logger,
            "message": redact_long(message),
        }
        span = add_ids(event, error)
        event.update(self.constants)
        expected = len(event) + len(fields)
        try:
            redact_fields(fields, event)
            if len(event) != expected or EXPORTED in fields:  # two names became one
                event = self._with_all(fields, self._head(now, level, logger, message, error))
        except Exception as failure:  # noqa: BLE001 - fail closed, and never lose the line
            fault("log fields", failure)
            event["fields"] = UNREADABLE
        if error is not None:
            _add(error_fields(error), event)
            if level in FAILURES:
                mark_logged(error)
                if type(request := current_request.get()) is MessageIds:
                    request.processing.failed(error)
        if self.export is not None and self.accepts(now, event, span, error):
            event[EXPORTED] = True
        return event

    @property
    def is_watched(self) -> bool:
        """Whether an event of the application's own shape is to be sampled or exported."""
        return self.export is not None or self._sampler is not None

    def export_flat(self, level: str, logger: str, message: str, fields: Fields) -> bool | None:
        """Export an event whose fields were examined; whether it was accepted, None if it has to be built after all.

        Args:
            level: as in `event`.
            logger: the logger's name.
            message: a text that was examined.
            fields: names that announce no secret, with texts that were examined, numbers and flags.
        """
        named = flat_fields(fields)
        if named is None or not _OF_THE_CONTRACT.isdisjoint(named):
            return None
        for name in SPAN_IDS:  # which the record has from its span
            named.pop(name, None)
        span: Any = current_context().get(SPAN_KEY)
        head = {"level": level, "logger": logger, "message": message}
        return self.accepts(time_ns(), head, INVALID_SPAN if span is None else span, None, named)

    def passing_on(self, event: Event | None) -> Passing:
        """Take further events of this thread for the same one, on its way to another logger, until this has ended."""
        return Passing(self._passed, event)

    def _head(self, now: int, level: str, logger: str, message: str, error: BaseException | None) -> Event:
        """Return once more what an event begins with."""
        head = {"timestamp": self.timestamp(now), "level": level, "service": self.service, "logger": logger}
        head["message"] = redact_long(message)
        add_ids(head, error)
        return {**head, **self.constants}

    @staticmethod
    def _with_all(fields: Fields, event: Event) -> Event:
        """Add fields of which some are called alike, or like one of the contract's: none loses its value."""
        if "value" in fields:  # its neighbours may say what it is
            fields = {**fields, "value": redact_value(value_key("value", fields), fields["value"])}
        for key, value in fields.items():
            examined: Event = {}
            redact_fields({key: value}, examined)
            for name, said in examined.items():
                if name in REQUEST_IDS or (name not in event and name != EXPORTED):
                    event[name] = said
                elif event.get(name) != said:  # the ids may come back to us through the standard library
                    event[_free(name, event)] = said
        return event

    def accepts(
        self, now: int, event: Event, span: Span, error: BaseException | None, told: Fields | None = None
    ) -> bool:
        """Hand over to the exporters, and say whether that was accepted; the arguments are those of `Export`."""
        try:
            passed = self._passed.event
            if passed is not None:
                return EXPORTED in passed
            return self.export is not None and self.export(now, event, span, error, told)
        except Exception as failure:  # noqa: BLE001 - an exporter's fault leaves the line to the collector
            fault("log export", failure)
            return False

    def line(self, event: Event, stream: Any = None) -> bytes:
        """Return the event as the bytes of its line, line feed included, as the stream's readers want it."""
        render = self._render if stream is None else self.readers.renderer_for(stream)
        if render is not None:
            return render(event)
        line = encode(event)
        return line if len(line) <= self.most else fit(event, self.most)

    def write(self, event: Event, stream: Any = None) -> None:
        """Write the event's line.

        Args:
            event: what to write.
            stream: where to, in a process that does not serve; standard output by default.
        """
        stdout = self.stdout
        if not stdout.fixed and not stdout.is_fixed():
            stream = sys.stdout if stream is None else stream
            stdout.print(self.line(event, stream), stream)
            return
        line = self.line(event)
        if len(line) <= PIPE_BUF:
            stdout.put(line)
        else:
            stdout.write(line, lambda: fit(event, PIPE_BUF) if self._render is None else line)

    def timestamp(self, now: int) -> str:
        """Return nanoseconds since the epoch as text; the part that a second shares is kept."""
        begin, text = self._second  # one tuple: threads never see the text of another second
        rest = now - begin
        if not 0 <= rest < _SECOND:
            second, rest = divmod(now, _SECOND)
            text = strftime("%Y-%m-%dT%H:%M:%S.", gmtime(second))
            self._second = (second * _SECOND, text)
        return f"{text}{rest // 1000:06d}Z"


def counted(fields: Fields, left_out: int) -> Fields:
    """Return the fields of a line, with the count of those that were left out before it."""
    return {**fields, "left_out": left_out} if left_out else fields


def _add(ours: Fields, event: Event) -> None:
    """Add fields of the contract; what the application called the same keeps its value under another name."""
    for name, value in ours.items():
        if name in event:
            event[_free(name, event)] = event[name]
        event[name] = value


def _free(name: str, event: Event) -> str:
    """Return the name with as many underscores as make it one that is not taken."""
    while name in event or name == EXPORTED:
        name += "_"
    return name
