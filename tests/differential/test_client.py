# SPDX-License-Identifier: Apache-2.0
"""The same calls with httpx and httpx2 under contrib's instrumentation and under ours: every span and every metric is compared."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conformance.sources import test_packages as fetch_test_packages
from support.differential import differing, observe, unexplained
from support.differential_rules import CLIENT_DIFFERENCES

OBSERVE = Path(__file__).parent / "observe_client.py"
CALLS, SPANS = 332, 404  # a redirect is a call of its own


@pytest.fixture(scope="module", params=["httpx", "httpx2"])
def module(request):
    """A client library, and where it is to be found if it is not in the project's environment."""
    if request.param == "httpx":
        return "httpx", ""
    if sys.version_info < (3, 11):
        pytest.skip("httpx2 needs Python 3.11")
    try:
        return "httpx2", str(fetch_test_packages())
    except subprocess.CalledProcessError as error:
        pytest.skip(f"httpx2 cannot be had: {error}")


@pytest.fixture(scope="module")
def contrib(module):
    name, path = module
    return observe(OBSERVE, "contrib", name, path=path)


@pytest.fixture(scope="module")
def ours(module):
    name, path = module
    return observe(OBSERVE, "ours", name, path=path)


def differences(contrib, ours):
    """Return every difference between the client spans."""
    theirs, us = ({call: spans for call, (_, spans) in each["calls"].items()} for each in (contrib, ours))
    return list(differing(theirs, us))


def test_several_hundred_calls_are_compared(contrib, ours):
    assert len(contrib["calls"]) == len(ours["calls"]) == CALLS
    kinds = Counter(span["kind"] for _, spans in contrib["calls"].values() for span in spans)
    assert kinds == {"CLIENT": SPANS}


def test_the_application_gets_the_same_answers_and_exceptions(contrib, ours):
    theirs = {call: raised for call, (raised, _) in contrib["calls"].items()}
    assert theirs == {call: raised for call, (raised, _) in ours["calls"].items()}
    assert Counter(theirs.values()) == {"": CALLS - 12, "ConnectError": 4, "ReadTimeout": 4, "UnsupportedProtocol": 4}


def test_every_difference_between_spans_is_on_the_list(contrib, ours):
    assert unexplained(differences(contrib, ours), CLIENT_DIFFERENCES) == []


def test_every_entry_of_the_list_is_seen(contrib, ours):
    fields = {field for _, field, _, _ in differences(contrib, ours)}
    assert fields == {each.field for each in CLIENT_DIFFERENCES}


def durations(observed):
    """Return how many calls were counted per attribute set."""
    assert {(name, unit) for name, unit, *_ in observed["points"]} == {("http.client.request.duration", "s")}
    return Counter(
        {json.dumps(attributes, sort_keys=True): count for _, _, attributes, count, *_ in observed["points"]}
    )


def test_only_calls_that_raise_are_counted_beyond_contrib(contrib, ours):
    """contrib measures no duration of a call that raises."""
    theirs, more = durations(contrib), durations(ours) - durations(contrib)
    assert theirs - durations(ours) == Counter()
    assert theirs.total() == SPANS - 12
    raised = Counter(json.loads(attributes)["error.type"] for attributes in more.elements())
    assert raised == {"ConnectError": 4, "ReadTimeout": 4, "UnsupportedProtocol": 4}
