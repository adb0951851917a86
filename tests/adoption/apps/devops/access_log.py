"""A line for each request, with method, path, status and duration."""

import logging
import time

from starlette.middleware.base import BaseHTTPMiddleware

logger = logging.getLogger("api.access")


class AccessLogMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        started = time.perf_counter()
        response = await call_next(request)
        fields = {"method": request.method, "path": request.url.path, "status": response.status_code}
        logger.info("request", extra={**fields, "duration_ms": round((time.perf_counter() - started) * 1000, 2)})
        return response
