# SPDX-License-Identifier: Apache-2.0
"""An application's own line of JSON stays JSON whatever is in it, and only secrets change."""

from __future__ import annotations

import json
import logging
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.processors import JSONRenderer

from otel_distro.logs.emit import Emitter
from otel_distro.logs.redaction.redact import REDACTED, redact_text
from otel_distro.logs.stdlib.decorate import with_ids
from otel_distro.logs.structlog.own import OwnRenderer
from otel_distro.settings.model import ServiceSettings, Settings

NAMES = st.sampled_from(
    ["token", "password", "Cookie", "api_key", "auth", "user", "message", "headers", "name", "value"]
) | st.text(max_size=6)
PIECES = st.sampled_from(
    ["token=abc", '{"token": "abc"}', "Authorization: Bearer abcdef12", '"', "\\", '\\"', "'", "-----BEGIN PRIVATE KEY-----", "\n", "}", "https://u:pw12@h", "password: x y", '\\"password\\": \\"', "\x1b", "\u202e", "�", "cookie: a=b; c", " ", "--token", "é"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=6).map("".join)
LEAVES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=5)


def _inner(value: Any) -> Any:
    """Put JSON into strings in JSON: a body that was logged as text."""
    return {"body": json.dumps({"inner": json.dumps(value)})}


RENDERERS = {
    "json": json.dumps,
    "compact": lambda event: json.dumps(event, separators=(",", ":"), ensure_ascii=False),
    "indented": lambda event: json.dumps(event, indent=2),
    "nested": lambda event: json.dumps(_inner(event)),
}


@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
@settings(max_examples=40, deadline=None)
@given(event=EVENTS)
def test_a_line_of_json_stays_one(render, event):
    line = render(event)
    redacted = redact_text(line)
    assert type(json.loads(redacted)) is dict
    assert json.loads(redacted).keys() == json.loads(line).keys()
    assert redact_text(redacted) == redacted


@settings(max_examples=40, deadline=None)
@given(event=st.dictionaries(st.sampled_from(["a", "b", "level"]), st.integers() | st.floats() | st.none(), max_size=4))
def test_what_has_no_secret_is_the_same_object(event):
    line = json.dumps(event)
    assert redact_text(line) is line


@settings(max_examples=40, deadline=None)
@given(value=VALUES.filter(lambda value: value not in (None, "", [], {}) and not isinstance(value, bool)))
def test_whatever_stands_under_the_name_of_a_secret_is_replaced_whole(value):
    line = json.dumps({"before": 1.10, "token": value, "after": [1e5]})
    assert redact_text(line) == f'{{"before": 1.1, "token": "{REDACTED}", "after": [100000.0]}}'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"token": null, "auth": true}', None),
        ('{"password": 12345, "a": 1.10}', '{"password": "[REDACTED]", "a": 1.10}'),
        ('{"a": 1, "a": 2, "token": ["x", {"y": 1}]}', '{"a": 1, "a": 2, "token": "[REDACTED]"}'),
        ('{"m": "sent {\\"token\\": \\"abc\\"} on"}', '{"m": "sent {\\"token\\": \\"[REDACTED]\\"} on"}'),
        ('{"b": "{\\"token\\": null, \\"n\\": 5}"}', None),
        ('{"h": [["x-api-key", "s3cret99"], ["host", "h"]]}', '{"h": [["x-api-key", "[REDACTED]"], ["host", "h"]]}'),
        ('{"argv": ["a", "--token", "s3cret99", "b"]}', '{"argv": ["a", "--token", "[REDACTED]", "b"]}'),
        ('{"name": "DB_PASSWORD", "value": "x"}', '{"name": "DB_PASSWORD", "value": "[REDACTED]"}'),
        ('{"\\u0070assword": "x"}', '{"\\u0070assword": "[REDACTED]"}'),
        ('{"required": ["token", "email"]}', None),
        ('{"n": NaN, "token": "x"}', '{"n": NaN, "token": "[REDACTED]"}'),
    ],
)
def test_only_secrets_change(line, expected):
    assert redact_text(line) == (expected or line)


def test_json_too_deep_for_a_parser_is_searched_as_text():
    line = "[" * 5000 + '"token=abc123"' + "]" * 5000
    assert "abc123" not in redact_text(line)


class _Opaque:
    """Something that speaks only when it is rendered."""

    def __repr__(self) -> str:
        return "Opaque(token='abc123', \"quoted\")"


@pytest.mark.parametrize(
    "renderer",
    [JSONRenderer(), JSONRenderer(serializer=orjson.dumps, default=repr), JSONRenderer(default=repr, indent=1)],
    ids=["json", "orjson", "indented"],
)
@settings(max_examples=20, deadline=None)
@example(event={"user": {"\U00010000": None}})  # whose escape begins as a lone surrogate's
@given(event=EVENTS)
def test_structlog_renders_json_whatever_its_event_holds(renderer, event):
    own = OwnRenderer(Emitter(Settings(service=ServiceSettings(name="unit"))))
    fields = {
        f"f_{key}".encode("utf-8", "replace").decode(): _without_surrogates(value) for key, value in event.items()
    }
    (line,), _ = own(structlog.BytesLogger(), "info", {**fields, "opaque": _Opaque(), "password": "abc123"}, renderer)
    assert json.loads(line)["password"] == REDACTED
    assert "abc123" not in str(line)


def _without_surrogates(value: Any) -> Any:
    """Return what orjson takes: it refuses lone surrogates and integers beyond 64 bits, bare as with us."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.loads(text, parse_int=lambda digits: int(digits) % 2**63)


def test_what_is_not_text_is_left_as_it_was_rendered():
    own, packed = OwnRenderer(Emitter(Settings(service=ServiceSettings(name="unit")))), b"\x82\xa5token\xa3=ab\xff"
    assert own(structlog.BytesLogger(), "info", {}, lambda *_: packed) == ((packed,), {})


def test_ids_are_added_to_what_was_redacted():
    record = logging.makeLogRecord({"msg": "x"})
    line = redact_text(json.dumps({"m": record.msg, "token": ["a"]}))
    assert json.loads(with_ids(line, {"trace_id": "t", "span_id": "s"})) == {
        "m": "x",
        "token": REDACTED,
        "trace_id": "t",
        "span_id": "s",
    }


def test_a_value_that_looks_like_an_option_does_not_name_the_key_that_follows():
    text = '{"a":"-----BEGIN PRIVATE KEY-----","token":null,"b":"--password","c":1}'
    assert json.loads(redact_text(text)) == {"a": REDACTED, "token": None, "b": "--password", "c": 1}
