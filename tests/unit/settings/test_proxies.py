# SPDX-License-Identifier: Apache-2.0
"""Which proxy an endpoint is reached by: as requests decides, which upstream's exporter uses, but for listed cases."""

from __future__ import annotations

import os

import pytest
from requests.utils import get_environ_proxies, select_proxy

from otel_distro.settings.environ import prepare_upstream, read

PROXY = "http://proxy:3128"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def chosen(environ: dict[str, str], endpoint: str) -> str | None:
    """Return the proxy of our settings."""
    return read({**environ, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}).settings.traces.otlp.proxy


def requests_choice(environ: dict[str, str], endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return the proxy that requests would take."""
    for name in [name for name in os.environ if name.lower() in NAMES]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found: str | None = select_proxy(endpoint, get_environ_proxies(endpoint))
    return found


@pytest.mark.parametrize(
    ("environ", "endpoint", "expected"),
    [
        ({}, "http://collector:4318", None),
        ({"http_proxy": PROXY}, "http://collector:4318", PROXY),
        ({"HTTP_PROXY": PROXY}, "http://collector:4318", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://collector:4318", None),
        ({"HTTPS_PROXY": PROXY}, "https://collector:4318", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://collector:4318", None),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://collector:4318", PROXY),
        ({"ALL_PROXY": PROXY}, "https://collector:4318", PROXY),
        ({"all_proxy": "http://other:1", "http_proxy": PROXY}, "http://collector:4318", PROXY),
    ],
)
def test_the_proxy_follows_the_scheme_in_either_case_of_letters(environ, endpoint, expected, monkeypatch):
    assert chosen(environ, endpoint) == expected == requests_choice(environ, endpoint, monkeypatch)


@pytest.mark.parametrize(
    ("no_proxy", "endpoint", "direct"),
    [
        ("*", "http://collector.obs.svc:4318", True),
        ("collector.obs.svc", "http://collector.obs.svc:4318", True),
        ("COLLECTOR.obs.SVC", "http://Collector.obs.svc:4318", True),
        ("obs.svc", "http://collector.obs.svc:4318", True),
        (".obs.svc", "http://collector.obs.svc:4318", True),
        (".obs.svc", "http://obs.svc:4318", True),
        ("svc.cluster.local, .obs.svc", "http://collector.obs.svc:4318", True),
        ("collector.obs.svc:4318", "http://collector.obs.svc:4318", True),
        ("collector.obs.svc:4317", "http://collector.obs.svc:4318", False),
        ("collector.obs.svc.cluster.local", "http://collector.obs.svc:4318", False),
        ("10.0.0.0/8", "http://10.1.2.3:4318", True),
        ("10.0.0.0/8", "http://11.1.2.3:4318", False),
        ("10.1.2.3", "http://10.1.2.3:4318", True),
        ("10.1.2.3", "http://10.1.2.30:4318", False),
        ("10.0.0.0/8", "http://collector:4318", False),
        ("bs.svc", "http://collector.obs.svc:4318", False),
        (",, ,", "http://collector:4318", False),
    ],
)
def test_exempt_hosts_are_those_of_requests(no_proxy, endpoint, direct, monkeypatch):
    environ = {"HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}
    expected = None if direct else PROXY
    assert chosen(environ, endpoint) == expected == requests_choice(environ, endpoint, monkeypatch)


@pytest.mark.parametrize(
    ("no_proxy", "endpoint", "direct"),
    [
        pytest.param("10.1.2.3:4318", "http://10.1.2.3:4318", True, id="an address with a port"),
        pytest.param("*.obs.svc", "http://collector.obs.svc:4318", True, id="an asterisk before the dot"),
        pytest.param("fd00::/8", "http://[fd12::7]:4318", True, id="networks of IPv6"),
        pytest.param("[fd12::7]:4318", "http://[fd12::7]:4318", True, id="an address of IPv6 with a port"),
        pytest.param("", "http://localhost:4318", True, id="this machine by name"),
        pytest.param("", "http://127.0.0.2:4318", True, id="this machine by address"),
        pytest.param("", "http://[::1]:4318", True, id="this machine by address of IPv6"),
    ],
)
def test_what_is_decided_otherwise_than_by_requests(no_proxy, endpoint, direct, monkeypatch):
    environ = {"HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}
    theirs = requests_choice(environ, endpoint, monkeypatch)
    assert chosen(environ, endpoint) == (None if direct else PROXY) != theirs


@pytest.mark.parametrize(
    ("written", "meant"), [("proxy:3128", PROXY), ("user:pass@proxy", "http://user:pass@proxy"), ("HTTP://proxy", None)]
)
def test_a_proxy_without_a_scheme_is_http(written, meant):
    assert chosen({"HTTP_PROXY": written}, "http://collector:4318") == (meant or written)


@pytest.mark.parametrize("value", ["http://", "http://proxy:port", "proxy host:3128"])
def test_a_value_that_is_no_proxy_is_named_without_its_credentials(value):
    reading = read({"HTTPS_PROXY": value, "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector"})
    assert [str(problem) for problem in reading.problems] == [
        "HTTPS_PROXY='***': expected a proxy such as http://proxy:3128; it is ignored"
    ]
    assert reading.settings.traces.otlp.proxy is None


def test_a_proxy_that_is_not_spoken_to_is_named_once_where_it_would_be_used():
    environ = {"all_proxy": "socks5://me:geheim@proxy:1080"}
    assert read(environ).problems == ()  # the collector is beside the service
    reading = read({**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector"})
    assert [str(problem) for problem in reading.problems] == [
        "all_proxy='***': expected an http:// proxy; the collector is reached without one"
    ]


def test_the_applications_own_variables_are_left_to_it():
    environ = {"HTTPS_PROXY": "socks5://proxy:1080", "LOG_LEVEL": "LOUD", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c"}
    prepare_upstream(read(environ), environ)
    assert (environ["HTTPS_PROXY"], environ["LOG_LEVEL"]) == ("socks5://proxy:1080", "LOUD")


def test_grpc_is_left_to_its_own_reading_of_the_variables():
    environ = {"HTTP_PROXY": PROXY, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert chosen(environ, "http://collector:4317") is None
