# SPDX-License-Identifier: Apache-2.0
"""The ways to log that are judged, each as its documentation shows it: seven set-ups, the same two events in all.

A set-up configures logging and returns what logs the events of a request. `BENCH_IDS` adds the ids of the current span by
what everybody writes who uses upstream: a processor, a filter, a patcher. `BENCH_LOGURU_OTLP` sends loguru's events to
upstream's handler, which nothing else would.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

Events = Callable[[int], object]
WITH_IDS = bool(os.environ.get("BENCH_IDS"))


def never_configured() -> Events:
    """structlog, left alone."""
    import structlog

    if WITH_IDS:
        defaults = structlog.get_config()["processors"]
        structlog.configure(processors=[add_ids, *defaults])
    return _structured(structlog.get_logger())


def print_logger() -> Events:
    """structlog as its "getting started" has it for production: JSON by the standard library, printed."""
    import structlog

    structlog.configure(
        processors=[*_chain(), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return _structured(structlog.get_logger())


def bytes_logger() -> Events:
    """structlog as its page on performance has it: orjson and bytes."""
    import orjson
    import structlog

    structlog.configure(
        processors=[*_chain(), structlog.processors.JSONRenderer(serializer=orjson.dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return _structured(structlog.get_logger())


def processor_formatter() -> Events:
    """structlog through the standard library, as its page on that has it ("rendering using structlog-based formatters")."""
    import structlog

    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([add_ids] if WITH_IDS else []),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    _handle_with(formatter)
    return _structured(structlog.get_logger("items"))


def python_json_logger() -> Events:
    """The standard library with python-json-logger."""
    from pythonjsonlogger.json import JsonFormatter

    names = ["asctime", "levelname", "name", "message", *(["trace_id", "span_id"] if WITH_IDS else [])]
    _handle_with(JsonFormatter(" ".join(f"%({name})s" for name in names)))
    log = logging.getLogger("items")

    def events(item_id: int) -> None:
        log.info("item requested", extra={"item_id": item_id})
        log.info("item found", extra={"item_id": item_id, "price": 12})

    return events


def plain_format() -> Events:
    """The standard library with a line of text."""
    ids = "trace_id=%(trace_id)s span_id=%(span_id)s " if WITH_IDS else ""
    _handle_with(logging.Formatter(f"%(asctime)s %(levelname)s %(name)s {ids}%(message)s"))
    log = logging.getLogger("items")

    def events(item_id: int) -> None:
        log.info("item %s requested", item_id)
        log.info("item %s found, price %s", item_id, 12)

    return events


def loguru() -> Events:
    """loguru with a line of text for a service."""
    from loguru import logger

    ids = "trace_id={extra[trace_id]} span_id={extra[span_id]} " if WITH_IDS else ""
    logger.remove()
    logger.add(sys.stdout, format=f"{{time:YYYY-MM-DDTHH:mm:ss.SSSZ}} {{level}} {{name}}:{{line}} {ids}{{message}}")
    if WITH_IDS:
        logger.configure(patcher=lambda record: record["extra"].update(_ids()))
    if os.environ.get("BENCH_LOGURU_OTLP"):
        from opentelemetry.sdk._logs import LoggingHandler

        logger.add(LoggingHandler(), format="{message}")

    def events(item_id: int) -> None:
        logger.info("item {} requested", item_id)
        logger.info("item {} found, price {}", item_id, 12)

    return events


def no_lines() -> Events:
    """No log line at all: what the rest of a request costs."""
    return int


def _structured(log: Any) -> Events:
    def events(item_id: int) -> None:
        log.info("item requested", item_id=item_id)
        log.info("item found", item_id=item_id, price=12)

    return events


def _chain() -> list[Any]:
    import structlog

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([add_ids] if WITH_IDS else []),
    ]


def _handle_with(formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    if WITH_IDS:
        handler.addFilter(_set_ids)
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)


def _set_ids(record: logging.LogRecord) -> bool:
    record.__dict__.update(_ids())
    return True


def add_ids(_logger: Any, _name: str, event: Any) -> Any:
    """Add the ids of the current span, as structlog's page on OpenTelemetry does."""
    event.update(_ids())
    return event


def _ids() -> dict[str, str]:
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


SETUPS: dict[str, Callable[[], Events]] = {
    "never configured": never_configured,
    "PrintLogger, JSON": print_logger,
    "BytesLogger, orjson": bytes_logger,
    "ProcessorFormatter": processor_formatter,
    "python-json-logger": python_json_logger,
    "plain format": plain_format,
    "loguru": loguru,
    "no lines": no_lines,
}
