# SPDX-License-Identifier: Apache-2.0
"""What is kept per destination and per outcome stays bounded, and calls beyond the bounds are told as the others."""

from collections import Counter

import httpx
import pytest

from otel_distro.http.client.call import begin, finish
from otel_distro.http.client.telemetry import ClientTelemetry
from otel_distro.http.correlation import Policy
from otel_distro.settings.model import HttpSettings
from otel_distro.upstream.http import url_parts_of

DESTINATIONS, OUTCOMES = 1000, 64


@pytest.fixture
def telemetry(observed):
    histogram = observed.meter_provider.get_meter("test").create_histogram("http.client.request.duration", "s")
    tracer = observed.tracer_provider.get_tracer("test")
    return ClientTelemetry(tracer, histogram, Policy(HttpSettings()), url_parts_of(httpx))


def call(telemetry, url, *, method="GET", status=200, error=None, version=b"HTTP/1.1"):
    """Make a call as the wrapped transport does; return how many destinations and outcomes are kept now."""
    made = begin(httpx.Request(method, url), telemetry)
    assert made is not None
    answer = None if error else httpx.Response(status, extensions={"http_version": version})
    finish(made, answer, error)
    return len(telemetry.targets), max(len(target.outcomes) for target in telemetry.targets.values())


def counted(observed, key):
    """Return how many calls were counted by an attribute."""
    found = Counter()
    for point in observed.points("http.client.request.duration"):
        found[point.attributes.get(key)] += point.count
    return found


def test_destinations_beyond_the_bound_are_told_as_those_before(observed, telemetry):
    hosts = [f"host{number}.example" for number in range(DESTINATIONS + 200)]
    kept = [call(telemetry, f"http://{host}/items")[0] for host in [*hosts, *hosts[-5:], *hosts[:5]]]
    assert max(kept) == DESTINATIONS
    assert kept[-1] == 205  # started over, then the first five anew
    spans = observed.spans()
    assert [span.attributes["server.address"] for span in spans] == [*hosts, *hosts[-5:], *hosts[:5]]
    assert [span.attributes["url.full"] for span in spans[-5:]] == [f"http://{host}/items" for host in hosts[:5]]
    assert counted(observed, "server.address") == Counter([*hosts, *hosts[-5:], *hosts[:5]])


def test_methods_schemes_and_ports_are_destinations_of_their_own(observed, telemetry):
    urls = ["http://a.example/", "https://a.example/", "http://a.example:81/", "http://[::1]:81/", "http://a.example/b"]
    assert [call(telemetry, url)[0] for url in urls] == [1, 2, 3, 4, 4]
    assert call(telemetry, urls[0], method="POST")[0] == 5
    ports = [span.attributes["server.port"] for span in observed.spans()]
    assert ports == [80, 443, 81, 81, 80, 80]


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/2"])
def test_statuses_beyond_the_bound_are_told_as_those_before(observed, telemetry, version):
    statuses = [*range(200, 500), *range(200, 210)]
    kept = [call(telemetry, "http://a.example/", status=status, version=version)[1] for status in statuses]
    assert max(kept) == OUTCOMES
    assert [span.attributes["http.response.status_code"] for span in observed.spans()] == statuses
    assert counted(observed, "http.response.status_code") == Counter(statuses)
    assert counted(observed, "network.protocol.version") == {version.decode()[5:]: len(statuses)}
    errors = [span.attributes.get("error.type") for span in observed.spans()]
    assert errors == [str(status) if status >= 400 else None for status in statuses]


def test_kinds_of_errors_beyond_the_bound_are_told_as_those_before(observed, telemetry):
    kinds = [type(f"Error{number}", (Exception,), {}) for number in range(150)]
    kept = [call(telemetry, "http://a.example/", error=kind("broken"))[1] for kind in [*kinds, *kinds[:3]]]
    assert max(kept) == OUTCOMES
    names = [kind.__name__ for kind in [*kinds, *kinds[:3]]]
    assert [span.attributes["error.type"] for span in observed.spans()] == names
    assert counted(observed, "error.type") == Counter(names)


def test_a_destination_of_unusual_size_is_told_and_not_kept(observed, telemetry):
    call(telemetry, "http://a.example/")
    long = ".".join(["a" * 60] * 10)
    assert call(telemetry, f"http://{long}/") == (1, 1)
    assert call(telemetry, "http://a.example/", method="M" * 600) == (1, 1)
    first, second, third = observed.spans()
    assert second.attributes["server.address"] == long
    assert third.attributes["http.request.method"] == "_OTHER"
    assert len(third.attributes["http.request.method_original"]) == 128
    assert counted(observed, "server.address") == {"a.example": 2, long: 1}
    assert "http.request.method_original" not in first.attributes
