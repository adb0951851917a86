# SPDX-License-Identifier: Apache-2.0
"""The older HTTP names in the dialect that a dashboard asks for; never beside the application's own."""

import pytest

from otel_distro.metrics import legacy
from otel_distro.metrics.families import Distribution, Family, Number, merge
from otel_distro.metrics.legacy import LegacyNames
from otel_distro.settings.choices import INSTRUMENTATOR

BOUNDS = (0.05, 0.1, 0.5, 0.75, 1.0, 10.0)


@pytest.fixture
def total():
    """Two requests of one route, of which one failed, and one that no route took."""
    labels = 'http_request_method="GET",http_response_status_code="{}",http_route="/a"'
    durations = Family(legacy.DURATION, "histogram", "", "seconds")
    durations.points[labels.format(200)] = Distribution(BOUNDS, [1, 2, 3, 4, 5, 6, 7], 9)
    durations.points[labels.format(503)] = Distribution(BOUNDS, [0, 0, 0, 0, 0, 0, 1], 30)
    durations.points['http_request_method="GET",http_response_status_code="404"'] = Distribution(
        BOUNDS, [1] + [0] * 6, 0
    )
    active = Family(legacy.ACTIVE, "gauge", "", points={'http_request_method="GET"': Number(2)})
    found = {}
    merge(found, [durations, active])
    return found


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            ("method", "endpoint", "status_code"),
            {
                'endpoint="/a",method="GET",status_code="200"': 28,
                'endpoint="/a",method="GET",status_code="503"': 1,
                'endpoint="unmatched",method="GET",status_code="404"': 1,
            },
        ),
        (
            ("method", "handler", "status"),
            {
                'handler="/a",method="GET",status="200"': 28,
                'handler="/a",method="GET",status="503"': 1,
                'handler="unmatched",method="GET",status="404"': 1,
            },
        ),
        (("status",), {'status="200"': 28, 'status="503"': 1, 'status="404"': 1}),
        (
            (INSTRUMENTATOR,),
            {
                'handler="/a",method="GET",status="2xx"': 28,
                'handler="/a",method="GET",status="5xx"': 1,
                'handler="none",method="GET",status="4xx"': 1,
            },
        ),
    ],
)
def test_requests_have_the_labels_that_are_asked_for(total, labels, expected):
    found = LegacyNames(labels).add(total)["http_requests"].points
    assert {key: point.value for key, point in found.items()} == expected


def test_the_instrumentator_s_histogram_has_its_bounds_and_every_request(total):
    found = LegacyNames((INSTRUMENTATOR,)).add(total)
    assert found["http_request_duration_seconds"].points == {
        'handler="/a",method="GET"': Distribution((0.1, 0.5, 1.0), [3, 3, 9, 14], 39),
        'handler="none",method="GET"': Distribution((0.1, 0.5, 1.0), [1, 0, 0, 0], 0),
    }
    assert found["http_request_duration_highr_seconds"].points[""].counts == [2, 2, 3, 4, 5, 6, 8]


def test_a_histogram_that_lacks_one_of_the_bounds_keeps_its_own(total):
    total[legacy.DURATION].points = {'http_route="/a"': Distribution((0.1, 1.0), [1, 2, 3], 4)}
    found = LegacyNames((INSTRUMENTATOR,)).add(total)["http_request_duration_seconds"].points
    assert [point.bounds for point in found.values()] == [(0.1, 1.0)]


@pytest.mark.parametrize("kind", ["counter", "gauge"])
def test_a_name_that_the_application_has_is_left_to_it_and_said_once(total, kind, caplog, monkeypatch):
    monkeypatch.setattr(legacy, "_stepped_back", set())
    theirs = Family("http_requests", kind, "", points={'handler="/a"': Number(5)})
    names = LegacyNames()
    for _ in range(2):
        scraped = {}
        merge(scraped, [*total.values(), theirs])
        assert names.add(scraped)["http_requests"].points == {'handler="/a"': Number(5)}
    assert [record.message for record in caplog.records] == [
        "OTEL_DISTRO_METRICS_LEGACY_HTTP_NAMES leaves http_requests to the application, which has it"
    ]


def test_a_name_that_is_registered_and_has_not_counted_yet_is_the_application_s(total):
    merge(total, [Family("http_request_duration_seconds", "histogram", "", "seconds")])
    found = LegacyNames().add(total)
    assert found["http_request_duration_seconds"].points == {}
    assert len(found["http_requests"].points) == 3
