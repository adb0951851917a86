# SPDX-License-Identifier: Apache-2.0
"""What was said about the server's access lines holds for the event that stands in their place.

By its command line (`uvicorn --no-access-log`, `--log-level warning`), or by the application: a filter that hides
probes, `disabled`, a level, on the server's access logger or on its handlers.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

from otel_distro.diagnostics import fault

# Each server's access logger, and the one of its other lines.
SERVER_LOGGERS: Final = {
    "uvicorn.access": "uvicorn.error",
    "gunicorn.access": "gunicorn.error",
    "hypercorn.access": "hypercorn.error",
    "granian.access": "_granian",
}
_UVICORN: Final = "uvicorn.access"
_MESSAGE: Final = '%s - "%s %s HTTP/%s" %d'
_MESSAGE_OF_ATOMS: Final = '%(h)s - "%(r)s" %(s)s'


def is_refused(level: int, method: str, path: str, status: int | None, client: str | None) -> bool:
    """Whether the server's own line for such a request would not have been written."""
    for logger in _loggers.present():
        if logger.disabled and not logging.getLogger(SERVER_LOGGERS[logger.name]).disabled:
            return True  # with all the others: by `dictConfig`, which disables whatever exists
        if not logger.isEnabledFor(level) and not logger.disabled:
            return True
        if not logger.handlers and not logger.propagate and _is_silenced(logger):
            return True
        if (logger.filters or any(getattr(handler, "filters", ()) for handler in logger.handlers)) and _is_filtered(
            logger, method, path, status, client
        ):
            return True
    return False


class _Loggers:
    """The servers' access loggers, as far as somebody has asked for them: to ask would be to create them."""

    def __init__(self) -> None:
        self._size = 0
        self._present: tuple[logging.Logger, ...] = ()

    def present(self) -> tuple[logging.Logger, ...]:
        known = logging.root.manager.loggerDict
        if len(known) != self._size:
            self._size = len(known)
            found = (known.get(name) for name in SERVER_LOGGERS)
            self._present = tuple(logger for logger in found if isinstance(logger, logging.Logger))
        return self._present


_loggers = _Loggers()


def _is_silenced(logger: logging.Logger) -> bool:
    """Whether a logger without a way out is one that was silenced: gunicorn writes no access lines unless asked."""
    return logger.name == _UVICORN and "gunicorn.arbiter" not in sys.modules


def _is_filtered(logger: logging.Logger, method: str, path: str, status: int | None, client: str | None) -> bool:
    """Ask the filters about a record of the server's own shape."""
    request = _atoms(method, path, status or 0, client or "")
    by_position = (request["h"], method, path, "1.1", request["s"])
    message, arguments = (_MESSAGE, by_position) if logger.name == _UVICORN else (_MESSAGE_OF_ATOMS, (request,))
    record = logger.makeRecord(logger.name, logging.INFO, "", 0, message, arguments, None)
    try:
        if not logger.filter(record):
            return True
        handlers = logger.handlers
        return bool(handlers) and not logger.propagate and not any(handler.filter(record) for handler in handlers)
    except Exception as error:  # noqa: BLE001 - the filters are the application's
        fault("access filter", error)
        return False


def _atoms(method: str, path: str, status: int, client: str) -> dict[str, Any]:
    """Return what gunicorn's and hypercorn's access formats name, as far as it is known here."""
    line = f"{method} {path} HTTP/1.1"
    return {"h": client, "m": method, "U": path, "r": line, "s": status, "q": "", "H": "HTTP/1.1", "a": "-", "f": "-"}
