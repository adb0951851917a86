# SPDX-License-Identifier: Apache-2.0
"""The context variable behind upstream's context API: its functions are two Python calls deep around each access."""

from __future__ import annotations

from typing import Any

from opentelemetry import context as context_api
from opentelemetry.baggage import _BAGGAGE_KEY as BAGGAGE_KEY
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace.propagation import _SPAN_KEY as SPAN_KEY

__all__ = ["BAGGAGE_KEY", "SPAN_KEY", "attach_context", "current_context", "detach_context"]

_runtime_context = context_api._RUNTIME_CONTEXT
current_context: Any
attach_context: Any
detach_context: Any
if type(_runtime_context) is ContextVarsRuntimeContext:
    current_context = _runtime_context._current_context.get
    attach_context = _runtime_context._current_context.set
    detach_context = _runtime_context._current_context.reset
else:  # OTEL_PYTHON_CONTEXT names another one
    current_context, attach_context, detach_context = context_api.get_current, context_api.attach, context_api.detach
