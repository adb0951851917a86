# SPDX-License-Identifier: Apache-2.0
"""Checks that are asked again and again, and what is said of them."""

import asyncio
import logging
import socket
import ssl
import threading
import time
from dataclasses import replace

import pytest

import otel_distro.health
from otel_distro.health import own
from otel_distro.health.checks import Check, Checks, gauges
from otel_distro.health.found import Found, reason_of
from otel_distro.metrics import heartbeat
from otel_distro.settings.model import HealthSettings

QUICK = replace(HealthSettings(), interval_seconds=0.01, timeout_seconds=0.2)


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def check():
    """Start checks; they end with the test."""
    running = []

    def start(probe, settings=QUICK, name="db"):
        running.append(Check(name, probe, settings))
        running[-1].start()
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture(autouse=True)
def nothing_declared():
    own.use(QUICK)
    yield
    own.stop()
    own._Process.declared.clear()
    own.use(HealthSettings())


def test_one_line_when_a_dependency_goes_and_one_when_it_comes_back(check, caplog):
    answers = {"up": True}

    def probe(_seconds):
        asked.append(1)
        if not answers["up"]:
            raise ConnectionRefusedError(111, "Connection refused")

    asked: list[int] = []
    with caplog.at_level(logging.INFO, "otel_distro"):
        db = check(probe)
        until(lambda: db.found() is not None)
        assert db.found().reason is None
        for up in (False, True):
            answers["up"] = up
            until(lambda up=up: (db.found().reason is None) == up)
            before = len(asked)
            until(lambda before=before: len(asked) > before + 5)
    said = [(record.levelname, record.getMessage(), record.check) for record in caplog.records]
    assert said == [("WARNING", "a dependency is down", "db"), ("INFO", "a dependency is up again", "db")]
    assert caplog.records[0].reason == "connection refused"


def test_a_check_that_hangs_is_down_while_it_hangs(check):
    release = threading.Event()
    db = check(lambda _seconds: release.wait(60))
    assert db.found() is None
    until(lambda: db.found() is not None)
    assert db.found().reason == "no answer within 0.2 s"
    release.set()
    until(lambda: db.found().reason is None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its name is not known"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (ssl.SSLError(1, "wrong version number"), "it does not speak TLS as expected"),
        (ValueError("postgresql://me:secret@db"), "ValueError"),
    ],
)
def test_a_reason_discloses_nothing(error, reason):
    assert reason_of(error) == reason


def test_each_dependency_has_a_name_of_its_own():
    settings = replace(
        QUICK,
        postgresql=("postgresql://a/x", "orders=postgresql://b/x"),
        redis=("redis://a", "redis://b"),
        kafka=("a:9092", "b:9092"),
        http=("auth=http://auth/health", "http://b/"),
        optional=("orders",),
    )
    found = Checks(settings).found()
    assert list(found) == ["postgresql", "orders", "redis", "redis_2", "kafka", "auth", "http"]
    assert [name for name, (_, optional) in found.items() if optional] == ["orders"]


def test_metrics_tell_each_check():
    families = list(gauges({"db": (Found("no", 0.5), False), "cache": (Found(None, 0.1), True), "mail": (None, False)}))
    told = {family.name: {labels: point.value for labels, point in family.points.items()} for family in families}
    assert told == {
        "health_check_status": {'check="db"': 0.0, 'check="cache"': 1.0},
        "health_check_duration_seconds": {'check="db"': 0.5, 'check="cache"': 0.1},
    }
    assert [family.policy for family in families] == ["min", "max"]


def test_a_function_of_the_application_is_a_check_and_stays_what_it_is():
    @otel_distro.health.check("payments")
    def payments():
        raise LookupError("secret")

    with pytest.raises(LookupError):
        payments()
    until(lambda: own.found()["payments"][0] is not None)
    found, optional = own.found()["payments"]
    assert (found.reason, optional) == ("LookupError", False)


def test_the_environment_says_that_a_check_of_the_application_is_optional():
    otel_distro.health.check("payments")(lambda: None)
    otel_distro.health.check("mail", optional=True)(lambda: None)
    otel_distro.health.check("orders")(lambda: None)
    own.use(HealthSettings(optional=("payments",)))
    assert {name: optional for name, (_, optional) in own.found().items()} == {
        "payments": True,
        "mail": True,
        "orders": False,
    }


def test_a_coroutine_function_runs_on_the_event_loop_that_serves():
    loops = []

    @otel_distro.health.check("mail", timeout_seconds=30, optional=True)
    async def mail():
        loops.append(asyncio.get_running_loop())

    assert own.found() == {"mail": (None, True)}

    async def serve():
        heartbeat.watch(asyncio.get_running_loop())
        await asyncio.to_thread(until, lambda: own.found()["mail"][0] is not None)
        assert own.found()["mail"][0].reason is None
        assert set(loops) == {asyncio.get_running_loop()}

    asyncio.run(serve())
    heartbeat.forget()


def test_a_coroutine_that_takes_too_long_is_down_and_is_cancelled():
    ended = []

    @otel_distro.health.check("mail", timeout_seconds=0.1)
    async def mail():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async def serve():
        heartbeat.watch(asyncio.get_running_loop())
        await asyncio.to_thread(until, lambda: own.found()["mail"][0] is not None and ended)
        assert own.found()["mail"][0].reason == "no answer within 0.1 s"

    asyncio.run(serve())
    heartbeat.forget()
    assert ended
