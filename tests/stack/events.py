# SPDX-License-Identifier: Apache-2.0
"""A program that logs every kind of event once; run under the launcher by test_identity.py."""

import logging

import structlog
from opentelemetry import trace

log = structlog.get_logger("events")
tracer = trace.get_tracer("events")
logging.getLogger().setLevel(logging.INFO)


def fail() -> None:
    """Raise through a frame, so that the traceback has two."""
    raise KeyError("no such room")


log.info("scalars", text="ünï ✓", integer=2**53 + 1, number=0.25, whole=3.0, yes=True, nothing=None, empty="")
log.warning("containers", nested={"a": {"b": 1}, "c": [1, "two", 3.5]}, rows=[{"x": 1}, {"x": 2}], none=[])
log.error("other keys", **{"http.route": "/items/{id}", "dash-ed": 1, "CamelCase": "x"})
with tracer.start_as_current_span("work"):
    log.info("in a span", user_id="u-1")
    logging.getLogger("stdlib").critical("from %s", "logging", extra={"order": 7})
    try:
        fail()
    except KeyError:
        log.exception("failed in a span", room="r")
        logging.getLogger("stdlib").exception("failed in logging")
log.info("many lines\nin one message")
