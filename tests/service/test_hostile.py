# SPDX-License-Identifier: Apache-2.0
"""10,000 requests of strangers against a real server: all are answered, the series stay few, nobody's words are a label."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest
from support.strangers import MARK, meet
from testbed.processes import json_objects
from testbed.services import Service

APPS = Path(__file__).parents[1] / "support" / "apps"
REQUESTS = 10_000
LIMIT = 50
ROUTES = {"/items/{number}", "/of/{path}", "/of/{tenant}/{path}", "/of/{tenant}/pages/{name}", None}
SIZES = ("http.server.request.body.size", "http.server.response.body.size")


@pytest.fixture
def serve(receiver):
    def service(*options, **environment):
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_METRICS_EXPORTER": "prometheus,otlp",
            "OTEL_BSP_MAX_QUEUE_SIZE": str(2 * REQUESTS),
            "OTEL_DISTRO_HTTP_BODY_SIZES": "true",
            **environment,
        }
        return Service("exposed:app", APPS, variables, options=options)

    return service


def labels(page):
    """Return every value of every label on a page."""
    return {value for family in page.families.values() for sample in family.samples for value in sample.labels.values()}


def exported(receiver):
    """Return every value of every attribute of the metrics that were exported."""
    return {
        str(value) for metric in receiver.metrics() for point in metric.points for value in point.attributes.values()
    }


def pushed(receiver, name):
    """Return the points of a metric as they were last exported."""
    return receiver.metrics(name)[-1].points


# httptools knows methods by a list, h11 takes any word.
@pytest.mark.parametrize(("parser", "methods"), [("h11", ()), ("httptools", (b"GET", b"POST", b"PUT", b"PROPFIND"))])
def test_strangers_make_few_series_and_no_trouble(receiver, serve, parser, methods):
    with serve("--http", parser) as service:
        clients = asyncio.run(meet(service.port, REQUESTS, methods))
        page = service.scrape()
        service.stop()
    statuses = Counter(status for client in clients for status in client.statuses)
    observed = [trace_id for client in clients for trace_id in client.observed]
    assert statuses.total() == REQUESTS
    assert statuses[400] == REQUESTS - len(observed) < REQUESTS / 20  # the server's own answers to what is no HTTP
    assert set(statuses) == {200, 307, 400, 404, 405}

    durations = page.samples("http_server_request_duration_seconds_count")
    assert page.value("http_server_request_duration_seconds_count") == len(observed)
    assert page.value("http_server_response_body_size_bytes_count") == len(observed)
    assert page.value("http_server_request_body_size_bytes_count") > REQUESTS / 5
    assert page.value("http_server_active_requests") == 0
    assert page.samples("otel_distro_faults_total") == []
    assert {sample.labels.get("http_route") for sample in durations} == ROUTES
    assert {sample.labels["http_request_method"] for sample in durations} >= {"GET", "POST", "_OTHER"}
    assert len(durations) < LIMIT

    for name in ("http.server.request.duration", *SIZES):
        assert 0 < len(pushed(receiver, name)) < LIMIT
    said = labels(page) | exported(receiver)
    assert len(said) > 20
    assert [value for value in said if MARK in value.lower()] == []

    assert sorted(observed) == sorted(span.trace_id for span in receiver.spans() if span.kind == "SERVER")
    assert len([line for line in json_objects(service.stdout) if "duration_ms" in line]) == len(observed)
    assert [line for line in service.stderr + service.stdout if "Traceback" in line] == []


def test_every_instrument_has_the_limit_whatever_a_service_is_asked_to_call(receiver, serve):
    """A stranger who decides whom the service calls decides on series of the client; so many there are, and no more."""
    with serve(OTEL_DISTRO_METRICS_CARDINALITY_LIMIT=str(LIMIT)) as service:
        assert httpx.get(f"{service.url}/calls/300", timeout=60).json() == 300
        page = service.scrape()
        service.stop()
    calls = page.samples("http_client_request_duration_seconds_count")
    assert (len(calls), sum(sample.value for sample in calls)) == (LIMIT + 1, 300)
    assert page.value("http_client_request_duration_seconds_count", otel_metric_overflow="true") == 300 - LIMIT
    assert page.value("otel_distro_metric_overflows_total", metric="http.client.request.duration") > 0
    assert len(pushed(receiver, "http.client.request.duration")) == LIMIT + 1
    samples = Counter(sample.name for family in page.families.values() for sample in family.samples)
    assert {name for name, number in samples.items() if number > LIMIT + 1} == {
        "http_client_request_duration_seconds_bucket"
    }
    assert len([line for line in service.stdout if "has reached 50 attribute sets" in line]) == 1
