"""JSON logs of all services: timestamp, level, service, event, trace_id, user_id."""

import logging
import os
import sys
import uuid
from contextvars import ContextVar

import structlog

trace_id_var: ContextVar[str] = ContextVar("trace_id", default="")
user_id_var: ContextVar[str] = ContextVar("user_id", default="")


def new_trace_id() -> str:
    return uuid.uuid4().hex


def _inject_context(_logger, _method, event_dict):
    event_dict["service"] = os.environ.get("SERVICE_NAME", "unknown")
    if trace_id_var.get():
        event_dict["trace_id"] = trace_id_var.get()
    if user_id_var.get():
        event_dict["user_id"] = user_id_var.get()
    return event_dict


def configure_logging() -> None:
    level = getattr(logging, os.environ.get("LOG_LEVEL", "INFO").upper())
    logging.basicConfig(format="%(message)s", stream=sys.stdout, level=level)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _inject_context,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
