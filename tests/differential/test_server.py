# SPDX-License-Identifier: Apache-2.0
"""The same requests under contrib's instrumentation and under ours: every span and every metric is compared."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.differential_rules import DIFFERENCES, as_contrib_counts

OBSERVE = Path(__file__).parent / "observe.py"


def observe(kind):
    """Serve all requests in a process of its own."""
    command = [sys.executable, str(OBSERVE), kind]
    environment = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def contrib():
    return observe("contrib")


@pytest.fixture(scope="module")
def ours():
    return observe("ours")


def flat(span):
    """Return a span's fields with its attributes among them."""
    return {**{name: value for name, value in span.items() if name != "attributes"}, **span["attributes"]}


def differing(contrib, ours):
    """Yield the request, the field and both values wherever the server spans differ."""
    for request, theirs in contrib["requests"].items():
        for their_span, our_span in zip(theirs["spans"], ours["requests"][request]["spans"], strict=True):
            left, right = flat(their_span), flat(our_span)
            for field in left.keys() | right.keys():
                if left.get(field) != right.get(field):
                    yield request, field, left.get(field), right.get(field)


def test_several_hundred_requests_are_compared(contrib, ours):
    assert len(contrib["requests"]) == len(ours["requests"]) == 452
    spans = [span for found in contrib["requests"].values() for span in found["spans"]]
    assert Counter(span["kind"] for span in spans) == {"SERVER": 452 - 113, "INTERNAL": 3}  # 113 callers do not sample


def test_what_leaves_the_application_is_the_same(contrib, ours):
    theirs = {request: found["raised"] for request, found in contrib["requests"].items()}
    assert theirs == {request: found["raised"] for request, found in ours["requests"].items()}
    assert Counter(theirs.values())["ValueError"] > 0


def test_every_difference_between_spans_is_on_the_list(contrib, ours):
    unexplained = [
        found
        for found in differing(contrib, ours)
        if not any(each.field == found[1] and each.expected(*found[2:]) for each in DIFFERENCES)
    ]
    assert unexplained == []


def test_every_entry_of_the_list_is_seen(contrib, ours):
    found = list(differing(contrib, ours))
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
