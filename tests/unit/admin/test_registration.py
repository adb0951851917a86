# SPDX-License-Identifier: Apache-2.0
"""Who may register with the owner of the admin port, and what becomes of those who may not."""

import os
import socket
import struct
import subprocess
import time
from dataclasses import replace

import orjson
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from testbed.scrape import scrape

from otel_distro import admin, metrics
from otel_distro.metrics.families import Family, Number
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.segment import Segment
from otel_distro.settings.model import AdminSettings, ServiceSettings, Settings
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.loop import Loop
from otel_distro.workers.member import Member
from otel_distro.workers.wire import MAX_FRAME_BYTES, FrameBuffer, frame, pack, unpack

SETTINGS = replace(Settings(), admin=AdminSettings(port=0))


@pytest.fixture
def owner():
    """An owner; its handshake and the URL of its port."""
    reader = PrometheusReader()
    MeterProvider([reader], shutdown_on_exit=False)
    port = admin.start(SETTINGS, metrics.install(SETTINGS, reader))
    handshake = Handshake.decode(os.environ["OTEL_DISTRO_OWNER"])
    yield handshake, port.url
    port.close()
    assert "OTEL_DISTRO_OWNER" not in os.environ


def members(url):
    page = scrape(url)
    return sum(sample.value for sample in page.samples("otel_distro_workers"))


def eventually(probe):
    deadline = time.monotonic() + 10
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def connect(handshake):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(10)
    sock.connect("\0" + handshake.socket)
    return sock


def hello(handshake):
    return frame(handshake.hello(os.getpid()))


def family(value):
    return Family("orders", "counter", "Orders.", policy="sum", points={"": Number(value)})


def member(handshake, value):
    return Member(handshake, None, lambda deliver: deliver([family(value)], {}), lambda _: None)


def test_members_are_added_up_and_stay_in_the_total_when_they_leave(owner):
    handshake, url = owner
    one, other = member(handshake, 3), member(handshake, 4)
    eventually(lambda: members(url) == 2)
    assert scrape(url).value("orders_total") == 7
    one.close(1)
    eventually(lambda: members(url) == 1)
    assert scrape(url).value("orders_total") == 7
    other.close(1)
    eventually(lambda: members(url) == 0)
    assert scrape(url).value("orders_total") == 7


FORGED = {
    "no token": frame({"type": "hello"}),
    "a wrong token": frame({"type": "hello", "token": "0" * 32}),
    "a token of another type": frame({"type": "hello", "token": ["x"]}),
    "an answer before the hello": frame({"type": "answer", "families": pack([family(666)])}),
    "a huge frame": struct.pack(">I", MAX_FRAME_BYTES + 1) + b"x",
    "no message": struct.pack(">I", 2) + b"[]",
    "no JSON": struct.pack(">I", 4) + b"\xff\xfe{}",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_strangers_are_shut_out(owner, data):
    handshake, url = owner
    with connect(handshake) as stranger:
        stranger.sendall(data)
        assert stranger.recv(1) == b""
    page = scrape(url)
    assert members(url) == 0
    assert page.value("orders_total") == 0


BROKEN = {
    "no families": {"type": "answer", "families": 7},
    "a family of another shape": {"type": "answer", "families": [["orders"]]},
    "an unknown kind": {"type": "answer", "families": [["orders", "virus", "", "", "sum", []]]},
    "points of another shape": {
        "type": "answer",
        "families": [["orders", "counter", "", "", "sum", [["", {}, None, None]]]],
    },
    "numbers that are none": {"type": "answer", "number": [], "lag": {}, "families": []},
    "something unknown": {"type": "surprise"},
}


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN)
def test_a_member_that_talks_nonsense_spoils_nothing(owner, message):
    handshake, url = owner
    good = member(handshake, 5)
    with connect(handshake) as bad:
        bad.sendall(hello(handshake))
        eventually(lambda: members(url) == 2)
        bad.sendall(frame(message))
        for _ in range(3):
            assert scrape(url).value("orders_total") == 5
    good.close(1)


def test_a_truncated_frame_is_no_frame(owner):
    handshake, url = owner
    with connect(handshake) as member_:
        member_.sendall(hello(handshake))
        member_.sendall(frame({"type": "answer", "families": pack([family(5)])})[:-3])
        eventually(lambda: members(url) == 1)
        assert scrape(url).value("orders_total") == 0
    eventually(lambda: members(url) == 0)


def test_a_descriptor_that_is_no_segment_is_refused(owner):
    handshake, url = owner
    read, write = os.pipe()
    with connect(handshake) as stranger:
        socket.send_fds(stranger, [hello(handshake)], [read])
        assert stranger.recv(1) == b""
    os.close(read)
    os.close(write)
    assert members(url) == 0


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the platform has no memfd_create")
def test_a_segment_full_of_garbage_is_counted_as_a_fault_and_left_out(owner):
    handshake, url = owner
    segment = Segment.shared()
    segment._heads[0] = segment._heads[1] = 2**63
    with connect(handshake) as bad:
        socket.send_fds(bad, [hello(handshake)], [segment.fd])
        eventually(lambda: members(url) == 1)
        assert scrape(url).value("otel_distro_faults_total", kind="reading a worker's samples") >= 1
    segment.close()


def test_a_member_that_never_answers_delays_a_scrape_by_the_time_limit_once(owner):
    handshake, url = owner
    with connect(handshake) as silent:
        silent.sendall(hello(handshake))
        eventually(lambda: members(url) == 1)
        good = member(handshake, 5)
        eventually(lambda: scrape(url).value("orders_total") == 5)
        good.close(1)


def test_who_says_nothing_is_nobody(owner):
    handshake, url = owner
    with connect(handshake):
        assert members(url) == 0


STRANGER = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect("\\0" + sys.argv[1])
try:
    sock.sendall(bytes.fromhex(sys.argv[2]))
    print(sock.recv(1))
except OSError:
    print(b"")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_s_process_is_shut_out_although_it_knows_the_token(owner):
    handshake, _ = owner
    command = ["/usr/bin/env", "python3", "-c", STRANGER, handshake.socket, hello(handshake).hex()]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(command, user=65534, env=environment, cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == "b''\n"


def test_the_word_left_for_children_reads_back():
    offered = Handshake.offer(SETTINGS)
    assert Handshake.decode(offered.encode()) == offered


@pytest.mark.parametrize("text", [None, "", "1", "1:2:3", "1:1:a:b:c", "2:x:a:b:c", "2:5:a:b:", "2:5:a:b:c:d"])
def test_anything_else_in_its_place_is_ignored(text):
    assert Handshake.decode(text) is None


def test_a_service_of_another_name_or_port_is_not_meant():
    offered = replace(Handshake.offer(SETTINGS), pid=1)
    assert offered.concerns(SETTINGS)
    assert not offered.concerns(replace(SETTINGS, service=ServiceSettings(name="inner")))
    assert not offered.concerns(replace(SETTINGS, admin=AdminSettings(port=1)))
    assert not replace(offered, pid=os.getpid()).concerns(SETTINGS)


def test_an_owner_that_has_ended_is_replaced():
    gone = replace(Handshake.offer(SETTINGS), pid=1)
    port = admin.start(replace(SETTINGS, owner=gone.encode()), None)
    assert port.url is not None
    port.close()


def test_frames_in_any_pieces_are_put_together():
    messages = [{"number": number, "text": "ä" * number} for number in range(5)]
    data = b"".join(map(frame, messages))
    for size in (1, 3, 7, len(data)):
        buffer = FrameBuffer()
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        assert [message for piece in pieces for message in buffer.feed(piece)] == messages


@pytest.mark.parametrize("value", [0.0, -1.5, float("inf"), float("-inf"), 2.0**60])
def test_every_number_survives_the_wire(value):
    (received,) = unpack(orjson.loads(orjson.dumps(pack([family(value)]))))
    assert received == family(value)


def test_what_json_hardly_takes_survives_the_wire():
    odd = Family("orders", "counter", "H\ud800lp", policy="sum", points={'city="K\u00f6ln"': Number(2**70)})
    (message,) = FrameBuffer().feed(frame({"families": pack([odd])}))
    assert unpack(message["families"]) == [odd]


def test_a_member_whose_metrics_raise_answers_the_next_question(owner, caplog):
    handshake, url = owner
    answers = iter([1, 5])

    def ask(deliver):
        value = next(answers, 7)
        if value == 1:
            raise RuntimeError("not now")
        deliver([family(value)], {})

    odd = Member(handshake, None, ask, lambda _: None)
    eventually(lambda: scrape(url).value("orders_total") == 7)
    odd.close(1)


def test_the_loop_goes_on_after_a_callback_that_raises(caplog):
    loop = Loop()
    ran = []
    loop.start()
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(lambda: ran.append(True))
    eventually(lambda: ran)
    loop.close(5)
