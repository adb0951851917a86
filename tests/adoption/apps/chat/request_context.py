"""One trace id per request: the caller's, or a new one; echoed on the response."""

from logging_setup import new_trace_id, trace_id_var
from starlette.middleware.base import BaseHTTPMiddleware


class RequestContextMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        trace_id = request.headers.get("x-trace-id") or new_trace_id()
        token = trace_id_var.set(trace_id)
        try:
            response = await call_next(request)
        finally:
            trace_id_var.reset(token)
        response.headers["x-trace-id"] = trace_id
        return response
