"""A request id, and a line for each request."""

import time
import uuid

import structlog
from fastapi import Request
from metrics import DURATION, REQUESTS

logger = structlog.get_logger(__name__)


async def add_request_id(request: Request, call_next):
    request_id = request.headers.get("X-Request-ID") or f"req_{uuid.uuid4().hex[:16]}"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    response = await call_next(request)
    response.headers["X-Request-ID"] = request_id
    return response


async def log_requests(request: Request, call_next):
    started = time.perf_counter()
    response = await call_next(request)
    seconds = time.perf_counter() - started
    REQUESTS.labels(request.method, request.url.path, response.status_code).inc()
    DURATION.labels(request.method, request.url.path).observe(seconds)
    logger.info(
        "http.request",
        method=request.method,
        path=request.url.path,
        status_code=response.status_code,
        duration_ms=round(seconds * 1000, 2),
    )
    return response
