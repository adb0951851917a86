# SPDX-License-Identifier: Apache-2.0
"""What structlog hands over, in the terms of the contract."""

from __future__ import annotations

from typing import Any, Final

from structlog.processors import StackInfoRenderer

from otel_distro.logs.errors import exception_of
from otel_distro.logs.redaction.json_safe import json_safe
from otel_distro.logs.redaction.redact import redact_text, redact_value
from otel_distro.upstream.structlog import CONTEXT_PREFIX_LENGTH, CONTEXT_VARIABLES

Event = dict[str, Any]

LEVELS: Final = {
    "warn": "warning",
    "exception": "error",
    "err": "error",
    "failure": "error",
    "fatal": "critical",
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "critical": "critical",
}
_render_stack: Final = StackInfoRenderer()


def level_of(method_name: str) -> str:
    """Return the contract's level of a logger's method."""
    return LEVELS.get(method_name, "info")


def contract_event(event: Any, fields: Event) -> tuple[str, BaseException | None]:
    """Return message and exception of an event; the context variables are merged into its fields, which change."""
    if CONTEXT_VARIABLES:
        # What `merge_contextvars` does, without walking through all variables of the context.
        for name, variable in tuple(CONTEXT_VARIABLES.items()):
            value = variable.get()
            if value is not Ellipsis:
                fields.setdefault(name[CONTEXT_PREFIX_LENGTH:], value)
    if "stack_info" in fields:
        _render_stack(None, "", fields)
    error = exception_of(fields.pop("exc_info")) if "exc_info" in fields else None
    return event if type(event) is str else message_text(event), error


def processed_event(fields: Event) -> tuple[str, BaseException | None]:
    """Return message and exception of an event that went through processors; what the contract says is taken out."""
    for name in ("level", "timestamp", "logger"):
        fields.pop(name, None)
    error = exception_of(fields.pop("exc_info")) if "exc_info" in fields else None
    return message_text(fields.pop("event", None)), error


def message_text(event: Any) -> str:
    """Return the event as text; anything may be logged."""
    if type(event) is str:
        return event
    return "" if event is None else str(json_safe(event, redact_text, redact_value))
