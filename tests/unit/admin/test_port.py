# SPDX-License-Identifier: Apache-2.0
"""The admin port, spoken to over real sockets."""

import gzip
import socket
import ssl
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

import pytest
from support.admin_port import fetch, make_certificate
from testbed.waiting import wait_until

from otel_distro import admin
from otel_distro.admin.http import MAX_HEAD_BYTES, Response, parse
from otel_distro.admin.server import Listener, listen
from otel_distro.settings.model import AdminSettings, Settings
from otel_distro.workers.loop import Loop


def raw(url, data):
    """Send bytes; return everything that comes back."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        sock.sendall(data)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
        return received


def test_the_pages(start):
    url = start()
    status, headers, body = fetch(url)
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"\ntarget_info{" in body
    status, _, body = fetch(url, "/health")
    assert (status, body) == (200, b'{"status": "ok", "workers": {}}\n')
    status, _, body = fetch(url, "/")
    assert status == 200
    assert b'href="/metrics"' in body
    assert b'href="/health"' in body
    assert fetch(url, "/other")[0] == 404


def test_query_and_format_and_compression(start):
    url = start()
    accept = {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"}
    status, headers, body = fetch(url, "/metrics?x=1", headers=accept)
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert gzip.decompress(body).endswith(b"# EOF\n")


def test_a_page_is_let_go_of_when_it_is_sent():
    """Not seconds later with the connection's timers: a page of many series has megabytes."""
    loop = Loop()
    page = Response(HTTPStatus.OK, body=b"x" * 1_000_000)
    listener = Listener(loop, listen(AdminSettings(port=0)), None, lambda _request, respond: respond(page))
    loop.start()
    tracemalloc.start()
    try:
        assert [len(fetch(listener.url)[2]) for _ in range(10)] == [1_000_000] * 10
        wait_until(lambda: tracemalloc.get_traced_memory()[0] < 3_000_000)
    finally:
        tracemalloc.stop()
        loop.close(5)


def test_head_has_the_headers_and_no_body(start):
    status, headers, body = fetch(start(), method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(start, method):
    status, headers, _ = fetch(start(), method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"GET /metrics SPDY/3\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", b"431"),
        (b"x" * (MAX_HEAD_BYTES * 4), b"431"),
        (b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100_000, b"200"),
    ],
)
def test_what_is_no_request_is_answered_and_closed(start, data, status):
    assert raw(start(), data).startswith(b"HTTP/1.1 " + status)


def test_a_request_in_pieces_is_put_together(start):
    host, port = start().removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        for byte in b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n":
            sock.sendall(bytes([byte]))
        assert sock.recv(100).startswith(b"HTTP/1.1 200")


def test_without_the_token_only_the_health_s_status_is_told(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    url = start(token_file=str(token))
    assert fetch(url)[0] == 401
    assert fetch(url)[1]["WWW-Authenticate"] == "Bearer"
    for wrong in ("Bearer second", "Bearer ", "Basic first", "first", "Bearer firsté"):
        assert fetch(url, headers={"Authorization": wrong.encode()})[0] == 401
    assert fetch(url, headers={"Authorization": "Bearer first"})[0] == 200
    assert fetch(url, "/health")[2] == b'{"status": "ok"}\n'
    assert b"workers" in fetch(url, "/health", headers={"Authorization": "bearer first"})[2]


def test_a_rotated_token_is_read_again(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("first")
    url = start(token_file=str(token))
    assert fetch(url, headers={"Authorization": "Bearer first"})[0] == 200
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(token)
    assert fetch(url, headers={"Authorization": "Bearer first"})[0] == 401
    assert fetch(url, headers={"Authorization": "Bearer second"})[0] == 200


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_an_absent_or_empty_token_lets_nobody_in(start, tmp_path, content):
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    url = start(token_file=str(token))
    assert fetch(url, headers={"Authorization": "Bearer "})[0] == 401
    assert fetch(url)[0] == 401


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_tls(start, certificate):
    url = start(tls_certificate=str(certificate / "cert.pem"), tls_key=str(certificate / "key.pem"))
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    assert url.startswith("https://")
    assert fetch(url, context=context)[0] == 200
    # Who speaks plain HTTP, or hangs up in the handshake, disturbs nobody.
    with suppress(ConnectionResetError):
        raw(url.replace("https", "http"), b"GET / HTTP/1.1\r\n\r\n")
    host, port = url.removeprefix("https://").rsplit(":", 1)
    with socket.create_connection((host, int(port))) as silent:
        assert fetch(url, context=context)[0] == 200
        silent.close()


def test_a_missing_certificate_is_an_error(tmp_path):
    settings = replace(Settings(), admin=AdminSettings(port=0, tls_certificate=str(tmp_path / "none")))
    with pytest.raises(OSError, match=r"OTEL_DISTRO_ADMIN_TLS_CERTIFICATE=.*No such file"):
        admin.start(settings, None)


@pytest.mark.skipif(not socket.has_ipv6, reason="the interpreter has no IPv6")
def test_every_interface_means_ipv4_and_ipv6(start):
    url = start(host="::")
    port = url.rsplit(":", 1)[1]
    assert fetch(f"http://127.0.0.1:{port}", "/health")[0] == 200
    assert fetch(f"http://[::1]:{port}", "/health")[0] == 200


def test_without_prometheus_there_is_health_and_no_metrics():
    settings = Settings()
    settings = replace(settings, admin=AdminSettings(port=0), metrics=replace(settings.metrics, exporters=("otlp",)))
    port = admin.start(settings, None)
    try:
        assert fetch(port.url)[0] == 404
        assert fetch(port.url, "/health")[0] == 200
    finally:
        port.close()


def test_switched_off_nothing_listens():
    settings = replace(Settings(), admin=AdminSettings(enabled=False))
    port = admin.start(settings, None)
    assert port.url is None
    port.close()


@pytest.mark.parametrize("line", ["Accept : text/plain", " Accept: text/plain", "Accept\t: text/plain", "no colon"])
def test_a_header_whose_name_has_blanks_is_malformed(line):
    with pytest.raises(ValueError, match="malformed"):
        parse(f"GET /metrics HTTP/1.1\r\nHost: localhost\r\n{line}".encode())


def test_the_value_of_a_header_loses_its_blanks():
    assert parse(b"GET /a?b HTTP/1.1\r\nAccept:  text/plain ").headers == {"accept": "text/plain"}
