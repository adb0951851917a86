# SPDX-License-Identifier: Apache-2.0
"""A family of logging configurations, each drawn by a number, and what the application's own handlers receive.

    python logging_family.py FIRST LAST OUTPUT

Writes one JSON line per configuration. Run bare and with the distribution, the two outputs are to be the same.
"""

import io
import json
import logging
import logging.config
import logging.handlers
import queue
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

LEVELS = (None, "DEBUG", "INFO", "WARNING", "ERROR")
NAMES = ("", "shop", "shop.cart", "httpx")
Received = list[list[object]]


def received(record: logging.LogRecord) -> list[object]:
    """Return what a handler can see of a record."""
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
    seen = (
        record.name,
        record.levelno,
        record.getMessage(),
        Path(record.pathname).name,
        record.lineno,
        record.funcName,
    )
    more = sorted(set(vars(record)) - set(vars(logging.makeLogRecord({}))))
    return [*seen, error, bool(record.stack_info), more]


class Kept(logging.Handler):
    """A test's handler: keeps what it gets, and who called it, as recipes find that out."""

    def __init__(self) -> None:
        super().__init__()
        self.records: Received = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        frame, depth = sys._getframe(1), 0
        while frame.f_back is not None and frame.f_code.co_filename == logging.__file__:
            frame, depth = frame.f_back, depth + 1
        self.records.append([*received(record), frame.f_code.co_name, depth])


class Mail(logging.handlers.BufferingHandler):
    """A handler of mails, which go out together."""

    def __init__(self) -> None:
        super().__init__(3)
        self.sent: list[list[str]] = []

    def flush(self) -> None:
        """Send what there is."""
        if self.buffer:
            self.sent.append([self.format(record) for record in self.buffer])
            self.buffer = []


class Configuration:
    """One configuration: made by a seed, undone when it has told what it saw."""

    def __init__(self, number: int) -> None:
        self._draw = random.Random(number)
        self._ends: list[Callable[[], object]] = []
        self._seen: list[Callable[[], object]] = []

    def make(self) -> None:
        """Configure logging as one of many applications does."""
        draw = self._draw
        for name in NAMES[1:]:
            logger = logging.getLogger(name)
            logger.propagate = draw.random() > 0.15
            logger.disabled = draw.random() < 0.05
            if level := draw.choice((None, None, *LEVELS)):
                logger.setLevel(level)
        draw.choice((self._basic, self._twice, self._given, self._dict, self._by_hand, self._by_hand))()
        for _ in range(draw.randrange(3)):
            logging.getLogger(draw.choice(NAMES)).addHandler(self._handler())
        draw.choice((self._nothing, self._nothing, self._factory, self._disable, self._capture, self._resort))()

    def log(self) -> None:
        """Log what is logged in any of them."""
        cart = logging.getLogger("shop.cart")
        cart.debug("looking")
        cart.info("added %s", "shoe", extra={"item": 5})
        logging.getLogger("shop").warning("late", stack_info=self._draw.random() < 0.5)
        logging.getLogger("httpx").info("HTTP Request: GET /")
        logging.getLogger().error("down", stacklevel=2)
        logging.LoggerAdapter(cart, {"tenant": 7}).critical("out of %d", 3)
        try:
            int("x")
        except ValueError:
            cart.exception("failed")
        cart.handle(
            logging.makeLogRecord({"name": "shop.cart", "levelno": 20, "levelname": "INFO", "msg": "forwarded"})
        )
        logging.warning("by the module")  # noqa: LOG015  as scripts do
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)

    def told(self) -> list[object]:
        """Return what every handler received, after whatever was held back."""
        for end in self._ends:
            end()
        return [seen() for seen in self._seen]

    def _handler(self) -> logging.Handler:
        draw = self._draw
        makers = (self._kept, self._kept, self._mail, self._file, self._text, self._json, self._memory, self._queue)
        handler = draw.choice((*makers, self._console, self._null))()
        if level := draw.choice((None, None, *LEVELS)):
            handler.setLevel(level)
        if draw.random() < 0.2:
            handler.addFilter(lambda record: "failed" not in record.getMessage())
        if draw.random() < 0.1:
            handler.addFilter(logging.Filter("shop"))
        return handler

    def _kept(self) -> logging.Handler:
        handler = Kept()
        self._seen.append(lambda: handler.records)
        return handler

    def _mail(self) -> logging.Handler:
        handler = Mail()
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        self._ends.append(handler.flush)
        self._seen.append(lambda: handler.sent)
        return handler

    def _file(self) -> logging.Handler:
        handler = logging.FileHandler(Path(tempfile.mkdtemp()) / "log")
        handler.setFormatter(logging.Formatter("%(name)s:%(lineno)d:%(message)s"))
        self._ends.append(handler.close)
        self._seen.append(lambda: Path(handler.baseFilename).read_text())
        return handler

    def _text(self) -> logging.Handler:
        memory = io.StringIO()
        self._seen.append(memory.getvalue)
        return logging.StreamHandler(memory)

    def _json(self) -> logging.Handler:
        handler = self._text()
        handler.setFormatter(logging.Formatter('{"at": "%(funcName)s", "is": "%(levelname)s"}'))
        return handler

    def _memory(self) -> logging.Handler:
        handler = logging.handlers.MemoryHandler(4, logging.ERROR, self._kept())
        self._ends.append(handler.flush)
        return handler

    def _queue(self) -> logging.Handler:
        records: queue.SimpleQueue[Any] = queue.SimpleQueue()
        listener = logging.handlers.QueueListener(records, self._kept(), respect_handler_level=True)
        listener.start()
        self._ends.append(listener.stop)
        return logging.handlers.QueueHandler(records)

    @staticmethod
    def _console() -> logging.Handler:
        return logging.StreamHandler()

    @staticmethod
    def _null() -> logging.Handler:
        return logging.NullHandler()

    def _nothing(self) -> None:
        pass

    def _basic(self) -> None:
        if level := self._draw.choice(LEVELS):
            logging.basicConfig(level=level)
        else:
            logging.basicConfig(format="%(message)s")

    def _twice(self) -> None:
        """A library's `basicConfig` comes first; the application's counts only if it says so."""
        self._basic()
        logging.basicConfig(level="DEBUG", handlers=[self._handler()], force=self._draw.random() < 0.5)

    def _given(self) -> None:
        handlers = [self._handler() for _ in range(2)]
        logging.basicConfig(handlers=iter(handlers), level=self._draw.choice(LEVELS[1:]))

    def _dict(self) -> None:
        handler = self._handler()
        described = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": self._draw.random() < 0.5,
                "handlers": {"own": {"()": lambda: handler}, "console": described},
                "root": {"level": self._draw.choice(LEVELS[1:]), "handlers": ["own", "console"]},
            }
        )

    def _by_hand(self) -> None:
        if level := self._draw.choice(LEVELS):
            logging.root.setLevel(level)
        logging.root.addHandler(self._handler())

    def _factory(self) -> None:
        before = logging.getLogRecordFactory()

        def factory(*arguments: Any, **options: Any) -> logging.LogRecord:
            record = before(*arguments, **options)
            record.host = "a"
            return record

        logging.setLogRecordFactory(factory)
        self._ends.append(lambda: logging.setLogRecordFactory(before))

    def _disable(self) -> None:
        logging.disable(self._draw.choice((logging.DEBUG, logging.INFO, logging.ERROR)))

    def _capture(self) -> None:
        logging.captureWarnings(capture=True)
        self._ends.append(lambda: logging.captureWarnings(capture=False))

    def _resort(self) -> None:
        before = logging.lastResort
        logging.lastResort = self._draw.choice((None, self._kept()))
        self._ends.append(lambda: setattr(logging, "lastResort", before))


def main(first: int, last: int, output: str) -> None:
    """Run the configurations from first to before last."""
    levels = {name: logging.getLogger(name).level for name in NAMES}
    with Path(output).open("w") as file:
        for number in range(first, last):
            configuration = Configuration(number)
            configuration.make()
            configuration.log()
            file.write(json.dumps(configuration.told()) + "\n")
            for name, level in levels.items():
                logger = logging.getLogger(name)
                logger.handlers.clear()
                logger.propagate, logger.disabled = True, False
                logger.setLevel(level)
            logging.disable(logging.NOTSET)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
