# SPDX-License-Identifier: Apache-2.0
"""The way through a proxy: what it is asked for, what it may not hear, and what is said when it lets nobody through."""

import base64

import pytest
from testbed.certificates import issue
from testbed.exporting import submit
from testbed.http_proxy import http_proxy
from testbed.tls_proxy import tls_in_front_of

HOST = "collector.example"  # a name that only the proxy can resolve
WANTED = "Basic " + base64.b64encode("user:open sésame".encode()).decode()
CREDENTIALS = "user:open%20s%C3%A9same@"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("certificates"))


def test_an_http_collector_is_asked_for_by_its_whole_url(receiver, exporter_to):
    with http_proxy(receiver.port, WANTED) as proxy:
        exporter = exporter_to(4318, host=HOST, proxy=f"http://{CREDENTIALS}127.0.0.1:{proxy.port}")
        for _ in range(2):
            submit(exporter, 3)
            assert exporter.force_flush(10)
        exporter.shutdown(5)
    assert len(receiver.logs()) == 6
    assert [(method, target) for method, target, _ in proxy.requests] == [("POST", f"http://{HOST}:4318/v1/logs")] * 2
    assert proxy.requests[0][2]["host"] == f"{HOST}:4318"


def test_an_https_collector_is_reached_through_one_tunnel(receiver, exporter_to, certificates):
    with tls_in_front_of(receiver.port, certificates) as port, http_proxy(port, WANTED) as proxy:
        exporter = exporter_to(
            443,
            scheme="https",
            host=HOST,
            certificate=certificates.authority,
            headers={"api-key": "k1"},
            proxy=f"http://{CREDENTIALS}127.0.0.1:{proxy.port}",
        )
        for _ in range(2):
            submit(exporter, 3)
            assert exporter.force_flush(10)
        exporter.shutdown(5)
    assert len(receiver.logs()) == 6
    (asked,) = proxy.requests
    assert asked[:2] == ("CONNECT", f"{HOST}:443")
    assert asked[2]["proxy-authorization"] == WANTED
    assert "api-key" not in asked[2]
    sent = {name.lower(): value for name, value in receiver.requests()[0].headers.items()}
    assert sent["api-key"] == "k1"
    assert "proxy-authorization" not in sent


def test_the_certificate_behind_the_tunnel_must_be_the_collectors(receiver, exporter_to, certificates, caplog):
    with tls_in_front_of(receiver.port, certificates) as port, http_proxy(port) as proxy:
        exporter = exporter_to(
            443,
            scheme="https",
            host="another.example",
            certificate=certificates.authority,
            proxy=f"http://127.0.0.1:{proxy.port}",
        )
        submit(exporter, 1)
        assert not exporter.force_flush(10)
    assert receiver.requests() == []
    assert "certificate verify failed" in caplog.messages[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_an_outage_and_its_credentials_are_not_said(receiver, exporter_to, caplog, scheme):
    with http_proxy(receiver.port, WANTED) as proxy:
        exporter = exporter_to(4318, scheme=scheme, host=HOST, proxy=f"http://me:geheim@127.0.0.1:{proxy.port}")
        submit(exporter, 2)
        assert not exporter.force_flush(60)
        assert exporter.stats.queue_size == 2
        assert not exporter.shutdown(1)
        assert f"407 Proxy Authentication Required (proxy 127.0.0.1:{proxy.port})" in caplog.messages[0]
    assert f"cannot export logs to {scheme}://{HOST}:4318/v1/logs" in caplog.messages[0]
    assert "geheim" not in caplog.text
    assert receiver.requests() == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_is_an_outage(closed_port, exporter_to, caplog, scheme):
    exporter = exporter_to(4318, scheme=scheme, host=HOST, proxy=f"http://me:geheim@127.0.0.1:{closed_port}")
    submit(exporter, 1)
    assert not exporter.force_flush(60)
    assert exporter.stats.queue_size == 1
    assert f"Connection refused (proxy 127.0.0.1:{closed_port})" in caplog.messages[0]
    assert "geheim" not in caplog.text


def test_a_proxy_that_does_not_speak_http_is_an_outage(garbage_port, exporter_to, caplog):
    exporter = exporter_to(443, scheme="https", host=HOST, proxy=f"http://127.0.0.1:{garbage_port}")
    submit(exporter, 1)
    assert not exporter.force_flush(10)
    assert exporter.stats.queue_size == 1
    assert "cannot export logs" in caplog.messages[0]


def test_credentials_of_the_endpoint_are_sent_and_not_said(receiver, exporter_to, caplog):
    exporter = exporter_to(receiver, host="me:geheim@127.0.0.1")
    submit(exporter, 1)
    assert exporter.force_flush(10)
    sent = {name.lower(): value for name, value in receiver.requests()[0].headers.items()}
    assert sent["authorization"] == "Basic " + base64.b64encode(b"me:geheim").decode()
    receiver.close()
    submit(exporter, 1)
    assert not exporter.force_flush(10)
    assert f"http://127.0.0.1:{receiver.port}/v1/logs" in caplog.text
    assert "geheim" not in caplog.text
