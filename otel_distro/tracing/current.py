# SPDX-License-Identifier: Apache-2.0
"""`start_as_current_span` as a plain context manager: the SDK's is two nested generators."""

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import Span, Status, StatusCode

from otel_distro.ground.exceptions import description_of, is_failure
from otel_distro.upstream.tracing import SPAN_KEY


class CurrentSpan:
    """Starts a span when entered, makes it current, and ends it on exit; also a decorator of functions and coroutines.

    Args:
        start_span: the tracer's method.
        arguments: its arguments; the last two say whether an exception that leaves the block becomes an event, and
            whether it makes the status an error.
        end_on_exit: whether leaving the block ends the span.

    """

    __slots__ = ("_arguments", "_end_on_exit", "_span", "_start_span", "_token")

    def __init__(self, start_span: Callable[..., Span], arguments: tuple[Any, ...], end_on_exit: bool) -> None:
        self._start_span = start_span
        self._arguments = arguments
        self._end_on_exit = end_on_exit

    def __enter__(self) -> Span:
        self._span = span = self._start_span(*self._arguments)
        self._token = attach(Context({**get_current(), SPAN_KEY: span}))
        return span

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        detach(self._token)  # the way that logs, and does not raise, when a generator is closed in another context
        # GeneratorExit, CancelledError and their like are not errors of the operation.
        # https://github.com/open-telemetry/opentelemetry-python/issues/4484
        if exc is not None and is_failure(exc) and self._span.is_recording():
            self._mark(exc)
        if self._end_on_exit:
            self._span.end()

    def _mark(self, exc: BaseException) -> None:
        record_exception, set_status_on_exception = self._arguments[-2:]
        if record_exception:
            self._span.record_exception(exc)
        if set_status_on_exception:
            self._span.set_status(Status(StatusCode.ERROR, description_of(exc)))

    def _again(self) -> "CurrentSpan":
        return CurrentSpan(self._start_span, self._arguments, self._end_on_exit)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a span of its own around each call."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def in_span(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def in_span(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return function(*args, **kwargs)

        return in_span
