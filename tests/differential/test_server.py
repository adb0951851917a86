# SPDX-License-Identifier: Apache-2.0
"""The same requests under contrib's instrumentation and under ours: every span and every metric is compared."""

import json
from collections import Counter
from pathlib import Path

import pytest
from support.differential import differing, observe, unexplained
from support.differential_rules import DIFFERENCES, as_contrib_counts

OBSERVE = Path(__file__).parent / "observe.py"


@pytest.fixture(scope="module")
def contrib():
    return observe(OBSERVE, "contrib")


@pytest.fixture(scope="module")
def ours():
    return observe(OBSERVE, "ours")


def differences(contrib, ours):
    """Return every difference between the server spans."""
    theirs, us = ({request: found["spans"] for request, found in each["requests"].items()} for each in (contrib, ours))
    return list(differing(theirs, us))


def test_several_hundred_requests_are_compared(contrib, ours):
    assert len(contrib["requests"]) == len(ours["requests"]) == 452
    spans = [span for found in contrib["requests"].values() for span in found["spans"]]
    assert Counter(span["kind"] for span in spans) == {"SERVER": 452 - 113, "INTERNAL": 3}  # 113 callers do not sample


def test_what_leaves_the_application_is_the_same(contrib, ours):
    theirs = {request: found["raised"] for request, found in contrib["requests"].items()}
    assert theirs == {request: found["raised"] for request, found in ours["requests"].items()}
    assert Counter(theirs.values())["ValueError"] > 0


def test_every_difference_between_spans_is_on_the_list(contrib, ours):
    assert unexplained(differences(contrib, ours), DIFFERENCES) == []


def test_every_entry_of_the_list_is_seen(contrib, ours):
    found = differences(contrib, ours)
    unseen = [
        each.reason
        for each in DIFFERENCES
        if not any(each.field == field and each.expected(theirs, us) for _, field, theirs, us in found)
    ]
    assert unseen == []


def durations(observed, convert=dict):
    """Return how many requests were counted per attribute set."""
    counts = Counter()
    for name, unit, attributes, count, _ in observed["points"]:
        if name == "http.server.request.duration":
            assert unit == "s"
            counts[json.dumps(convert(attributes), sort_keys=True)] += count
    return counts


def test_every_request_is_counted_under_the_same_attributes(contrib, ours):
    assert durations(contrib) == durations(ours, as_contrib_counts)
    assert durations(contrib).total() == 452 - 8  # websockets are no requests


def test_nothing_is_left_in_flight(contrib, ours):
    for observed in (contrib, ours):
        left = {value for name, _, _, _, value in observed["points"] if name == "http.server.active_requests"}
        assert left == {0}


def test_only_body_sizes_are_missing_from_the_metrics(contrib, ours):
    """2 to 5 us per request for histograms that few look at."""
    names = [{name for name, *_ in observed["points"]} for observed in (contrib, ours)]
    assert names[0] - names[1] == {"http.server.response.body.size"}
    assert names[1] - names[0] == set()
