# SPDX-License-Identifier: Apache-2.0
"""Events of applications that brought their own renderer: its shape stays, the ids are added, secrets are not."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from structlog import BytesLogger
from structlog.stdlib import ProcessorFormatter, render_to_log_args_and_kwargs, render_to_log_kwargs
from structlog.testing import LogCapture

from otel_distro.logs.emit import Emitter
from otel_distro.logs.ids import current_ids
from otel_distro.logs.records import Rendered
from otel_distro.logs.redact import redact_in_place, redact_text
from otel_distro.logs.structlog_event import Event, level_of, processed_event

# These only hand the event on to the standard library, where it is exported and written.
_HANDING_ON: Final = (ProcessorFormatter.wrap_for_formatter, render_to_log_kwargs, render_to_log_args_and_kwargs)


def as_line_for(logger: Any, emitter: Emitter, method_name: str, fields: Event) -> Any:
    """Return the arguments for a logger whose renderer nobody chose: the contract's line."""
    message, error = processed_event(fields)
    name = getattr(logger, "name", None) or "structlog"
    line = emitter.line(level_of(method_name), name, message, fields, error).removesuffix(b"\n")
    if isinstance(logger, BytesLogger):
        return (line,), {}
    text = line.decode()
    return (Rendered(text, exported=True) if isinstance(logger, logging.Logger) else text,), {}


class OwnRenderer:
    """Runs the application's renderer on an event that has its ids."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter

    def __call__(self, logger: Any, method_name: str, event_dict: Any, renderer: Callable[..., Any]) -> Any:
        """Return the arguments for the logger's method, as structlog's own `_process_event` does."""
        if isinstance(event_dict, MutableMapping) and not isinstance(renderer, LogCapture):
            for name, value in current_ids().items():
                event_dict.setdefault(name, value)
            redact_in_place(event_dict)
        return _arguments(logger, renderer(logger, method_name, event_dict))


def _arguments(logger: Any, rendered: Any) -> Any:
    """Return what a renderer made as the arguments of the logger's method."""
    if isinstance(rendered, (bytes, bytearray)):
        return (_redact_bytes(rendered),), {}
    if isinstance(rendered, str):
        text = redact_text(rendered)
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
