# SPDX-License-Identifier: Apache-2.0
"""Processes that want more from the owner of the admin port, or from a member, than is theirs."""

import fcntl
import json
import mmap
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from testbed.scrape import scrape
from testbed.waiting import wait_until

from otel_distro import admin, metrics
from otel_distro.metrics.cells import SegmentReader, Series, describe
from otel_distro.metrics.exposition import OPEN_METRICS, TEXT, render
from otel_distro.metrics.families import merge
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.segment import MAX_RECORDS, Segment
from otel_distro.settings.model import AdminSettings, Settings
from otel_distro.workers.credentials import credentials, is_kin, may_own
from otel_distro.workers.handshake import Handshake
from otel_distro.workers.member import Member
from otel_distro.workers.peer import HELLO_BYTES
from otel_distro.workers.wire import frame, unpack

SETTINGS = replace(Settings(), admin=AdminSettings(port=0))


@pytest.fixture
def owner():
    """An owner; its handshake and the URL of its port."""
    reader = PrometheusReader()
    MeterProvider([reader], shutdown_on_exit=False)
    port = admin.start(SETTINGS, metrics.install(SETTINGS, reader))
    yield Handshake.decode(os.environ["OTEL_DISTRO_OWNER"]), port.url
    port.close()


@pytest.fixture
def stranger(owner):
    """A connection to the owner."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect("\0" + owner[0].socket)
        yield sock


def descriptors():
    return len([*Path("/proc/self/fd").iterdir()])


def is_closed(sock):
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_a_hello_shows_the_token_to_nobody_and_is_of_use_with_one_owner_only():
    handshake = Handshake.offer(Settings())
    hello = handshake.hello(os.getpid())
    assert handshake.token not in json.dumps(hello)
    assert handshake.is_proved_by(hello)
    assert not handshake.is_proved_by(handshake.hello(os.getpid() + 1))
    assert not Handshake.offer(Settings()).is_proved_by(hello)
    assert not handshake.is_proved_by({**hello, "nonce": "0"})


def test_who_tells_the_token_itself_is_no_member(owner, stranger):
    stranger.sendall(frame({"type": "hello", "token": owner[0].token}))
    assert is_closed(stranger)


def test_before_the_hello_there_is_room_for_a_kilobyte(stranger):
    stranger.sendall((HELLO_BYTES + 1).to_bytes(4, "big") + b"x" * 10)
    assert is_closed(stranger)


def test_descriptors_of_strangers_and_members_are_closed_at_once(owner, stranger):
    handshake, url = owner
    with Path(os.devnull).open("rb") as file:
        before = descriptors()
        for _ in range(3):  # the first bytes of a length, which may still become that of a hello
            socket.send_fds(stranger, [b"\0"], [file.fileno()] * 8)
        wait_until(lambda: scrape(url) and descriptors() <= before + 1)
        member = Member(handshake, None, lambda deliver: deliver([], {}), lambda _: None)
        wait_until(lambda: scrape(url).value("otel_distro_workers") == 1)
        before = descriptors()
        for _ in range(50):
            socket.send_fds(member._socket, [frame({"type": "surprise"})], [file.fileno()] * 8)
        wait_until(lambda: scrape(url).value("otel_distro_workers") == 1 and descriptors() <= before)
        member.close(1)


def test_many_who_say_nothing_make_room_for_who_does(owner):
    handshake, url = owner
    silent = []
    for _ in range(100):
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect("\0" + handshake.socket)
    member = Member(handshake, None, lambda deliver: deliver([], {}), lambda _: None)
    wait_until(lambda: scrape(url).value("otel_distro_workers") == 1)
    assert sum(_hung_up(sock) for sock in silent) >= 30
    member.close(1)
    for sock in silent:
        sock.close()


def _hung_up(sock):
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False


def test_kin_are_processes_of_our_own_user_that_we_see():
    me = os.getuid()
    assert is_kin(1, me)
    assert not is_kin(0, me)
    assert not is_kin(1, me + 1)
    assert may_own(1, 0)
    assert may_own(1, me)
    assert not may_own(0, me)
    assert not may_own(1, 65533)


def test_the_kernel_says_who_is_at_the_other_end():
    one, other = socket.socketpair()
    with one, other:
        assert credentials(one) == (os.getpid(), os.getuid())


def test_a_segment_s_descriptor_lets_nobody_write():
    segment = Segment.shared()
    segment.allocate(b"x" * 8, 1)
    with pytest.raises(PermissionError):
        os.pwrite(segment.fd, b"y", 0)
    with pytest.raises(PermissionError):
        mmap.mmap(segment.fd, 0)
    again = os.open(f"/proc/self/fd/{segment.fd}", os.O_RDWR)
    with pytest.raises(PermissionError):
        mmap.mmap(again, 0)
    os.close(again)
    with pytest.raises(PermissionError):
        fcntl.fcntl(segment.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    segment.words[4] = 7.0
    read = Segment.mapped(os.dup(segment.fd))
    assert read.words[4] == 7.0
    with pytest.raises(TypeError):
        read.words[4] = 8.0
    read.close()
    segment.close()


def test_a_segment_of_many_families_is_placed_in_linear_time():
    def seconds(count):
        segment = Segment.private(64 * 1024 * 1024)
        for number in range(count):
            assert segment.allocate(describe(Series(f"m{number}", "counter", "", "", "sum", "")), 1)
        begun = time.process_time()
        assert len(SegmentReader(segment).families()) == count
        return time.process_time() - begun

    few, many = min(seconds(2_000) for _ in range(3)), seconds(20_000)
    assert many < 40 * few


def test_a_segment_has_a_limit_of_records():
    segment = Segment.private(64 * 1024 * 1024)
    written = sum(segment.allocate(b"{}", 1) is not None for _ in range(MAX_RECORDS + 10))
    assert written == MAX_RECORDS


FORGED = {
    "bounds that are text": ["x", "histogram", "", "", "sum", [["", ["a", "b"], [1, 1, 1], 1, None, [], None, []]]],
    "too few counts": ["x", "histogram", "", "", "sum", [["", [1, 2], [1], 1, None, [], None, []]]],
    "a huge integer": ["x", "counter", "", "", "sum", [["", 10**400, None, None, None]]],
    "a time that is text": ["x", "counter", "", "", "sum", [["", 1, "soon", None, None]]],
    "a time that is none": ["x", "counter", "", "", "sum", [["", 1, "NaN", None, None]]],
    "a number for a histogram": ["x", "histogram", "", "", "sum", [["", 1, None, None, None]]],
    "a line feed in a label": ["x", "counter", "", "", "sum", [['a="b"} 1\nforged{c="d', 1, None, None, None]]],
    "an unescaped quote": ["x", "counter", "", "", "sum", [['a="b"c"', 1, None, None, None]]],
    "a label twice": ["x", "counter", "", "", "sum", [['a="b",a="c"', 1, None, None, None]]],
    "the name as a label": ["x", "counter", "", "", "sum", [['__name__="c"', 1, None, None, None]]],
    "a line feed in a name": ["x 1\nforged", "counter", "", "", "sum", []],
    "an empty name": ["", "counter", "", "", "sum", []],
    "a line feed in an exemplar": ["x", "counter", "", "", "sum", [["", 1, None, ['a="b"}\n', 1, None], None]]],
    "a help that is none": ["x", "counter", None, "", "sum", []],
    "a kind that there is not": ["x", "forged", "", "", "sum", [["", 1, None, None, None]]],
    "a policy that there is not": ["x", "gauge", "", "", "forged", [["", 1, None, None, None]]],
    "a unit that is none": ["x", "gauge", "", 7, "sum", [["", 1, None, None, None]]],
    "points that are a mapping": ["x", "counter", "", "", "sum", {"a": 1}],
    "no list": 7,
}


@pytest.mark.parametrize("family", FORGED.values(), ids=FORGED)
def test_what_a_child_forges_is_refused_and_everybody_else_is_served(owner, stranger, family):
    with pytest.raises(ValueError, match=r"."):
        unpack([family])
    handshake, url = owner
    stranger.sendall(frame(handshake.hello(os.getpid())))
    stranger.sendall(frame({"type": "answer", "number": 1, "families": [family]}) if "huge" not in str(family) else b"")
    wait_until(lambda: scrape(url).value("otel_distro_workers") == 1)
    assert "forged" not in scrape(url).body
    stranger.close()
    wait_until(lambda: scrape(url).value("otel_distro_workers") == 0)
    assert scrape(url).value("process_cpu_seconds_total") > 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)
LIKELY = st.tuples(
    st.sampled_from(["x", "a:b", "", "x\n", "é"]) | JSON,
    st.sampled_from(["counter", "histogram", "summary", "info", "stateset", "gaugehistogram"]) | JSON,
    st.text(max_size=5) | JSON,
    st.text(max_size=5) | JSON,
    st.sampled_from(["sum", "worker", "last"]) | JSON,
    st.lists(st.tuples(st.sampled_from(["", 'a="b"', 'le="1"', 'a="\n"']) | JSON, JSON, JSON, JSON, JSON)) | JSON,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LIKELY | JSON, max_size=4))
def test_whatever_a_child_sends_is_refused_by_a_value_error_or_makes_a_whole_page(packed):
    try:
        families = unpack(json.loads(json.dumps(packed)))
    except ValueError:
        return
    total = {}
    merge(total, families, "1")
    for form, parse in ((TEXT, parse_text), (OPEN_METRICS, parse_open_metrics)):
        names = [metric.name for metric in parse(render(total.values(), form).decode())]
        assert len(names) == len(set(names))
