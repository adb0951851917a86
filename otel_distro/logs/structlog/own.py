# SPDX-License-Identifier: Apache-2.0
"""Events of applications that brought their own renderer: its shape stays, the ids are added, secrets are not."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from structlog import BytesLogger, DropEvent
from structlog.dev import ConsoleRenderer
from structlog.stdlib import ProcessorFormatter, render_to_log_args_and_kwargs, render_to_log_kwargs
from structlog.testing import LogCapture

from otel_distro.diagnostics import fault
from otel_distro.logs.console import SHORT_ID
from otel_distro.logs.emit import Emitter, counted
from otel_distro.logs.fields import EXPORTED, SPAN_IDS
from otel_distro.logs.ids import shared_ids
from otel_distro.logs.redaction.in_place import redact_in_place
from otel_distro.logs.redaction.json_safe import is_plain
from otel_distro.logs.redaction.redact import redact_text
from otel_distro.logs.stdlib.records import Rendered, hand_over
from otel_distro.logs.structlog.event import Event, level_of, processed_event
from otel_distro.upstream.structlog import NAME_TO_LEVEL, adds_nothing

# These only hand the event on to the standard library, where it is exported and written.
_HANDING_ON: Final = (ProcessorFormatter.wrap_for_formatter, render_to_log_kwargs, render_to_log_args_and_kwargs)


def as_line_for(logger: Any, emitter: Emitter, method_name: str, fields: Event) -> Any:
    """Return the arguments for a logger whose renderer nobody chose: the contract's line."""
    if not _is_enabled(logger, method_name):
        raise DropEvent
    message, error = processed_event(fields)
    level, name = level_of(method_name), name_of(logger)
    left_out = emitter.left_out(level, name, message)
    if left_out is None:
        raise DropEvent
    event = emitter.event(level, name, message, counted(fields, left_out), error)
    line = emitter.line(event, None if emitter.stdout.is_fixed() else sys.stdout).removesuffix(b"\n")
    if isinstance(logger, BytesLogger):
        return (line,), {}
    text = line.decode()
    return (Rendered(text) if isinstance(logger, logging.Logger) else text,), {}


def name_of(logger: Any) -> str:
    """Return the name of whatever structlog wraps."""
    name = getattr(logger, "name", None)
    return name if isinstance(name, str) else "structlog"


class OwnRenderer:
    """Runs the application's renderer on an event that has its ids."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter

    def __call__(self, logger: Any, method_name: str, event_dict: Any, renderer: Callable[..., Any]) -> Any:
        """Return the arguments for the logger's method, as structlog's own `_process_event` does."""
        clean = False
        # An abstract class's `isinstance` takes five calls.
        is_mapping = type(event_dict) is dict or isinstance(event_dict, MutableMapping)
        if is_mapping and not isinstance(renderer, LogCapture):
            try:
                clean = self._prepare(logger, method_name, event_dict, renderer)
            except DropEvent:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: the application's line is written all the same
                fault("structlog event", error)
        return _arguments(logger, renderer(logger, method_name, event_dict), clean=clean)

    def _prepare(self, logger: Any, method_name: str, event_dict: Any, renderer: Callable[..., Any]) -> bool:
        """Take the secrets out, add the ids, sample and export; whether what is rendered can have no secret in it."""
        # Of an exception no more than a flag may be there: its text comes with the renderer.
        flat = redact_in_place(event_dict) and not event_dict.get("exc_info")
        ids = self._add_ids(event_dict, renderer)
        if renderer in _HANDING_ON:
            examined = flat and type(event_dict) is dict and renderer is ProcessorFormatter.wrap_for_formatter
            hand_over(event_dict if examined else None, ids)
            return False
        if not _is_enabled(logger, method_name):
            return False
        if self._emitter.is_watched:
            self._sample_and_export(logger, method_name, event_dict, renderer, flat=flat)
        return adds_nothing(renderer) and type(event_dict) is dict and (flat or _is_told(event_dict))

    def _add_ids(self, event_dict: Any, renderer: Callable[..., Any]) -> Mapping[str, str]:
        ids = shared_ids()
        if type(renderer) is ConsoleRenderer and self._emitter.readers.are_people(sys.stdout):
            _add(_short(ids), event_dict)
        elif event_dict.keys().isdisjoint(ids):
            event_dict.update(ids)
        else:
            _add(ids, event_dict)
        return ids

    def _sample_and_export(
        self, logger: Any, method_name: str, event_dict: Any, renderer: Callable[..., Any], *, flat: bool
    ) -> None:
        level, name = level_of(method_name), name_of(logger)
        left_out = self._emitter.left_out(level, name, str(event_dict.get("event")))
        if left_out is None:
            raise DropEvent
        if left_out:
            event_dict["left_out"] = left_out
        if self._emitter.export is not None:
            fields = dict(event_dict)
            message, error = processed_event(fields)
            exported = self._emitter.export_flat(level, name, message, fields) if flat and error is None else None
            if exported is None:
                ours = shared_ids().items()
                fields = {key: value for key, value in fields.items() if (key, value) not in ours}
                exported = EXPORTED in self._emitter.event(level, name, message, fields, error)
            if exported and not isinstance(renderer, ConsoleRenderer):
                event_dict[EXPORTED] = True


def _add(ids: Mapping[str, str], event: Any) -> None:
    for name, value in ids.items():
        theirs = event.setdefault(name, value)
        if name in SPAN_IDS and (type(theirs) is not str or theirs != value):  # it would hide the real one
            event[f"{name}_"], event[name] = theirs, value


def _is_enabled(logger: Any, method_name: str) -> bool:
    """Whether a logger of the standard library will take the event; others take all."""
    if not isinstance(logger, logging.Logger):
        return True
    return logger.isEnabledFor(NAME_TO_LEVEL.get(method_name, logging.INFO))


def _is_told(event: Any) -> bool:
    """Whether the values of an event show all that a renderer can make of them."""
    return not event.get("exc_info") and is_plain(event)


def _short(ids: Mapping[str, str]) -> dict[str, str]:
    """Return as much of the trace id as people compare."""
    return {"trace_id": ids["trace_id"][:SHORT_ID]} if "trace_id" in ids else {}


def _arguments(logger: Any, rendered: Any, *, clean: bool) -> Any:
    """Return what a renderer made as the arguments of the logger's method; `clean` if no secret can be in it."""
    if isinstance(rendered, (bytes, bytearray)):
        return (rendered if clean else _redact_bytes(rendered),), {}
    if isinstance(rendered, str):
        text = rendered if clean else redact_text(rendered)
        return (Rendered(text) if isinstance(logger, logging.Logger) else text,), {}
    if isinstance(rendered, tuple):
        return rendered if isinstance(logger, logging.Logger) else _redact_arguments(rendered)
    if isinstance(rendered, dict):
        return (), rendered
    raise ValueError(
        "Last processor didn't return an appropriate value.  "
        "Valid return values are a dict, a tuple of (args, kwargs), bytes, or a str."
    )


def _redact_arguments(rendered: tuple[Any, ...]) -> tuple[Any, ...]:
    """Search the texts among what a renderer made for a logger of the application's own."""
    if len(rendered) == 2 and isinstance(rendered[0], tuple):
        arguments, named = rendered
        return tuple(map(_searched, arguments)), named
    return tuple(map(_searched, rendered))


def _searched(argument: Any) -> Any:
    if isinstance(argument, str):
        return redact_text(argument)
    return _redact_bytes(argument) if isinstance(argument, (bytes, bytearray)) else argument


def _redact_bytes(rendered: bytes | bytearray) -> bytes | bytearray:
    try:
        text = rendered.decode()
    except UnicodeDecodeError:  # msgpack, say: its values were redacted before, and changed bytes would break it
        return rendered
    redacted = redact_text(text)
    return rendered if redacted == text else redacted.encode("utf-8", "surrogatepass")
