# SPDX-License-Identifier: Apache-2.0
"""The checker says what JSON Schema says, with line numbers."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.logs.contract import MAX_LINE_BYTES, check, check_event, schema
from otel_distro.settings.model import LogSettings

GOOD = {
    "timestamp": "2026-11-21T10:00:00.123456Z",
    "level": "info",
    "service": "api",
    "logger": "app",
    "message": "hello",
}
IN_SPAN = {**GOOD, "trace_id": "a" * 32, "span_id": "b" * 16}
validator = jsonschema.Draft202012Validator(schema())


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_checkers_limit_is_the_default_of_the_setting():
    assert LogSettings().max_line_bytes == MAX_LINE_BYTES


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"trace_id": "a" * 32, "span_id": "b" * 16, "request_id": "r-1", "correlation_id": "c:1/=+._-"},
        {"method": "GET", "path": "/a", "route": "/{x}", "status_code": 200, "duration_ms": 1.5, "client": "::1"},
        {"error": "no", "exception": "Traceback…", "otlp": True, "environment": "prod", "version": "1"},
        {"anything": {"nested": [1]}, "user_id": 7},
        {
            "duration_ms": 1234,
            "status_code": 200,
        },  # the application's own: `logger.info("task done", duration_ms=1234)`
    ],
)
def test_lines_that_keep_the_contract(more):
    assert list(check([json.dumps({**GOOD, **more})])) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"timestamp": "2026-11-21T10:00:00Z"}, "timestamp="),
        ({"timestamp": "2026-11-21T10:00:00.123456+00:00"}, "timestamp="),
        ({"level": "INFO"}, 'level="INFO": expected enum'),
        ({"service": ""}, 'service="": expected minLength 1'),
        ({"message": None}, "message=null: expected type"),
        ({"trace_id": "0" * 32, "span_id": "b" * 16}, "trace_id="),
        ({"trace_id": "A" * 32, "span_id": "b" * 16}, "trace_id="),
        ({"trace_id": "a" * 32}, "trace_id without span_id"),
        ({"request_id": "a b"}, "request_id="),
        ({"path": "/a?b=c"}, "path="),
        ({"status_code": "200"}, 'status_code="200": expected type'),
        ({"status_code": 20}, "status_code=20: expected minimum 100"),
        ({"duration_ms": -1, "method": "GET", "path": "/"}, "duration_ms=-1: expected minimum 0"),
        ({"duration_ms": True, "method": "GET", "path": "/"}, "duration_ms=true: expected type"),
        ({"exception": "x"}, "exception without error"),
        ({"otlp": 1}, "otlp=1: expected const true"),
        ({"userId": 1}, '"userId": expected a name in snake_case'),
    ],
)
def test_each_deviation_is_named(change, problem):
    (found,) = check([json.dumps({**GOOD, **change})])
    assert found.line == 1
    assert found.problem.startswith(problem)


def test_what_is_missing_is_named_with_the_number_of_the_line():
    lines = [json.dumps(GOOD), json.dumps({**GOOD, "level": "info"}), "{}"]
    assert [str(deviation) for deviation in check(lines)] == [
        f"line 3: {name} is missing" for name in ("timestamp", "level", "service", "logger", "message")
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "not JSON"),
        ("plain text", "not JSON"),
        ("[1]", "[1]: expected an object"),
        ('{"a": NaN}', "not JSON: NaN is no JSON"),
        (b"\xff", "not JSON"),
        ("[" * 100_000, "100001 bytes"),
    ],
)
def test_what_is_no_object_of_json(line, problem):
    assert next(check([line])).problem.startswith(problem)


def test_a_line_that_is_too_long():
    line = json.dumps({**GOOD, "text": "x" * MAX_LINE_BYTES})
    assert [str(deviation) for deviation in check([line])] == [f"line 1: {len(line) + 1} bytes, expected at most 15360"]


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
_events = st.dictionaries(st.sampled_from(sorted(schema()["properties"])) | st.text(max_size=8), _scalars, max_size=6)


@given(_events, st.sampled_from([{}, GOOD, IN_SPAN]))
def test_the_checker_agrees_with_json_schema(event, base):
    event = json.loads(json.dumps({**base, **event}))
    assert (list(check_event(event)) == []) is validator.is_valid(event)
