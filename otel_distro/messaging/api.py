# SPDX-License-Identifier: Apache-2.0
"""What an application may say itself: for batches, other brokers, other tasks, and failures that only a handler knows.

Nothing here raises, and without a start everything does nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from otel_distro import diagnostics
from otel_distro.messaging.state import state

Carrier = TypeVar("Carrier")
Function = TypeVar("Function", bound=Callable[..., Any])


def inject(carrier: Carrier) -> Carrier:
    """Write the trace and the ids of the moment into a message, in place, and return it.

    Args:
        carrier: An envelope or a dict of headers (any `MutableMapping`), or a list of `(str, bytes)` headers. An envelope gets
            `traceparent`, `correlation_id`, `pipeline_start` and the like; a mapping with a header's name in it (`x-…`) or with
            bytes as values gets headers. Stale traces in it are replaced, ids that the application has set are its word.
    """
    _guarded(lambda telemetry: _writing().write(telemetry, carrier))
    return carrier


def process(message: Any, *, stage: str | None = None, last: bool = False) -> Block:
    """Return a context manager, for sync and async code, in which a message is processed.

    One `process` span, ids on every line, durations, DEBUG lines of entry and exit, and one ERROR line with the traceback for an
    exception that leaves the block, which goes on untouched. Where the message is being processed already, in the span that a
    client's wrapper has opened for it, that span is taken over and ends with the block.

    Args:
        message: A record of aiokafka, confluent-kafka, kafka-python or FastStream; an envelope or headers of any broker; or a
            sequence of those: a batch, with a trace of its own and a link for each message, 128 at most.
        stage: The name of the stage that this is.
        last: Whether its success ends what is measured from end to end.
    """
    return Block(lambda telemetry: _writing().processing(telemetry, message, stage, last=last))


def stage(name: str, *, last: bool = False) -> Block:
    """Return a context manager, also a decorator of functions and coroutine functions, for a stage of a pipeline.

    Measured in seconds by `pipeline_stage_duration_seconds{stage}`. In the processing of a message that has no stage yet it
    names that one's span; elsewhere it is an INTERNAL span of its name.

    Args:
        name: The stage.
        last: Whether its success ends what is measured from end to end.
    """
    return Block(lambda telemetry: _writing().passing(telemetry, name, last=last))


class Block:
    """A block that is observed: a message's processing, or a stage's. Reentrant as a decorator, not as a context manager."""

    __slots__ = ("_begin", "_begun")

    def __init__(self, begin: Callable[[Any], Any]) -> None:
        self._begin = begin
        self._begun: Any = None

    def __enter__(self) -> None:
        self._begun = _guarded(self._begin)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        begun, self._begun = self._begun, None
        if begun is None:
            return
        try:
            if error is not None:
                begun.raised(error)
            begun.end()
        except Exception as fault:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("messaging.process", fault)

    def __call__(self, function: Function) -> Function:
        """Return the function with a block of its own around each call."""
        begin = self._begin
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def observed(*args: Any, **kwargs: Any) -> Any:
                with Block(begin):
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def observed(*args: Any, **kwargs: Any) -> Any:
                with Block(begin):
                    return function(*args, **kwargs)

        return cast("Function", observed)


def _writing() -> Any:
    """Import what does the work when there is some: it imports the SDK."""
    from otel_distro.messaging import by_hand

    return by_hand


def _guarded(act: Callable[[Any], Any]) -> Any:
    try:
        telemetry = state.telemetry()
        return None if telemetry is None else act(telemetry)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("messaging", error)
        return None
