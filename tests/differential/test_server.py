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
    for name, unit, attributes, count, *_ in observed["points"]:
        if name == "http.server.request.duration":
            assert unit == "s"
            counts[json.dumps(convert(attributes), sort_keys=True)] += count
    return counts


def test_every_request_is_counted_under_the_same_attributes(contrib, ours):
    assert durations(contrib) == durations(ours, as_contrib_counts)
    assert durations(contrib).total() == 452 - 8  # websockets are no requests


def test_nothing_is_left_in_flight(contrib, ours):
    for observed in (contrib, ours):
        left = {value for name, _, _, _, value, _ in observed["points"] if name == "http.server.active_requests"}
        assert left == {0}


def test_the_metrics_are_the_same(contrib, ours):
    theirs, us = ({(name, unit) for name, unit, *_ in observed["points"]} for observed in (contrib, ours))
    assert theirs == us
    assert len(us) == 4


def sizes(observed, convert=dict):
    """Return how many bodies were measured, and how many bytes they had, per metric, route and status."""
    found = {}
    for name, _, attributes, count, _, total in observed["points"]:
        if name.endswith(".body.size"):
            known = convert(attributes)
            key = (name, known.get("http.route"), known.get("http.response.status_code"))
            counted, summed = found.get(key, (0, 0))
            found[key] = counted + count, summed + total
    return found


def test_bodies_have_the_same_sizes(contrib, ours):
    """Contrib leaves empty bodies out, and repeats the size of an earlier response for one that is streamed."""
    theirs, us = sizes(contrib), sizes(ours, as_contrib_counts)
    response = "http.server.response.body.size"
    streamed = (response, "/stream", 200), (response, "/broken-stream", 200)
    empty = response, None, 307
    assert {key for key in theirs.keys() | us.keys() if theirs.get(key) != us.get(key)} == {*streamed, empty}
    assert [us[key] for key in streamed] == [(8, 8 * 2000), (4, 4 * len("first"))]
    assert us[empty][1] == 0
