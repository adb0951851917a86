# SPDX-License-Identifier: Apache-2.0
"""Events of applications that brought their own renderer: its shape stays, the ids are added, secrets are not."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from structlog import BytesLogger, DropEvent
from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter, render_to_log_args_and_kwargs, render_to_log_kwargs
from structlog.testing import LogCapture

from otel_distro.diagnostics import fault
from otel_distro.logs.emit import Emitter, counted
from otel_distro.logs.fields import EXPORTED
from otel_distro.logs.ids import current_ids
from otel_distro.logs.records import Rendered
from otel_distro.logs.redact import redact_in_place, redact_text
from otel_distro.logs.structlog_event import Event, level_of, processed_event
from otel_distro.upstream.structlog import NAME_TO_LEVEL

_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_DEEPEST: Final = 4
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
    line = emitter.line(event).removesuffix(b"\n")
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
        if isinstance(event_dict, MutableMapping) and not isinstance(renderer, LogCapture):
            try:
                self._prepare(logger, method_name, event_dict, renderer)
                clean = type(renderer) is JSONRenderer and all(map(_is_plain, event_dict.values()))
            except DropEvent:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: the application's line is written all the same
                fault("structlog event", error)
        return _arguments(logger, renderer(logger, method_name, event_dict), clean=clean)

    def _prepare(self, logger: Any, method_name: str, event_dict: Any, renderer: Callable[..., Any]) -> None:
        """Add the ids, take the secrets out, sample and export."""
        for name, value in current_ids().items():
            event_dict.setdefault(name, value)
        redact_in_place(event_dict)
        if renderer in _HANDING_ON or not _is_enabled(logger, method_name):
            return
        level, name = level_of(method_name), name_of(logger)
        left_out = self._emitter.left_out(level, name, str(event_dict.get("event")))
        if left_out is None:
            raise DropEvent
        if left_out:
            event_dict["left_out"] = left_out
        if self._emitter.export is not None:
            fields = dict(event_dict)
            message, error = processed_event(fields)
            event = self._emitter.event(level, name, message, fields, error)
            if EXPORTED in event and not isinstance(renderer, ConsoleRenderer):
                event_dict[EXPORTED] = True


def _is_enabled(logger: Any, method_name: str) -> bool:
    """Whether a logger of the standard library will take the event; others take all."""
    if not isinstance(logger, logging.Logger):
        return True
    return logger.isEnabledFor(NAME_TO_LEVEL.get(method_name, logging.INFO))


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether JSON of a redacted value can hold no secret that the value did not show: objects speak when rendered."""
    if type(value) in (list, tuple):
        return depth < _DEEPEST and all(_is_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return depth < _DEEPEST and all(type(key) is str and _is_plain(item, depth + 1) for key, item in value.items())
    return type(value) in _PLAIN


def _arguments(logger: Any, rendered: Any, *, clean: bool) -> Any:
    """Return what a renderer made as the arguments of the logger's method; `clean` if no secret can be in it."""
    if isinstance(rendered, (bytes, bytearray)):
        return (rendered if clean else _redact_bytes(rendered),), {}
    if isinstance(rendered, str):
        text = rendered if clean else redact_text(rendered)
        return (Rendered(text) if isinstance(logger, logging.Logger) else text,), {}
    if isinstance(rendered, tuple):
        return rendered
    if isinstance(rendered, dict):
        return (), rendered
    raise ValueError(
        "Last processor didn't return an appropriate value.  "
        "Valid return values are a dict, a tuple of (args, kwargs), bytes, or a str."
    )


def _redact_bytes(rendered: bytes | bytearray) -> bytes | bytearray:
    text = rendered.decode("utf-8", "surrogateescape")
    redacted = redact_text(text)
    return rendered if redacted == text else redacted.encode("utf-8", "surrogateescape")
