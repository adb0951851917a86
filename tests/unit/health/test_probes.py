# SPDX-License-Identifier: Apache-2.0
"""What each probe sends, and what it makes of each answer. Real servers are asked in tests/pipeline."""

import socket
import struct
import time

import pytest

from otel_distro.health import probes
from otel_distro.health.found import Down

AUTHENTICATE = b"R" + struct.pack(">ii", 8, 0)


def postgresql_error(state: bytes) -> bytes:
    fields = b"SFATAL\0VFATAL\0C" + state + b"\0Mno\0\0"
    return b"E" + struct.pack(">i", len(fields) + 4) + fields


@pytest.mark.parametrize("answer", [AUTHENTICATE, postgresql_error(b"28P01"), postgresql_error(b"3D000")])
def test_a_postgresql_that_asks_for_a_password_or_knows_no_database_accepts_connections(scripted, answer):
    server = scripted(b"N", answer)
    probes.postgresql(f"postgresql+asyncpg://me:p%40ss@127.0.0.1:{server.port}/orders", 5)
    assert server.heard[0] == struct.pack(">ii", 8, 80877103)
    assert server.heard[1][8:].startswith(b"user\0me\0database\0orders\0")
    assert b"p@ss" not in server.heard[1]


@pytest.mark.parametrize(
    ("state", "says"), [(b"57P03", "accepts no connections now"), (b"53300", "too many connections")]
)
def test_a_postgresql_that_starts_stops_or_is_full_is_down(scripted, state, says):
    server = scripted(b"N", postgresql_error(state))
    with pytest.raises(Down, match=says):
        probes.postgresql(f"postgres://127.0.0.1:{server.port}/orders", 5)


def test_a_postgresql_without_tls_is_down_where_tls_is_required(scripted):
    server = scripted(b"N", AUTHENTICATE)
    url = f"postgresql://127.0.0.1:{server.port}/orders"
    with pytest.raises(Down, match="does not offer TLS"):
        probes.postgresql(f"{url}?sslmode=require", 5)
    server.replies = (AUTHENTICATE,)
    probes.postgresql(f"{url}?sslmode=disable", 5)
    assert server.heard[-1][8:12] == b"user"


def test_a_postgresql_may_listen_on_a_unix_socket(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5432"))
        listening.listen()
        with pytest.raises(TimeoutError):
            probes.postgresql(f"postgresql:///orders?host={tmp_path}", 0.2)


@pytest.mark.parametrize(
    ("url", "heard"),
    [
        ("redis://{}/0", [b"*1\r\n$4\r\nPING\r\n"]),
        ("redis://:p%40ss@{}/0", [b"*2\r\n$4\r\nAUTH\r\n$4\r\np@ss\r\n", b"*1\r\n$4\r\nPING\r\n"]),
        ("valkey://me:pass@{}", [b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\npass\r\n", b"*1\r\n$4\r\nPING\r\n"]),
    ],
)
def test_a_redis_that_answers_is_up(scripted, url, heard):
    server = scripted(*[b"+OK\r\n", b"+PONG\r\n"][-len(heard) :])
    probes.redis(url.format(f"127.0.0.1:{server.port}"), 5)
    assert server.heard == heard


@pytest.mark.parametrize("word", ["NOAUTH", "LOADING", "WRONGPASS", "MASTERDOWN"])
def test_a_redis_that_refuses_is_down_by_its_own_word(scripted, word):
    server = scripted(f"-{word} some text with secrets\r\n".encode())
    with pytest.raises(Down, match=f"^it answers {word}$"):
        probes.redis(f"redis://127.0.0.1:{server.port}", 5)


def test_a_redis_whose_user_may_not_ping_is_up(scripted):
    server = scripted(b"-NOPERM this user has no permissions\r\n")
    probes.redis(f"redis://127.0.0.1:{server.port}", 5)
    assert len(server.heard) == 1


def test_one_kafka_of_several_is_enough(scripted):
    server = scripted(struct.pack(">iihi", 10, 9464, 0, 0))
    probes.kafka(f"127.0.0.1:1,127.0.0.1:{server.port}", 5)
    assert server.heard[0][4:12] == struct.pack(">hhi", 18, 0, 9464)


@pytest.mark.parametrize(
    ("probe", "url"),
    [(probes.kafka, "127.0.0.1:{}"), (probes.redis, "redis://127.0.0.1:{}"), (probes.http, "http://127.0.0.1:{}/x")],
)
def test_another_server_on_the_port_is_down(scripted, probe, url):
    server = scripted(b"SSH-2.0-OpenSSH_9.2p1\r\nand more\r\n")
    with pytest.raises(Down, match="what answers"):
        probe(url.format(server.port), 5)


@pytest.mark.parametrize("status", [200, 204, 301, 304])
def test_http_is_up_with_2xx_and_3xx(scripted, status):
    server = scripted(f"HTTP/1.1 {status} Fine\r\n\r\n".encode())
    probes.http(f"http://me:pa%20ss@127.0.0.1:{server.port}/health?x=1", 5)
    assert server.heard[0].startswith(b"GET /health?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Basic bWU6cGEgc3M=\r\n" in server.heard[0]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_http_is_down_with_anything_else(scripted, status):
    server = scripted(f"HTTP/1.1 {status} No\r\n\r\n".encode())
    with pytest.raises(Down, match=f"^it answers {status}$"):
        probes.http(f"http://127.0.0.1:{server.port}/health", 5)


@pytest.mark.parametrize(
    ("probe", "url"),
    [
        (probes.postgresql, "postgresql://127.0.0.1:{}/x"),
        (probes.redis, "redis://127.0.0.1:{}"),
        (probes.kafka, "127.0.0.1:{}"),
        (probes.http, "http://127.0.0.1:{}/"),
    ],
)
def test_who_accepts_and_says_nothing_has_one_deadline(probe, url):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            probe(url.format(silent.getsockname()[1]), 0.3)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("probe", [probes.postgresql, probes.redis, probes.kafka, probes.http])
def test_who_hangs_up_is_down(scripted, probe):
    server = scripted()
    server.replies = (b"",)
    url = {probes.kafka: "127.0.0.1:{}", probes.http: "http://127.0.0.1:{}/"}.get(probe, "redis://127.0.0.1:{}")
    server.close = lambda: None  # ended here
    server._speak = lambda client: client.recv(1)
    with pytest.raises((Down, OSError)):
        probe(url.format(server.port), 5)
    server._socket.shutdown(socket.SHUT_RDWR)
    server._socket.close()
