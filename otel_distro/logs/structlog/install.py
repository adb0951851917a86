# SPDX-License-Identifier: Apache-2.0
"""structlog: every event once, with its ids, whenever and however it was configured.

Each event of each logger passes `BoundLoggerBase._process_event`, so that is the seam: it does not matter who called
`structlog.configure` first, what is cached, or what was bound early. Who chose no renderer gets the contract's line;
who did keeps its shape, and the ids are added before the renderer runs.

Imported only once the application imports structlog.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from structlog import DropEvent

from otel_distro.diagnostics import fault
from otel_distro.ground.patch import Patches, standing_in
from otel_distro.logs.emit import Emitter
from otel_distro.logs.errors import note_told
from otel_distro.logs.named_levels import NamedLevels
from otel_distro.logs.structlog.event import LEVELS, Event, contract_event
from otel_distro.logs.structlog.logger import StdoutLogger, StdoutLoggerFactory
from otel_distro.logs.structlog.own import OwnRenderer, as_line_for
from otel_distro.upstream.structlog import (
    NAME_TO_LEVEL,
    BoundLoggerBase,
    BoundLoggerLazyProxy,
    default_processors,
    filtering_logger,
    is_configured,
    replace_defaults,
    watch_configuration,
)

_REMEMBERED: Final = "_otel_distro_remembered"
# Set on structlog's default renderer: the mark goes along when a logger is pickled, its identity does not.
_DEFAULT_RENDERER: Final = "_otel_distro_default"


def install(emitter: Emitter, level: str, named: NamedLevels | None = None) -> Callable[[], None]:
    """Send structlog's events through the emitter; return what undoes it.

    Args:
        emitter: where events go.
        level: the lowest level of loggers whose wrapper class nobody chose.
        named: levels of some loggers, by the name of the module that asked for them.
    """
    patches = Patches()
    factory = StdoutLoggerFactory(emitter.stdout)
    lowest = level if named is None else logging.getLevelName(named.lowest)
    restore_defaults = replace_defaults(filtering_logger(lowest), factory)
    straight = _proxy_to_logger(emitter)
    patches.set(BoundLoggerBase, "_proxy_to_logger", straight if named is None else _by_name(straight, named, level))
    patches.set(BoundLoggerBase, "_process_event", _process_event(emitter))
    remembered = _Remembered()
    patches.set(BoundLoggerLazyProxy, "__getattr__", remembered.getattr_for(BoundLoggerLazyProxy.__getattr__))
    patches.set(BoundLoggerLazyProxy, "__getstate__", _state_without_methods)
    stop_watching = watch_configuration(remembered.forget)

    def undo() -> None:
        stop_watching()
        remembered.forget()
        patches.undo()
        restore_defaults()

    return undo


def _proxy_to_logger(emitter: Emitter) -> Callable[..., Any]:
    """Build the method behind `log.info(...)`: straight to the line where nobody configured anything."""
    original = BoundLoggerBase._proxy_to_logger  # noqa: SLF001 - open to wrapper classes by its documentation
    defaults = default_processors()

    @standing_in("structlog")
    @functools.wraps(original)
    def proxy_to_logger(self: Any, method_name: str, event: Any = None, **event_kw: Any) -> Any:
        if type(self._logger) is not StdoutLogger or self._processors != defaults:
            return original(self, method_name, event, **event_kw)
        try:
            fields = self._context.copy()
            fields.update(event_kw)
            message, error = contract_event(event, fields)
            emitter.emit(LEVELS.get(method_name, "info"), self._logger.name, message, fields, error)
        except Exception as failure:  # noqa: BLE001 - the boundary: logging never raises into the application
            fault("structlog event", failure)
        return None

    return proxy_to_logger


def _by_name(straight: Callable[..., Any], named: NamedLevels, level: str) -> Callable[..., Any]:
    """Build the same method where loggers have levels of their own: below theirs it does nothing."""
    usual: int = logging.getLevelName(level)

    @standing_in("structlog")
    @functools.wraps(straight)
    def proxy_by_name(self: Any, method_name: str, event: Any = None, **event_kw: Any) -> Any:
        if type(self._logger) is StdoutLogger:
            least = named.of(self._logger.name)
            if NAME_TO_LEVEL.get(method_name, logging.INFO) < (usual if least is None else least):
                return None
        return straight(self, method_name, event, **event_kw)

    return proxy_by_name


def _process_event(emitter: Emitter) -> Callable[..., Any]:
    """Build the method that runs the processors: the default renderer gives way to the contract's."""
    original = BoundLoggerBase._process_event  # noqa: SLF001 - open to wrapper classes by its documentation
    setattr(default_processors()[-1], _DEFAULT_RENDERER, True)
    own = OwnRenderer(emitter)

    @standing_in("structlog")
    @functools.wraps(original)
    def process_event(self: Any, method_name: str, event: Any, event_kw: dict[str, Any]) -> Any:
        processors = list(self._processors)
        if not processors:
            return original(self, method_name, event, event_kw)
        event_dict: Event = self._context.copy()
        event_dict.update(**event_kw)
        if event is not None:
            event_dict["event"] = event
        if "exc_info" in event_kw:  # processors make a text of it
            note_told(NAME_TO_LEVEL.get(method_name, 0), event_kw["exc_info"])
        for processor in processors[:-1]:
            event_dict = processor(self._logger, method_name, event_dict)
        if getattr(processors[-1], _DEFAULT_RENDERER, None) is True:
            return _guarded(as_line_for, self._logger, emitter, method_name, event_dict)
        return own(self._logger, method_name, event_dict, processors[-1])

    return process_event


def _guarded(step: Callable[..., Any], *arguments: Any) -> Any:
    """Call what is ours; a fault of ours drops the event, as structlog's own way to say that nothing is to be written."""
    try:
        return step(*arguments)
    except DropEvent:
        raise
    except Exception as failure:  # noqa: BLE001 - the boundary: logging never raises into the application
        fault("structlog event", failure)
        raise DropEvent from None


class _Remembered:
    """The methods of loggers that were assembled while nobody had configured anything, kept on their lazy proxies.

    `log.info` is an ordinary attribute then, instead of a new bound logger for each call; any change of the
    configuration forgets them all.
    """

    def __init__(self) -> None:
        self._proxies: WeakSet[Any] = WeakSet()

    def getattr_for(self, original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        """Build the lazy proxy's attribute look-up."""
        proxies = self._proxies

        @standing_in("structlog")
        @functools.wraps(original)
        def remembering_getattr(self: Any, name: str) -> Any:
            found = original(self, name)
            if not is_configured() and not name.startswith("_"):
                self.__dict__.setdefault(_REMEMBERED, []).append(name)
                self.__dict__[name] = found
                proxies.add(self)
            return found

        return remembering_getattr

    def forget(self) -> None:
        """Let every proxy assemble its logger anew."""
        for proxy in list(self._proxies):
            for name in proxy.__dict__.pop(_REMEMBERED, ()):
                proxy.__dict__.pop(name, None)
        self._proxies.clear()


def _state_without_methods(self: Any) -> dict[str, Any]:
    """Return what a pickled proxy consists of: elsewhere nothing would forget the remembered methods."""
    remembered = self.__dict__.get(_REMEMBERED, ())
    return {key: value for key, value in self.__dict__.items() if key != _REMEMBERED and key not in remembered}
