# SPDX-License-Identifier: Apache-2.0
"""The logger below structlog's where nobody chose one: it knows its name and writes each line at once."""

from __future__ import annotations

from typing import Any

from structlog import PrintLogger, PrintLoggerFactory

from otel_distro.logs.stdout import Stdout
from otel_distro.upstream.structlog import calling_module, real_stdout

_stdout = Stdout()


class StdoutLogger(PrintLogger):
    """A `PrintLogger` with a name, whose lines are one write each."""

    _file = real_stdout

    def __init__(self, name: str = "structlog", stdout: Stdout = _stdout) -> None:
        self.name = name
        self._stdout = stdout

    def __setstate__(self, state: Any) -> None:
        """Come back from a pickle, which keeps no name."""
        self.__init__()  # type: ignore[misc]  # what a pickled logger was is said by its default arguments

    def __deepcopy__(self, memodict: dict[str, object]) -> StdoutLogger:
        """Return a logger of the same name."""
        return StdoutLogger(self.name, self._stdout)

    def msg(self, message: str | bytes) -> None:
        """Write one line."""
        line = message if isinstance(message, bytes) else str(message).encode("utf-8", "replace")
        self._stdout.write(line + b"\n")

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class StdoutLoggerFactory(PrintLoggerFactory):
    """Makes loggers named after the first argument of `get_logger`, or after the module that asks."""

    def __init__(self, stdout: Stdout) -> None:
        super().__init__()
        self._stdout = stdout

    def __call__(self, *args: Any) -> StdoutLogger:
        """Return the logger for the arguments of `structlog.get_logger`."""
        name = args[0] if args and isinstance(args[0], str) else calling_module()
        return StdoutLogger(name, self._stdout)
