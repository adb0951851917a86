# SPDX-License-Identifier: Apache-2.0
"""The private names of structlog, under names of our own. Checked with structlog 26.1.

Beside `upstream.py`, which must not import structlog: an application that does not use it does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog._output
from structlog import _config, contextvars, is_configured, make_filtering_bound_logger
from structlog._base import BoundLoggerBase
from structlog._config import BoundLoggerLazyProxy
from structlog._frames import _find_first_app_frame_and_name
from structlog._log_levels import NAME_TO_LEVEL

__all__ = [
    "NAME_TO_LEVEL",
    "BoundLoggerBase",
    "BoundLoggerLazyProxy",
    "calling_module",
    "context_variables",
    "default_processors",
    "filtering_logger",
    "is_configured",
    "real_stdout",
    "replace_defaults",
]

real_stdout: Any = structlog._output.__dict__["stdout"]
_CONTEXT_VARIABLES: Final = contextvars._CONTEXT_VARS
_PREFIX_LENGTH: Final = contextvars.STRUCTLOG_KEY_PREFIX_LEN


def default_processors() -> list[Any]:
    """Return the processors of a structlog that nobody configured; the last one is the renderer."""
    return list(_config._BUILTIN_DEFAULT_PROCESSORS)


def filtering_logger(level: str) -> Any:
    """Return structlog's own class that drops what is below a level."""
    return make_filtering_bound_logger(level)


def replace_defaults(wrapper_class: Any, factory: Any) -> Callable[[], None]:
    """Set what loggers are made of while nobody configures them; `is_configured` stays as it is.

    `structlog.configure` would do the same, and then an application's `configure_once` would be ignored.
    """
    state: Any = _config
    current = state._CONFIG
    before = (state._BUILTIN_DEFAULT_WRAPPER_CLASS, state._BUILTIN_DEFAULT_LOGGER_FACTORY)

    def put(old: tuple[Any, Any], new: tuple[Any, Any]) -> None:
        state._BUILTIN_DEFAULT_WRAPPER_CLASS, state._BUILTIN_DEFAULT_LOGGER_FACTORY = new
        if current.default_wrapper_class is old[0]:
            current.default_wrapper_class = new[0]
        if current.logger_factory is old[1]:
            current.logger_factory = new[1]

    put(before, (wrapper_class, factory))
    return lambda: put((wrapper_class, factory), before)


def context_variables() -> Iterable[tuple[str, Any]]:
    """Return what `structlog.contextvars` holds for this context, without copying the context."""
    if not _CONTEXT_VARIABLES:
        return ()
    found = ((name[_PREFIX_LENGTH:], variable.get()) for name, variable in tuple(_CONTEXT_VARIABLES.items()))
    return [(name, value) for name, value in found if value is not Ellipsis]


def calling_module() -> str:
    """Return the name of the module that asked structlog for a logger."""
    return _find_first_app_frame_and_name(["otel_distro"])[1]
