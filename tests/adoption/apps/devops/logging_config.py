"""JSON logs by python-json-logger, with the request's id."""

import os
from logging.config import dictConfig


def configure_logging() -> None:
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"correlation_id": {"()": "asgi_correlation_id.CorrelationIdFilter", "default_value": "-"}},
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(correlation_id)s",
                    "rename_fields": {"asctime": "timestamp", "levelname": "level", "correlation_id": "request_id"},
                }
            },
            "handlers": {
                "stdout": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "json",
                    "filters": ["correlation_id"],
                }
            },
            "root": {"level": level, "handlers": ["stdout"]},
        }
    )
