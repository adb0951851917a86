# SPDX-License-Identifier: Apache-2.0
"""The private names of structlog, under names of our own. Checked with structlog 26.1.

Apart from the others: an application that does not use structlog does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import structlog._output
from structlog import _config, contextvars, is_configured, make_filtering_bound_logger
from structlog._base import BoundLoggerBase
from structlog._config import BoundLoggerLazyProxy
from structlog._frames import _find_first_app_frame_and_name
from structlog._log_levels import NAME_TO_LEVEL

__all__ = [
    "CONTEXT_PREFIX_LENGTH",
    "CONTEXT_VARIABLES",
    "NAME_TO_LEVEL",
    "BoundLoggerBase",
    "BoundLoggerLazyProxy",
    "calling_module",
    "default_processors",
    "filtering_logger",
    "is_configured",
    "real_stdout",
    "replace_defaults",
    "watch_configuration",
]

real_stdout: Any = structlog._output.__dict__["stdout"]
CONTEXT_VARIABLES: Final = contextvars._CONTEXT_VARS
CONTEXT_PREFIX_LENGTH: Final = contextvars.STRUCTLOG_KEY_PREFIX_LEN


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


def watch_configuration(changed: Callable[[], None]) -> Callable[[], None]:
    """Call `changed` whenever structlog's configuration does, by whichever of its functions; return what ends that."""
    configuration: Any = _config._CONFIG
    before = type(configuration)

    class Watched(before):  # type: ignore[misc,valid-type]  # found at run time
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value)
            changed()

    def stop() -> None:
        if type(configuration) is Watched:
            configuration.__class__ = before

    configuration.__class__ = Watched
    return stop


def calling_module() -> str:
    """Return the name of the module that asked structlog for a logger."""
    return _find_first_app_frame_and_name(["otel_distro"])[1]
