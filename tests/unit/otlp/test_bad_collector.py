# SPDX-License-Identifier: Apache-2.0
"""A collector that means ill: its answers are bounded in bytes, in CPU and in time, and followed nowhere."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from testbed.exporting import RESOURCE, SCOPE, build_exporter, log_record, submit

from otel_distro.otlp.inbox import Inbox
from otel_distro.otlp.response import Reply
from otel_distro.otlp.sender import _LONGEST_BACKOFF_SECONDS, Sender, _Batch
from otel_distro.otlp.transport import Transport
from otel_distro.settings.model import OtlpSettings, QueueSettings

Serve = Callable[[socket.socket], object]
PARTS = 200


@contextmanager
def collector(serve: Serve) -> Iterator[int]:
    """Let a function answer each request, once its head has come; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, serve), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket, serve: Serve) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, serve), daemon=True).start()


def _serve(connection: socket.socket, serve: Serve) -> None:
    with connection:
        try:
            connection.recv(65536)
            serve(connection)
        except OSError:
            return


def trickle(*parts: bytes) -> Serve:
    """Answer in small parts, each well within a socket's timeout."""

    def serve(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.1)

    return serve


def say_nothing(connection: socket.socket) -> None:
    """Take what comes, the request's body may be a packet of its own, until the client hangs up."""
    while connection.recv(65536):
        pass


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(trickle(b"HTTP/1.1 200 OK\r\n", *[b"X-%d: 1\r\n" % n for n in range(90)]), id="headers"),
        pytest.param(trickle(*[b"H"] * PARTS), id="status line"),
        pytest.param(trickle(HEAD, *[b"x"] * PARTS), id="body"),
        pytest.param(trickle(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * PARTS), id="endless continue"),
        pytest.param(say_nothing, id="nothing"),
    ],
)
def test_a_request_ends_in_its_time_however_the_answer_trickles_in(serve):
    with collector(serve) as port:
        transport = Transport(OtlpSettings(endpoint=f"http://127.0.0.1:{port}/v1/logs", timeout_seconds=0.3))
        since = time.monotonic()
        with pytest.raises(OSError, match="timed out"):
            transport.post(b"x")
        assert time.monotonic() - since < 3


def reply(body: bytes, **fields) -> Reply:
    known = {"status": 200, "reason": "OK", "content_type": "application/x-protobuf", "retry_after": None}
    return Reply(**{**known, "location": None, "body": body, **fields})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff" * 65536, id="one endless number"),
        pytest.param(b"\x08\x01" * 32768, id="small fields"),
        pytest.param(b"\x0a\x00" * 32768, id="empty fields"),
        pytest.param((b"\x08" + b"\xff" * 11) * 5461, id="long numbers"),
        pytest.param(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 60000, id="a field beyond the end"),
        pytest.param(b"\x0a\x80\x80\x04" + b"\xff" * 65536, id="an endless number in a field"),
    ],
)
def test_reading_an_answer_takes_no_cpu_worth_speaking_of(body):
    answer = reply(body)
    since = time.thread_time()
    for _ in range(10):
        answer.rejected()
        answer.explanation()
    assert (time.thread_time() - since) / 10 < 0.01


def test_numbers_and_texts_are_read_as_before():
    assert reply(b"\x0a\x07\x08\xac\x02\x12\x02no").rejected() == (300, "no")
    assert reply(b"\x12\x04busy", status=503, reason="Unavailable").explanation() == "503 Unavailable: busy"


def test_what_a_collector_says_is_one_short_line():
    said = reply(
        b"a\r\nb" * 9000, status=400, reason="x\ny" * 9000, content_type="", location="z" * 60000
    ).explanation()
    assert len(said) < 2000
    assert said.isprintable()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_nowhere(status, receiver, caplog):
    caplog.set_level(logging.INFO, "otel_distro")
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {receiver.endpoint}/v1/logs\r\nContent-Length: 0\r\n\r\n"
    with collector(trickle(head.encode())) as port:
        exporter = build_exporter(port)
        submit(exporter, 2)
        exporter.shutdown(5)
    assert exporter.stats.failed == 2
    assert receiver.requests() == []
    assert [line for line in caplog.messages if str(status) in line]


def test_nobody_is_kept_away_for_longer_than_a_minute():
    head = b"HTTP/1.1 503 Later\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n"
    inbox = Inbox()
    inbox.records.append([RESOURCE, SCOPE, log_record(1)])
    with collector(trickle(head)) as port:
        otlp = OtlpSettings(endpoint=f"http://127.0.0.1:{port}/v1/logs")
        sender = Sender("logs", otlp, QueueSettings(max_export_batch_size=1), inbox)
        assert 50 < sender.work() <= 60
        sender._transport.close()


@pytest.mark.parametrize(
    ("body", "rejected"),
    [
        pytest.param(b"\x0a\x02\x08\x05", (5, ""), id="a count alone"),
        pytest.param(b"\x0a\x04\x12\x02no", (0, "no"), id="a reason alone"),
        pytest.param(b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01", (0, ""), id="minus one"),
        pytest.param(b"\x0a\x03\x08\x80\x01", (128, ""), id="a count whose first seven bits are 0"),
        pytest.param(b"\x0a\x83\x01\x12\x80\x01" + b"r" * 128, (0, "r" * 128), id="a reason of 128 bytes"),
        pytest.param(b"\x0a\x04\x0a\x02no", (0, ""), id="a text where the count belongs"),
        pytest.param(b"\x0a\x02\x10\x05", (0, ""), id="a number where the reason belongs"),
        pytest.param(b"", (0, ""), id="all taken"),
    ],
)
def test_what_a_partial_success_says(body, rejected):
    assert reply(body).rejected() == rejected


@pytest.mark.parametrize(
    ("body", "settled", "said"),
    [
        pytest.param(b"\x0a\x02\x08\x02", (1, 2), "refused 2 records of logs: no reason given;", id="a count alone"),
        pytest.param(b"\x0a\x06\x12\x04slow", (3, 0), ": slow", id="a reason alone"),
        pytest.param(b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01", (3, 0), None, id="a negative count"),
        pytest.param(b"\x0a\x03\x08\xac\x02", (0, 3), "refused 3 records of logs", id="more than were sent"),
        pytest.param(b"", (3, 0), None, id="all taken"),
    ],
)
def test_a_partial_success_is_counted_and_said(body, settled, said, caplog):
    caplog.set_level(logging.INFO, "otel_distro")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(body)
    with collector(lambda connection: connection.sendall(head + body)) as port:
        exporter = build_exporter(port)
        submit(exporter, 3)
        exporter.shutdown(5)
    assert (exporter.stats.exported, exporter.stats.failed) == settled
    assert len([line for line in caplog.messages if said and said in line]) == (1 if said else 0)
    assert bool([line for line in caplog.messages if "refused" in line or "slow" in line]) == bool(said)


def test_the_pause_between_attempts_grows_to_a_limit_and_is_not_the_same_for_everybody():
    sender = Sender("logs", OtlpSettings(endpoint="http://127.0.0.1:1/v1/logs"), QueueSettings(), Inbox())
    pauses = {attempts: [sender._backoff(_Batch(b"", 1, attempts)) for _ in range(50)] for attempts in (1, 2, 3, 99)}
    means = {attempts: sum(found) / 50 for attempts, found in pauses.items()}
    assert means[2] / means[1] == pytest.approx(2, rel=0.2)
    assert means[3] / means[2] == pytest.approx(2, rel=0.2)
    assert 0.8 * _LONGEST_BACKOFF_SECONDS <= min(pauses[99]) <= max(pauses[99]) <= 1.2 * _LONGEST_BACKOFF_SECONDS
    assert {len(set(found)) for found in pauses.values()} == {50}
    sender._transport.close()
