# SPDX-License-Identifier: Apache-2.0
"""When a server begins to serve and when it stops: uvicorn says it itself, others by the lifespan of the application.

uvicorn's signal handler only notes that it shall end; the lifespan hears of it when the last request is over, which is too
late for a readiness probe.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from otel_distro.ground import phase
from otel_distro.ground.asgi import Message
from otel_distro.ground.patch import Patches
from otel_distro.ground.phase import Phase
from otel_distro.roles import asgi_server

FASTAPI_SECONDS, IMPORT_SECONDS = 60.0, 15.0
_OF_LIFESPAN = {
    "lifespan.startup": Phase.STARTING,
    "lifespan.startup.complete": Phase.SERVING,
    "lifespan.shutdown": Phase.STOPPING,
}


def will_be_told(age_seconds: float) -> bool:
    """Whether a phase can still be expected: uvicorn tells it for every application, other servers for FastAPI's.

    What else they serve says nothing, and counts as served when it has had the time to be imported.
    """
    server = asgi_server()
    if server is None or server == "uvicorn":
        return server is not None
    return age_seconds < (FASTAPI_SECONDS if "fastapi" in sys.modules else IMPORT_SECONDS)


def hear(message: Message) -> None:
    """Take what a message of the lifespan says."""
    heard = _OF_LIFESPAN.get(message["type"])
    if heard is not None:
        phase.enter(heard)


def ask_uvicorn() -> Callable[[], None]:
    """Have each uvicorn server asked from its start on; return what undoes that."""
    patches, server = Patches(), sys.modules["uvicorn"].Server
    startup = server.startup

    @wraps(startup)
    async def startup_asked(self: Any, *args: Any, **kwargs: Any) -> None:
        phase.ask(lambda: _of(self))
        await startup(self, *args, **kwargs)

    patches.set(server, "startup", startup_asked)
    return patches.undo


def _of(server: Any) -> Phase:
    if server.should_exit:
        return Phase.STOPPING
    return Phase.SERVING if server.started else Phase.STARTING
