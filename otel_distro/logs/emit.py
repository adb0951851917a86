# SPDX-License-Identifier: Apache-2.0
"""The one path from a log call to its line, for structlog and the standard library alike.

enrich (ids of span and request) -> redact -> export, if asked for -> encode -> one write
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import gmtime, strftime, time_ns
from typing import Any, Final

from opentelemetry.trace import Span

from otel_distro.diagnostics import fault
from otel_distro.logs.encode import encode, fit
from otel_distro.logs.errors import error_fields
from otel_distro.logs.fields import EXPORTED, RESERVED, SPAN_IDS
from otel_distro.logs.ids import add_ids
from otel_distro.logs.redact import UNREADABLE, redact_fields, redact_long
from otel_distro.logs.sampling import Sampler
from otel_distro.logs.stdout import PIPE_BUF, Stdout
from otel_distro.variables import Settings

Event = dict[str, Any]
Fields = Mapping[str, Any]
Export = Callable[[int, Event, "Span", "BaseException | None"], bool]

_SECOND: Final = 1_000_000_000  # nanoseconds


class Emitter:
    """Turns log calls into lines, and into records for the exporter.

    Args:
        settings: the service's identity and the limits.
        export: takes (nanoseconds, event, span, error), says whether the record was accepted; None when off.
        render: turns an event into a line for people; None for JSON.
    """

    def __init__(
        self,
        settings: Settings,
        export: Export | None = None,
        render: Callable[[Event], bytes] | None = None,
    ) -> None:
        service = settings.service
        described = {"environment": service.environment, "version": service.version}
        self.export = export
        self.stdout = Stdout()
        self.service = service.name
        self.constants = {key: value for key, value in described.items() if value}
        self.most = settings.logs.max_line_bytes
        self._render = render
        self._second = (0, "")
        self._sampler = Sampler(settings.logs.sample_every) if settings.logs.sample_every else None

    @property
    def is_plain(self) -> bool:
        """Whether every event becomes one line of JSON, and nothing else."""
        return self.export is None and self._render is None and self._sampler is None

    def emit(self, level: str, logger: str, message: str, fields: Fields, error: BaseException | None = None) -> None:
        """Export and write one event; the arguments are those of `event`."""
        if self._sampler is not None:
            left_out = self._sampler.left_out(level, logger, message)
            if left_out is None:
                return
            fields = counted(fields, left_out)
        self.write(self.event(level, logger, message, fields, error))

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
        try:
            redact_fields(fields if RESERVED.isdisjoint(fields) else _renamed(fields, event), event)
        except Exception as failure:  # noqa: BLE001 - fail closed, and never lose the line
            fault("log fields", failure)
            event["fields"] = UNREADABLE
        if error is not None:
            event.update(error_fields(error))
        if self.export is not None:
            self._hand_over(self.export, now, event, span, error)
        return event

    @staticmethod
    def _hand_over(export: Export, now: int, event: Event, span: Span, error: BaseException | None) -> None:
        try:
            if export(now, event, span, error):
                event[EXPORTED] = True
        except Exception as failure:  # noqa: BLE001 - an exporter's fault leaves the line to the collector
            fault("log export", failure)

    def line(self, event: Event) -> bytes:
        """Return the event as the bytes of its line, line feed included."""
        if self._render is not None:
            return self._render(event)
        line = encode(event)
        return line if len(line) <= self.most else fit(event, self.most)

    def write(self, event: Event) -> None:
        """Write the event's line."""
        line = self.line(event)
        if len(line) <= PIPE_BUF:
            self.stdout.put(line)
        else:
            self.stdout.write(line, lambda: fit(event, PIPE_BUF) if self._render is None else line)

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


def _renamed(fields: Fields, event: Event) -> dict[str, Any]:
    taken = RESERVED.intersection((*event, EXPORTED))
    renamed = {f"{key}_" if key in taken else key: value for key, value in fields.items()}
    for key in SPAN_IDS:  # bound by ourselves, on the way through the standard library
        if type(renamed.get(f"{key}_")) is str and renamed[f"{key}_"] == event.get(key):
            del renamed[f"{key}_"]
    return renamed
