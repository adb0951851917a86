# SPDX-License-Identifier: Apache-2.0
"""The service that meets strangers, and says what it has cost so far."""

import time
from pathlib import Path

from exposed import app
from fastapi import WebSocket


@app.get("/state")
async def state() -> dict[str, float]:
    """Tell resident memory in MiB and CPU in seconds."""
    return {"mib": resident(), "cpu": time.process_time()}


def resident() -> float:
    """Return the memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) / 256


@app.websocket("/talk/{name}")
async def talk(websocket: WebSocket) -> None:
    """Refuse everybody."""
    await websocket.close()
