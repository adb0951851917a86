# SPDX-License-Identifier: Apache-2.0
"""The admin port where it is taken, open, rotated, asked by strangers or by many."""

import itertools
import os
import re
import shutil
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from support.admin_port import descriptors, fetch, make_certificate
from testbed.waiting import wait_until

from otel_distro import admin
from otel_distro.roles import Role
from otel_distro.settings.model import AdminSettings, ServiceSettings, Settings


def test_a_taken_port_is_named_with_what_to_do_and_served_as_soon_as_it_is_free():
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        port = admin.start(replace(Settings(), admin=AdminSettings(port=number)), None)
        for part in (f"127.0.0.1:{number}", "OTEL_EXPORTER_PROMETHEUS_PORT", "OTEL_DISTRO_ADMIN=false"):
            assert part in port.problem
        assert (port.url, port.note) == (None, f"waits for 127.0.0.1:{number}")
    try:
        wait_until(lambda: _answers(number))
        assert fetch(f"http://127.0.0.1:{number}", "/health")[0] == 200
    finally:
        port.close()
    assert descriptors() == before


def _answers(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_an_address_of_another_machine_is_an_error_and_leaves_nothing_open():
    before = descriptors()
    with pytest.raises(OSError, match=r"assign"):
        admin.start(replace(Settings(), admin=AdminSettings(host="192.0.2.1", port=0)), None)
    assert descriptors() == before


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:9464", 200),
        ("app.localhost:9464", 200),
        ("127.0.0.1:9464", 200),
        ("[::1]:9464", 200),
        ("evil.example", 421),
        ("evil.example:9464", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:80", 421),
    ],
)
def test_a_page_whose_name_was_bent_to_this_machine_reads_nothing(start, host, status):
    url = start()
    found = [fetch(url, path, headers={"Host": host})[0] for path in ("/metrics", "/health", "/")]
    assert found == [status] * 3


def test_beyond_this_machine_or_with_a_token_any_name_will_do(start, tmp_path):
    (tmp_path / "token").write_text("secret")
    stranger = {"Host": "shop.internal"}
    assert fetch(start(host="0.0.0.0"), headers=stranger)[0] == 200
    url = start(token_file=str(tmp_path / "token"))
    assert fetch(url, headers={**stranger, "Authorization": "Bearer secret"})[0] == 200


@pytest.mark.parametrize(
    ("options", "warned"),
    [({}, 0), ({"host": "::1"}, 0), ({"host": "localhost"}, 0), ({"host": "0.0.0.0"}, 1), ({"host": ""}, 1)],
)
def test_an_open_port_without_a_token_is_warned_of_once(start, caplog, options, warned):
    start(**options)
    found = [message for message in caplog.messages if "open to the network without a token" in message]
    assert len(found) == warned
    assert all("OTEL_DISTRO_ADMIN_TOKEN_FILE" in message for message in found)


def test_a_leftover_folder_of_prometheus_client_is_named(caplog):
    settings = replace(Settings(), admin=AdminSettings(port=0))
    settings = replace(settings, metrics=replace(settings.metrics, multiprocess_dir="/tmp/prom"))
    admin.start(settings, None).close()
    assert len([message for message in caplog.messages if "PROMETHEUS_MULTIPROC_DIR=/tmp/prom is set" in message]) == 1


def test_the_index_says_whose_port_it_is():
    service = ServiceSettings(name="shop <1>", version="2.3", environment="test")
    port = admin.start(replace(Settings(), admin=AdminSettings(port=0), service=service), None, Role.SUPERVISOR)
    try:
        body = fetch(port.url, "/")[2].decode()
    finally:
        port.close()
    for part in ("shop &lt;1&gt; 2.3", "supervisor", f"pid {os.getpid()}", "test", "workers: 0", 'href="/health"'):
        assert part in body


def test_a_rotated_certificate_is_served_and_a_broken_one_is_not(start, tmp_path, caplog):
    make_certificate(tmp_path / "old")
    make_certificate(tmp_path / "new")
    served = tmp_path / "served"
    shutil.copytree(tmp_path / "old", served)
    url = start(tls_certificate=str(served / "cert.pem"), tls_key=str(served / "key.pem"))
    address = url.removeprefix("https://").split(":")

    def certificate_now():
        return ssl.get_server_certificate((address[0], int(address[1])), timeout=10)

    old, new = ((tmp_path / name / "cert.pem").read_text() for name in ("old", "new"))
    assert certificate_now().split() == old.split()
    (served / "cert.pem").write_text("rubbish")
    assert [certificate_now().split() for _ in range(2)] == [old.split()] * 2
    assert len([message for message in caplog.messages if "goes on with the certificate that it has" in message]) == 1
    for name in ("key.pem", "cert.pem"):
        shutil.copy(tmp_path / "new" / name, served / name)
    assert certificate_now().split() == new.split()


def test_many_readers_at_once_share_a_page_and_each_has_what_was_counted_before_it_asked(start):
    url = start()
    counter, numbers = start.meters.get_meter("m").create_counter("asked"), itertools.count(1)
    together = threading.Lock()

    def read(_):
        with together:
            counter.add(1)
            mine = next(numbers)
        return mine, float(re.search(rb"^asked_total (\S+)", fetch(url)[2], re.MULTILINE)[1])

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(read, range(64)))
    assert len(found) == 64
    assert [pair for pair in found if pair[1] < pair[0]] == []
    assert b"\nasked_total 64.0\n" in fetch(url)[2]
