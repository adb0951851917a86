# SPDX-License-Identifier: Apache-2.0
"""What a serving process tells about itself: its event loop at the first scope, its end at lifespan shutdown.

Lifespan shutdown is the first hook at the end of a process, and the only one that every server runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from otel_distro import diagnostics
from otel_distro.metrics import heartbeat

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# Called when an application is built, and when one meets its first scope: a server has started.
on_application_built: list[Callable[[], object]] = []
on_serving: list[Callable[[], object]] = []

# Called in a thread each time an application has shut down: to flush, never to close, as spans may follow and test
# clients shut the same application down many times.
on_lifespan_shutdown: list[Callable[[], object]] = []

_LAST_MESSAGES = ("lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed")


def application_built() -> None:
    """Tell who waits for it that an application exists."""
    _call(on_application_built)


def serving() -> None:
    """Tell who waits for it that a server has started, and let `/health` and the lag metric know of its event loop."""
    _call(on_serving)
    _watch_loop()


def _call(callbacks: list[Callable[[], object]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.lifespan", error)


def _watch_loop() -> None:
    """Watch asyncio's loops; others have no timer that we know of."""
    from asyncio import get_running_loop  # a script has no use for it: 15 ms

    try:
        heartbeat.watch(get_running_loop())
    except RuntimeError:
        return


def flushing(send: Send) -> Send:
    """Return `send` that flushes before the server hears that the application is down."""

    async def flush_then_send(message: Message) -> None:
        if message["type"] in _LAST_MESSAGES:
            for callback in on_lifespan_shutdown:
                await _run(callback)
        await send(message)

    return flush_then_send


async def _run(callback: Callable[[], object]) -> None:
    import anyio.to_thread  # a dependency of every application that gets here

    try:
        await anyio.to_thread.run_sync(callback)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.lifespan", error)
