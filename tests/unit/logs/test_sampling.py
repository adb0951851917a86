# SPDX-License-Identifier: Apache-2.0
"""Of repeated debug and info lines one in n is written, and says how many were left out."""

from __future__ import annotations

import logging

import structlog

from otel_distro.logs.sampling import Sampler


def test_the_first_and_each_nth_line_is_written_with_the_count(install):
    output = install(sample_every={"busy": 3})
    log = structlog.get_logger("busy")
    for number in range(8):
        log.info("tick", number=number)
    assert [(event["number"], event.get("left_out")) for event in output.events] == [(0, None), (3, 2), (6, 2)]


def test_other_messages_loggers_and_levels_are_written(install):
    output = install(sample_every={"busy": 100})
    for _ in range(2):
        structlog.get_logger("busy").warning("trouble")
        structlog.get_logger("calm").info("tick")
    structlog.get_logger("busy").info("one")
    structlog.get_logger("busy").info("two")
    assert len(output.events) == 6


def test_the_standard_library_is_sampled_too(install):
    output = install(sample_every={"busy": 5})
    for number in range(6):
        logging.getLogger("busy.inner").info("tick %s", number)
    assert [event.get("left_out") for event in output.events] == [None, 4]


def test_a_loggers_entry_holds_for_those_below_it_and_a_star_for_all():
    sampler = Sampler({"a.b": 2, "*": 4})
    assert [sampler.left_out("info", "a.b.c", "x") for _ in range(4)] == [0, None, 1, None]
    assert [sampler.left_out("debug", "other", "x") for _ in range(5)] == [0, None, None, None, 3]


def test_memory_is_bounded_when_every_message_is_another():
    sampler = Sampler({"*": 2})
    for number in range(10_000):
        assert sampler.left_out("info", "a", f"message {number}") == 0
    assert len(sampler._seen) <= 4096


def test_an_own_renderer_is_sampled_too(install):
    output = install(sample_every={"own": 3})
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.stdlib.LoggerFactory()
    )
    for number in range(4):
        structlog.get_logger("own").info("tick", number=number)
    assert output.lines == ['{"number": 0, "event": "tick"}', '{"number": 3, "event": "tick", "left_out": 2}']
