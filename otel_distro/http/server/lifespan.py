# SPDX-License-Identifier: Apache-2.0
"""What a serving process tells about itself: its event loop at the first scope, its end at lifespan shutdown.

Lifespan shutdown is the first hook at the end of a process, and the only one that every server runs. It is flushed before
the application's own shutdown, which may end the process by itself (`os._exit` runs no hook), and once more after it.
"""

from __future__ import annotations

from collections.abc import Callable

from otel_distro import diagnostics
from otel_distro.ground.asgi import Message, Receive, Send
from otel_distro.http.server.phases import hear
from otel_distro.metrics import heartbeat

# Called when an application is built, and when one meets its first scope: a server has started.
on_application_built: list[Callable[[], object]] = []
on_serving: list[Callable[[], object]] = []

# Called when an application is told to start: one that was shut down before, in this process, was not its end.
on_lifespan_startup: list[Callable[[], object]] = []

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


def watched(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return what carries the messages of a lifespan, and flushes before anybody hears that it is over."""

    async def receive_then_flush() -> Message:
        message = await receive()
        hear(message)
        if message["type"] == "lifespan.startup":
            _call(on_lifespan_startup)
        elif message["type"] == "lifespan.shutdown":
            await _flush()
        return message

    async def flush_then_send(message: Message) -> None:
        if message["type"] in _LAST_MESSAGES:
            await _flush()
        await send(message)
        hear(message)

    return receive_then_flush, flush_then_send


async def _flush() -> None:
    for callback in on_lifespan_shutdown:
        await _run(callback)


async def _run(callback: Callable[[], object]) -> None:
    import anyio.to_thread  # a dependency of every application that gets here

    try:
        await anyio.to_thread.run_sync(callback)
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.lifespan", error)
