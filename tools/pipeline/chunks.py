# SPDX-License-Identifier: Apache-2.0
"""Sends chunks over a real websocket, and asks what has arrived at the other end of the pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.server import eventually, fetch_json
from websockets.sync.client import connect

from pipeline.stack import Pipeline

LANGUAGES = 2


def send(pipeline: Pipeline, room: str, chunks: Sequence[str]) -> None:
    """Send chunks to a room, one after another, each when the one before has been taken."""
    with connect(f"ws://127.0.0.1:{pipeline.gateway.port}/ws/audio/{room}", proxy=None) as websocket:
        for chunk in chunks:
            websocket.send(chunk)
            websocket.recv(timeout=60)


def captions(pipeline: Pipeline, room: str) -> list[str]:
    """Return what has been delivered to a room."""
    found: list[str] = fetch_json(f"{pipeline.gateway.url}/rooms/{room}")
    return found


def delivered(pipeline: Pipeline, room: str, chunks: int, timeout: float = 120.0) -> set[str]:
    """Wait until so many different chunks have been delivered in every language; a redelivery counts once."""
    wanted = chunks * LANGUAGES

    def all_of_them() -> set[str]:
        found = set(captions(pipeline, room))
        return found if len(found) == wanted else set()

    return eventually(all_of_them, timeout, f"{wanted} captions in {room}")
