# SPDX-License-Identifier: Apache-2.0
"""`start_as_current_span` as context manager and as decorator."""

import asyncio

import pytest
from opentelemetry.trace import INVALID_SPAN, StatusCode, get_current_span


@pytest.fixture
def tracer(provider):
    return provider.get_tracer("scope")


def test_the_span_is_current_inside_and_ended_after(tracer):
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("inner") as inner:
        assert get_current_span() is inner
        assert inner.parent == outer.get_span_context()
    assert get_current_span() is INVALID_SPAN
    assert not outer.is_recording()


def test_the_span_starts_when_the_block_does(tracer):
    manager = tracer.start_as_current_span("later")
    with tracer.start_as_current_span("parent") as parent, manager as span:
        assert span.parent == parent.get_span_context()


@pytest.mark.parametrize(("record", "set_status"), [(True, True), (True, False), (False, True), (False, False)])
def test_an_exception_marks_the_span_as_asked(tracer, record, set_status):
    manager = tracer.start_as_current_span("work", record_exception=record, set_status_on_exception=set_status)
    with pytest.raises(ValueError, match="broken"), manager as span:
        raise ValueError("broken")
    assert [event.name for event in span.events] == ["exception"] * record
    assert span.status.status_code is (StatusCode.ERROR if set_status else StatusCode.UNSET)


def test_a_cancelled_task_is_no_error(tracer):
    with pytest.raises(asyncio.CancelledError), tracer.start_as_current_span("work") as span:
        raise asyncio.CancelledError
    assert (span.status.is_unset, span.events, span.is_recording()) == (True, (), False)


def test_a_span_may_outlive_the_block(tracer):
    with tracer.start_as_current_span("work", end_on_exit=False) as span:
        pass
    assert span.is_recording()


def test_each_call_of_a_decorated_function_has_its_own_span(tracer):
    @tracer.start_as_current_span("call")
    def call():
        return get_current_span()

    first, second = call(), call()
    assert first is not second
    assert first.name == second.name == "call"
    assert not first.is_recording()


def test_the_span_of_a_decorated_coroutine_lasts_until_it_is_done(tracer):
    @tracer.start_as_current_span("call")
    async def call():
        await asyncio.sleep(0)
        return get_current_span(), get_current_span().is_recording()

    span, was_recording = asyncio.run(call())
    assert was_recording
    assert not span.is_recording()


def test_a_generator_closed_in_another_context_does_not_raise(tracer, caplog):
    async def numbers():
        with tracer.start_as_current_span("work"):
            yield 1

    async def abandon():
        generator = numbers()
        await anext(generator)
        await asyncio.create_task(generator.aclose())

    asyncio.run(abandon())
    assert caplog.messages == ["Failed to detach context"]
