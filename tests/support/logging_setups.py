# SPDX-License-Identifier: Apache-2.0
"""The ways in which people set up logging, each as they would write it.

A setup configures logging and returns the function that logs its events: message and whether the line has the shape of
the contract. Run as a script it logs inside a span; `logging_server` serves the setups, one after the other.
"""

import asyncio
import logging
import logging.config
import logging.handlers
import os
import queue
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable
from configparser import ConfigParser

Log = Callable[[], object]
SETUPS: dict[str, Callable[[], Log]] = {}
# What each setup logs: message -> whether the line keeps the contract (else it has the application's own shape).
EXPECTED: dict[str, dict[str, bool]] = {}


def setup(**expected: bool) -> Callable[[Callable[[], Log]], Callable[[], Log]]:
    """Register a setup with the events that it logs."""

    def register(function: Callable[[], Log]) -> Callable[[], Log]:
        SETUPS[function.__name__] = function
        EXPECTED[function.__name__] = {name.replace("_", "-"): contract for name, contract in expected.items()}
        return function

    return register


def _structlog_json(factory: object, **options: object) -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=factory,
        **options,
    )


@setup(event_a=True, event_b=True)
def never_configured() -> Log:
    import structlog

    log = structlog.get_logger()
    return lambda: (log.info("event-a", item=1), log.bind(user_id="u-1").warning("event-b"))


@setup(event_a=True)
def only_the_wrapper_class_configured() -> Log:
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("info"))
    log = structlog.get_logger("named")
    return lambda: (log.debug("event-hidden"), log.info("event-a"))


@setup(event_a=False)
def configured() -> Log:
    import structlog

    _structlog_json(structlog.PrintLoggerFactory())
    log = structlog.get_logger()
    return lambda: log.info("event-a")


@setup(event_a=False)
def configured_before_the_distribution() -> Log:
    log = configured()
    import otel_distro

    otel_distro.start()
    return log


@setup(event_a=False)
def configured_once() -> Log:
    import structlog

    structlog.configure_once(processors=[structlog.processors.JSONRenderer()])
    log = structlog.get_logger()
    return lambda: log.info("event-a")


@setup(event_a=True, event_b=False)
def cached_on_first_use_and_configured_later() -> Log:
    import structlog

    log = structlog.get_logger()

    def emit() -> None:
        log.info("event-a")
        _structlog_json(structlog.PrintLoggerFactory(), cache_logger_on_first_use=True)
        log.info("event-b")

    return emit


@setup(event_a=True)
def bound_before_it_was_configured() -> Log:
    import structlog

    log = structlog.get_logger().bind(early=True)
    _structlog_json(structlog.PrintLoggerFactory())
    return lambda: log.info("event-a")


@setup(event_a=False)
def write_logger() -> Log:
    import structlog

    _structlog_json(structlog.WriteLoggerFactory())
    log = structlog.get_logger()
    return lambda: log.info("event-a")


@setup(event_a=False)
def bytes_logger() -> Log:
    import orjson
    import structlog

    structlog.configure(
        processors=[structlog.processors.JSONRenderer(serializer=orjson.dumps)],
        logger_factory=structlog.BytesLoggerFactory(),
    )
    log = structlog.get_logger()
    return lambda: log.info("event-a")


@setup(event_a=True)
def bytes_logger_without_a_renderer() -> Log:
    import structlog

    structlog.configure(logger_factory=structlog.BytesLoggerFactory())
    log = structlog.get_logger("named")
    return lambda: log.info("event-a")


@setup(event_a=False, event_b=True)
def standard_library_factory_with_basic_config() -> Log:
    import structlog

    logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.INFO)
    _structlog_json(structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger)
    log = structlog.get_logger("named")
    return lambda: (log.info("event-a"), logging.getLogger("plain").info("event-b"))


@setup(event_a=False)
def standard_library_factory_without_handlers() -> Log:
    import structlog

    _structlog_json(structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger)
    log = structlog.get_logger("named")
    return lambda: log.info("event-a")


@setup(event_a=True)
def standard_library_factory_without_a_renderer() -> Log:
    import structlog

    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    log = structlog.get_logger("named")
    return lambda: log.info("event-a")


@setup(event_a=False, event_b=False)
def own_text_handler() -> Log:
    import structlog

    structlog.stdlib.recreate_defaults(log_level=logging.INFO)
    structlog.configure(processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer()])
    log = structlog.get_logger("named")
    own = logging.StreamHandler(sys.stdout)
    own.setFormatter(logging.Formatter("%(message)s"))
    logging.root.handlers = [own]
    return lambda: (log.info("event-a"), logging.getLogger("plain").info("event-b"))


@setup(event_a=False, event_b=False)
def processor_formatter() -> Log:
    import structlog

    shared = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    log = structlog.get_logger("named")
    return lambda: (log.info("event-a"), logging.getLogger("plain").info("event-b"))


@setup(event_a=True)
def wrapped_for_a_formatter_that_is_missing() -> Log:
    import structlog

    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    log = structlog.get_logger("named")
    return lambda: log.info("event-a", item=1)


@setup(event_a=True)
def rendered_to_log_kwargs() -> Log:
    import structlog

    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    log = structlog.get_logger("named")
    return lambda: log.info("event-a", item=1)


@setup(event_a=True, event_b=True)
def asynchronous_methods() -> Log:
    import structlog

    log = structlog.get_logger()

    async def emit() -> None:
        await log.ainfo("event-a")
        await log.bind(item=1).awarning("event-b")

    return emit


@setup(event_b=True)
def captured_in_a_test() -> Log:
    import structlog

    log = structlog.get_logger()

    def emit() -> None:
        with structlog.testing.capture_logs() as captured:
            log.info("event-captured")
        assert captured == [{"event": "event-captured", "log_level": "info"}], captured
        log.info("event-b")

    return emit


@setup(event_a=False)
def own_console_renderer() -> Log:
    import structlog

    structlog.configure(processors=[structlog.dev.ConsoleRenderer(colors=False)])
    log = structlog.get_logger()
    return lambda: log.info("event-a")


@setup(event_a=True, event_b=True)
def standard_library_alone() -> Log:
    log = logging.getLogger("plain")
    return lambda: (
        log.debug("event-hidden"),
        log.info("event-a", extra={"item": 1}),
        logging.getLogger().warning("event-b"),
    )


@setup(event_a=True)
def basic_config_with_a_level() -> Log:
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(message)s")
    return lambda: logging.getLogger("plain").debug("event-a")


@setup(event_a=True)
def basic_config_forced() -> Log:
    logging.basicConfig(level=logging.INFO, force=True)
    return lambda: logging.getLogger("plain").info("event-a")


@setup(event_a=True)
def dict_config_without_handlers() -> Log:
    logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}, "disable_existing_loggers": False})
    return lambda: logging.getLogger("plain").info("event-a")


@setup(event_a=False)
def dict_config_with_a_console_handler() -> Log:
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "own"}
    configuration = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"own": {"format": "%(asctime)s %(levelname)s %(message)s"}},
        "handlers": {"console": handler},
        "root": {"level": "INFO", "handlers": ["console"]},
    }
    logging.config.dictConfig(configuration)
    return lambda: logging.getLogger("plain").info("event-a")


@setup(event_a=False)
def file_config_with_a_console_handler() -> Log:
    parser = ConfigParser(interpolation=None)
    parser.read_string(
        "[loggers]\nkeys=root\n[handlers]\nkeys=console\n[formatters]\nkeys=own\n"
        "[logger_root]\nlevel=INFO\nhandlers=console\n"
        "[handler_console]\nclass=StreamHandler\nargs=(sys.stdout,)\nformatter=own\n"
        "[formatter_own]\nformat=own %(message)s\n"
    )
    logging.config.fileConfig(parser, disable_existing_loggers=False)
    return lambda: logging.getLogger("plain").info("event-a")


@setup(event_a=True)
def file_handler_beside_ours() -> Log:
    logging.root.addHandler(logging.FileHandler(os.devnull))
    return lambda: logging.getLogger("plain").info("event-a")


@setup(event_a=False)
def queue_and_listener() -> Log:
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(logging.Formatter("own %(message)s"))
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(records, console)
    logging.root.handlers = [logging.handlers.QueueHandler(records)]

    def emit() -> None:
        listener.start()
        logging.getLogger("plain").info("event-a")
        listener.stop()

    return emit


@setup(event_a=True, event_b=True)
def exceptions_and_stacks() -> Log:
    log = logging.getLogger("plain")

    def emit() -> None:
        try:
            int("broken")
        except ValueError:
            log.exception("event-a")
        log.info("event-b", stack_info=True)

    return emit


@setup(**{"event-a": True, "uncaught exception in thread event-b": True})
def warnings_and_threads() -> Log:
    def fail() -> None:
        raise ValueError("broken")

    def emit() -> None:
        warnings.warn("event-a", UserWarning, stacklevel=1)
        thread = threading.Thread(target=fail, name="event-b")
        thread.start()
        thread.join()

    return emit


async def log_events(log: Log) -> None:
    """Call the function that a setup returned."""
    outcome = log()
    if isinstance(outcome, Awaitable):
        await outcome


def run_as_script(name: str) -> None:
    """Log the events of a setup inside a span."""
    log = SETUPS[name]()
    from opentelemetry import trace

    with trace.get_tracer("script").start_as_current_span("work"):
        asyncio.run(log_events(log))


if __name__ == "__main__":
    run_as_script(sys.argv[1])
