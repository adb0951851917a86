# SPDX-License-Identifier: Apache-2.0
"""The private names of structlog, under names of our own. Checked with structlog 26.1.

Apart from the others: an application that does not use structlog does not pay for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final

import structlog._output
from structlog import _config, contextvars, is_configured, make_filtering_bound_logger
from structlog._base import BoundLoggerBase
from structlog._config import BoundLoggerLazyProxy
from structlog._frames import _find_first_app_frame_and_name
from structlog._log_levels import NAME_TO_LEVEL, add_log_level
from structlog.processors import JSONRenderer, KeyValueRenderer, LogfmtRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter

from otel_distro.ground.patch import Patches

__all__ = [
    "CONTEXT_PREFIX_LENGTH",
    "CONTEXT_VARIABLES",
    "NAME_TO_LEVEL",
    "BoundLoggerBase",
    "BoundLoggerLazyProxy",
    "adds_nothing",
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


# Compared by identity: a wrapped function says that it is the one it wraps.
_ADDING_NOTHING: Final = (ProcessorFormatter.remove_processors_meta, add_log_level)
_SHOWING_TEXTS: Final = (KeyValueRenderer, LogfmtRenderer, TimeStamper)
# What `default` is called for is none of the types that JSON knows.
_OPTIONS: Final = frozenset(("default", "ensure_ascii", "option", "sort_keys"))


def adds_nothing(processor: Any) -> bool:
    """Whether a processor shows an event of texts and numbers as it is, or adds no more than level and time.

    Only what is known, with arguments that are known: subclasses, columns, serializers of the application's own are not.
    """
    if type(processor) is JSONRenderer:
        return _is_known_serializer(processor._dumps) and processor._dumps_kw.keys() <= _OPTIONS
    return type(processor) in _SHOWING_TEXTS or any(processor is known for known in _ADDING_NOTHING)


def _is_known_serializer(serializer: Any) -> bool:
    return serializer is json.dumps or serializer is getattr(sys.modules.get("orjson"), "dumps", json.dumps)


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
    patches, current = Patches(), _config._CONFIG
    names = {
        "default_wrapper_class": "_BUILTIN_DEFAULT_WRAPPER_CLASS",
        "logger_factory": "_BUILTIN_DEFAULT_LOGGER_FACTORY",
    }
    for (name, default), ours in zip(names.items(), (wrapper_class, factory), strict=True):
        before = patches.set(_config, default, ours)
        if getattr(current, name) is before:
            patches.set(current, name, ours)
    return patches.undo


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
