# SPDX-License-Identifier: Apache-2.0
"""A plain ASGI application, which nothing instruments, with what each request leaves to be sent."""

import logging

from opentelemetry import metrics, trace

tracer = trace.get_tracer("ends")
served = metrics.get_meter("ends").create_counter("served")
logger = logging.getLogger("ends")


def leave_something() -> None:
    """Leave a span, a measurement and a log line."""
    with tracer.start_as_current_span("own"):
        logger.warning("served")
    served.add(1)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    leave_something()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})
