# SPDX-License-Identifier: Apache-2.0
"""`otel_distro.messaging` where nothing stands: the application's code runs, and nothing else happens."""

import asyncio

import pytest

from otel_distro import messaging


def test_without_a_start_nothing_is_written() -> None:
    envelope = {"event_id": "1"}
    assert messaging.inject(envelope) is envelope
    assert envelope == {"event_id": "1"}


def test_without_a_start_blocks_run_their_bodies() -> None:
    ran = []
    with messaging.process({"event_id": "1"}, stage="one"), messaging.stage("two", last=True):
        ran.append("body")
    assert ran == ["body"]


def test_an_exception_goes_on_untouched() -> None:
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught, messaging.process([]):
        raise error
    assert caught.value is error


def test_decorated_functions_are_what_they_were() -> None:
    @messaging.stage("sync")
    def double(number: int) -> int:
        """Double it."""
        return number * 2

    @messaging.stage("async")
    async def triple(number: int) -> int:
        return number * 3

    assert (double(2), double.__doc__, asyncio.run(triple(2))) == (4, "Double it.", 6)
    assert asyncio.iscoroutinefunction(triple)
