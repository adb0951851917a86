# SPDX-License-Identifier: Apache-2.0
"""Real requests to chat_api, some of them failing, and a count of what was sent to compare /metrics with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import httpx

POST_MESSAGE = "/rooms/{room}/messages"
_USERS = ("ada", "grace", "edsger", "barbara")


@dataclass(frozen=True)
class Call:
    """A request and the status that it must be answered with."""

    method: str
    path: str
    status: int
    json: dict[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """The request that the report follows, and where its trace can be found."""

    call: Call
    status: int
    trace_id: str


def calls(total: int) -> list[Call]:
    """Return so many calls: most succeed; every 12th lists a missing room, fails behind, or breaks the service."""
    return [_call(number) for number in range(total)]


def send(base_url: str, traffic: list[Call], progress: Callable[[str], None]) -> Counter[int]:
    """Send the calls, eight at a time, and count the statuses.

    Raises:
        ValueError: If an answer has another status than its call expects.
        httpx.HTTPError: If there is no answer.
    """
    statuses: Counter[int] = Counter()
    with _client(base_url) as client, ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(_send, client, call) for call in traffic]
        for done, answer in enumerate(as_completed(answers), 1):
            statuses[answer.result().status_code] += 1
            progress(f"{done}/{len(traffic)}")
    return statuses


def send_one(base_url: str, call: Call) -> Answer:
    """Send one call and read its trace id from the response.

    Raises:
        ValueError: If the response names no trace.
    """
    with _client(base_url) as client:
        response = _send(client, call)
    trace_id = response.headers.get("x-trace-id")
    if trace_id is None:
        raise ValueError(f"the response to {call.method} {call.path} carries no x-trace-id header")
    return Answer(call, response.status_code, trace_id)


def message(room: str, text: str, user_id: str, status: int = 200) -> Call:
    return Call("POST", f"/rooms/{room}/messages", status, {"text": text, "user_id": user_id})


def _client(base_url: str) -> httpx.Client:
    # uvicorn closes the connection after an unhandled exception: the next request on a kept one may be reset.
    return httpx.Client(base_url=base_url, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


def _call(number: int) -> Call:
    if number % 12 == 5:
        return Call("GET", "/rooms/nowhere/messages", 404)
    if number % 24 == 11:
        return message("lobby", "", "mallory", 502)  # inference refuses an empty prompt
    if number % 48 == 23:
        return Call("DELETE", "/rooms/lobby", 500)
    return message(f"room-{number % 5}", f"message number {number}", _USERS[number % len(_USERS)])


def _send(client: httpx.Client, call: Call) -> httpx.Response:
    response = client.request(call.method, call.path, json=call.json)
    if response.status_code != call.status:
        raise ValueError(f"{call.method} {call.path} was answered {response.status_code}, expected {call.status}")
    return response
