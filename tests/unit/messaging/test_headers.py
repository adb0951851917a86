# SPDX-License-Identifier: Apache-2.0
"""Headers of messages: read whatever they are, written into copies, one of each name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.messaging.envelope import enveloped, headers_in
from otel_distro.messaging.headers import UNKNOWN, by_name, joined, origin_of
from otel_distro.messaging.sending import merged

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
FIELDS = (("x-correlation-id", "correlation_id"), ("x-request-id", "request_id"))
OURS = {"traceparent": PARENT, "x-trace-id": TRACE, "x-correlation-id": TRACE, "x-pipeline-start": "1.500"}
NAMES = st.sampled_from(["traceparent", "TraceParent", "tracestate", "baggage", "x-correlation-id", "x-pipeline-start"])
VALUES = st.one_of(st.binary(max_size=80), st.text(max_size=40), st.none(), st.integers(), st.just(PARENT.encode()))


def test_the_last_value_of_a_name_counts_in_any_case() -> None:
    headers = [("traceparent", b"x"), ("TraceParent", PARENT.encode()), ("X-Correlation-ID", b"mine")]
    origin = origin_of(by_name(headers), FIELDS)
    assert origin.parent is not None
    assert (f"{origin.parent.trace_id:032x}", origin.parent.is_remote, origin.ids) == (
        TRACE,
        True,
        {"correlation_id": "mine"},
    )


@pytest.mark.parametrize("value", [b"never", b"nan", b"inf", b"-1", b"1e400", b"", None, b"99999999999999"])
def test_a_begin_that_is_none_is_not_there(value) -> None:
    assert origin_of({"x-pipeline-start": value}, FIELDS).starts == ()


@pytest.mark.parametrize("value", [b"a b", b"\xff", b"x" * 129, b"a\nb", None, 5])
def test_an_id_that_is_not_harmless_is_not_there(value) -> None:
    assert origin_of({"x-correlation-id": value}, FIELDS).ids == {}


def test_an_id_that_is_the_trace_id_is_taken_as_text() -> None:
    headers = {"traceparent": PARENT.encode(), "x-correlation-id": TRACE.encode(), "x-request-id": TRACE}
    assert origin_of(headers, FIELDS).ids == {"correlation_id": TRACE, "request_id": TRACE}


@given(st.one_of(st.lists(st.tuples(NAMES, VALUES), max_size=8), st.lists(VALUES, max_size=4), VALUES))
def test_nothing_that_a_message_says_raises(headers) -> None:
    assert origin_of(by_name(headers), FIELDS).ids.keys() <= {"correlation_id", "request_id"}


@given(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=8))
def test_copies_have_each_of_our_names_once_and_the_list_stays(headers) -> None:
    kept = list(headers)
    names = [name.lower() for name, _ in merged(headers, dict(OURS))]
    assert headers == kept
    assert {name: names.count(name) for name in OURS} == dict.fromkeys(OURS, 1)
    assert dict(merged(headers, dict(OURS)))["traceparent"] == PARENT.encode()


def test_a_stale_tracestate_goes_and_ids_of_the_application_stay() -> None:
    headers = [("tracestate", b"a=1"), ("x-correlation-id", b"old"), ("x-correlation-id", b"mine"), ("kind", b"\xff")]
    assert merged(headers, dict(OURS)) == [
        ("kind", b"\xff"),
        ("traceparent", PARENT.encode()),
        ("x-trace-id", TRACE.encode()),
        ("x-correlation-id", b"mine"),
        ("x-pipeline-start", b"1.500"),
    ]


@pytest.mark.parametrize("headers", [[("a",)], [5], [("a", "b", "c")], ["text"]])
def test_headers_that_are_none_are_left_to_the_client(headers) -> None:
    assert merged(headers, dict(OURS)) is headers


def test_a_batch_has_the_ids_that_all_share_and_a_link_for_each() -> None:
    one = origin_of({"traceparent": PARENT.encode(), "x-correlation-id": b"a", "x-request-id": b"r"}, FIELDS)
    other = origin_of({"traceparent": PARENT.encode(), "x-correlation-id": b"b", "x-request-id": b"r"}, FIELDS)
    batch = joined([one, other])
    assert (batch.parent, len(batch.links), batch.ids) == (None, 2, {"request_id": "r"})
    assert len(joined([one] * 1000).links) == 128
    assert joined([]) is UNKNOWN


@given(st.one_of(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.binary(max_size=5), st.none()))
def test_envelopes_are_copied_and_other_values_left(value) -> None:
    sent = enveloped(value, OURS, frozenset({"traceparent", "correlation_id"}))
    if isinstance(value, dict):
        assert sent.keys() == value.keys() | (
            {"traceparent"} | ({"correlationid"} if "specversion" in value else {"correlation_id"})
        )
    else:
        assert sent is value


def test_an_envelope_is_read_by_its_names() -> None:
    wanted = ("traceparent", "x-correlation-id", "x-pipeline-start")
    plain = {"traceparent": PARENT, "correlation_id": "mine", "pipeline_start": 1.5, "payload": {}}
    assert headers_in(plain, wanted) == {"traceparent": PARENT, "x-correlation-id": "mine", "x-pipeline-start": "1.5"}
    event = {"specversion": "1.0", "correlationid": "mine", "correlation_id": "not this"}
    assert headers_in(event, wanted) == {"x-correlation-id": "mine"}
