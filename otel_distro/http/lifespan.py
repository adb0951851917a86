# SPDX-License-Identifier: Apache-2.0
"""What a serving process tells about itself: its event loop at the first scope, its end at lifespan shutdown.

Lifespan shutdown is the first hook at the end of a process, and the only one that every server runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from otel_distro import diagnostics
from otel_distro.metrics import heartbeat

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# Called in a thread each time an application has shut down: to flush, never to close, as spans may follow and test
# clients shut the same application down many times.
on_lifespan_shutdown: list[Callable[[], object]] = []

_LAST_MESSAGES = ("lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed")


def watch_loop() -> None:
    """Let `/health` and the lag metric know of the event loop that serves; other loops than asyncio's are not watched."""
    try:
        heartbeat.watch(asyncio.get_running_loop())
    except RuntimeError:
        return


def flushing(send: Send) -> Send:
    """Return `send` that flushes before the server hears that the application is down."""

    async def flush_then_send(message: Message) -> None:
        if message["type"] in _LAST_MESSAGES:
            for callback in list(on_lifespan_shutdown):
                await _run(callback)
        await send(message)

    return flush_then_send


async def _run(callback: Callable[[], object]) -> None:
    import anyio.to_thread  # a dependency of every application that gets here

    try:
        await anyio.to_thread.run_sync(callback)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.lifespan", error)
