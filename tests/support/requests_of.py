# SPDX-License-Identifier: Apache-2.0
"""What the clients of the four systems ask, with and without ids of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

WEBSOCKET = "WEBSOCKET"
_ADA = {"Authorization": "Bearer token-of-ada"}


@dataclass(frozen=True)
class Ask:
    """One request, or a websocket with one message, and what it gets.

    Attributes:
        lines: that the application itself writes for it, by service.
        spans: of its trace, by service.
        later: lines of the front service that come of it in a trace of their own.
    """

    method: str
    path: str
    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, int] = field(default_factory=dict)
    later: tuple[str, ...] = ()

    @property
    def is_request(self) -> bool:
        """Whether it is counted among the requests."""
        return self.method != WEBSOCKET

    def anonymous(self) -> Ask:
        """Return the same request without ids."""
        kept = {name: value for name, value in self.headers.items() if not name.lower().startswith("x-")}
        return replace(self, headers=kept)

    @property
    def failed(self) -> bool:
        """Whether the application raises."""
        return self.status >= 500


def _message(text: str, status: int = 200, **options: Any) -> Ask:
    headers = {**_ADA, **options.pop("headers", {})}
    return Ask("POST", "/conversations/7/messages", status, {"text": text}, headers, **options)


_ANSWERED = {
    "auth": ("token accepted",),
    "inference": ("generation started", "generation complete"),
    "chat_api": ("message received", "answer streamed"),
}
_CHAT_SPANS = {"auth": 1, "inference": 1, "chat_api": 3}
_SUBMITTED = {"reflex": ("text.processed",), "orchestrator": ("task.submitted", "task.processing.completed")}
_SUBMIT_SPANS = {"reflex": 1, "orchestrator": 3}
_SIGNED_UP = {"api": ("user signed up", "mail sent")}
_TAKEN = {"api": ("chunk taken in room r1", "left room r1")}

ASKED: Mapping[str, tuple[Ask, ...]] = {
    "chat": (
        _message("hello there", lines=_ANSWERED, spans=_CHAT_SPANS),
        _message("and a trace", headers={"X-Trace-Id": "5e" * 16}, lines=_ANSWERED, spans=_CHAT_SPANS),
        _message("and opaque", headers={"X-Trace-Id": "front-trace-0001"}, lines=_ANSWERED, spans=_CHAT_SPANS),
        _message(
            "unlucky", 500, lines={"auth": ("token accepted",), "chat_api": ("message received",)},
            spans={"auth": 1, "inference": 0, "chat_api": 2},
        ),
        _message(
            "stranger", 401, headers={"Authorization": "Bearer wrong"}, lines={"auth": ("token refused",), "chat_api": ()},
            spans={"auth": 1, "inference": 0, "chat_api": 2},
        ),
        Ask("POST", "/conversations/7/messages", 422, {}, _ADA, {"chat_api": ()}, {"chat_api": 1}),
        Ask("GET", "/nowhere", 404, None, {}, {"chat_api": ()}, {"chat_api": 1}),
    ),
    "orchestrator": (
        Ask("POST", "/submit", 200, {"goal": "hello"}, {}, _SUBMITTED, _SUBMIT_SPANS),
        Ask("POST", "/submit", 200, {"goal": "hi"}, {"X-Request-ID": "req_abc123"}, _SUBMITTED, _SUBMIT_SPANS),
        Ask(
            "POST", "/submit", 500, {"goal": "explode"}, {"X-Request-ID": "req_lost"},
            {"reflex": ("text.processed",), "orchestrator": ("task.submitted", "task.failed")}, _SUBMIT_SPANS,
        ),
        Ask("GET", "/tasks/4711", 404, None, {}, {"orchestrator": ()}, {"orchestrator": 1}),
    ),
    "devops": (
        Ask("POST", "/items", 201, {"name": "lamp"}, {}, {"api": ("item created",)}, {"api": 1}),
        Ask(
            "POST", "/items", 201, {"name": "broken"}, {"X-Request-ID": "rid-7"}, {"api": ("item created",)}, {"api": 1}
        ),
        Ask("GET", "/items/1", 200, None, {}, {"api": ()}, {"api": 1}),
        Ask("GET", "/items/2", 500, None, {}, {"api": ()}, {"api": 1}),
        Ask("GET", "/items/9", 404, None, {}, {"api": ()}, {"api": 1}),
    ),
    "pipeline": (
        Ask("POST", "/auth/signup", 201, {"email": "a@b"}, {}, _SIGNED_UP, {"api": 3}),
        Ask("POST", "/auth/signup", 201, {"email": "b@b"}, {"X-Correlation-ID": "corr-signup-1"}, _SIGNED_UP, {"api": 3}),
        Ask("POST", "/auth/signup", 500, {"email": "broken@b"}, {}, {"api": ()}, {"api": 1}),
        Ask(
            WEBSOCKET, "/ws/audio/r1", 101, "hello", {}, _TAKEN, {"api": 1},
            later=("transcribed", "translated", "spoken"),
        ),
        Ask(WEBSOCKET, "/ws/audio/r1", 101, "noise", {}, _TAKEN, {"api": 1}, later=("audio.raw failed",)),
        Ask("POST", "/auth/signup", 400, {"email": "ab"}, {}, {"api": ("signup refused",)}, {"api": 1}),
    ),
}  # fmt: skip
