# SPDX-License-Identifier: Apache-2.0
"""A line is bounded, and no value loses one."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.logs.contract import check_line
from otel_distro.logs.encode import encode, fit
from otel_distro.logs.redaction.json_safe import plain_text, shortened
from otel_distro.logs.redaction.redact import redact_mapping

BASE = {
    "timestamp": "2026-01-01T00:00:00.000000Z",
    "level": "info",
    "service": "unit",
    "logger": "limits",
    "message": "hello",
}


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02T00:00:00+00:00"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (b"\xffabc", "\\xffabc"),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (ValueError("no"), "ValueError: no"),
        (2**80, "<int of 81 bits>"),
        (range(2), "range(0, 2)"),
    ],
)
def test_values_of_any_type_become_plain_json(value, expected):
    assert json.loads(encode({"value": redact_mapping({"value": value})["value"]})) == {"value": expected}


def test_depth_and_length_of_values_are_bounded():
    endless: dict[str, object] = {}
    endless["self"] = endless
    bounded = redact_mapping({"endless": endless, "list": list(range(1000)), "text": "x" * 100_000})
    assert "too deep" in json.dumps(bounded["endless"])
    assert bounded["list"][100:] == ["…900 more"]
    assert len(bounded["text"]) <= 8192


def test_a_huge_integer_a_surrogate_and_nan_do_not_lose_the_line(output):
    structlog.get_logger().info("odd \ud800", number=2**70, nan=float("nan"), text="\udfff", inf=float("inf"))
    event = output.event
    assert (event["message"], event["text"]) == ("odd ?", "?")
    assert (event["number"], event["nan"], event["inf"]) == ("<int of 71 bits>", None, None)


_texts = st.text(max_size=3000)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["exception", "stack", "a", "b", "c"]), _texts | _values), _texts)
def test_any_event_fits_into_the_limit_and_stays_valid(fields, message):
    fields = {key: value for key, value in redact_mapping(fields).items() if key not in ("exception", "stack")}
    line = fit({**BASE, "message": message, **fields}, 1024)
    assert len(line) <= 1024
    assert line.count(b"\n") == 1
    assert [problem for problem in check_line(line[:-1]) if "snake_case" not in problem] == []


def test_the_traceback_is_shortened_first_and_in_its_middle():
    trace = "Traceback (most recent call last):\n" + "  File x\n" * 1000 + "ValueError: the cause"
    event = json.loads(fit({**BASE, "text": "kept whole", "error": "the cause", "exception": trace}, 2048))
    assert event["text"] == "kept whole"
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: the cause")
    assert "characters]…" in event["exception"]


def test_a_line_is_at_most_as_long_as_configured(install):
    output = install(max_line_bytes=2000)
    structlog.get_logger().info("m" * 9000, a="ü" * 9000, b=["x" * 500] * 50)
    (line,) = output.lines
    assert len(line.encode()) < 2000
    assert output.event["level"] == "info"


def test_shortened_text_says_how_much_is_gone():
    assert shortened("a" * 10, 10) == "a" * 10
    cut = shortened("a" * 500 + "b" * 500, 100)
    assert len(cut) <= 100
    assert cut == f"{'a' * 30}…[940 characters]…{'b' * 30}"


def test_text_of_what_cannot_be_read_is_its_type():
    class Broken:
        def __str__(self) -> str:
            raise KeyError

    assert plain_text(Broken()) == "<Broken: KeyError when read>"


def test_without_orjson_the_lines_are_the_same():
    code = """
import sys
sys.modules["orjson"] = None
from otel_distro.logs.encode import encode
sys.stdout.buffer.write(encode({"a": [1, 2.5, None, True], "b": {"c": "\\u00fc\\ud800"}, "nan": float("nan")}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == '{"a":[1,2.5,null,true],"b":{"c":"ü?"},"nan":null}\n'.encode()


class _Hostile:
    """Whatever is asked of it, it raises."""

    def _refuse(self, *_: object) -> object:
        raise RuntimeError("token=abc123")

    __class__ = property(_refuse)
    __str__ = __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __format__ = _refuse


class _Integer(int):
    def __int__(self) -> int:
        raise RuntimeError

    __str__ = __repr__ = __index__ = __int__


class _Growing(dict):
    def items(self):
        for key in list(super().keys()):
            self[f"{key}x"] = 1
            yield key, self[key]


class _Endless(str):
    __slots__ = ()

    def __str__(self) -> str:
        return str(self)

    __repr__ = __str__


def _generator():
    yield "token=abc123"


# Made in the test: a test runner would look at them, too.
HOSTILE = {
    "raises": _Hostile,
    "integer": lambda: _Integer(5),
    "growing": lambda: _Growing(a=1),
    "endless": lambda: _Endless("x"),
    "generator": _generator,
    "in a list": lambda: [_Hostile()],
    "in a mapping": lambda: {"a": _Hostile()},
    "in a pair": lambda: (_Hostile(), 1),
    "huge": lambda: 10**5000,
    "keys": lambda: {_Integer(1): "x", ("a", 1): 2, b"k": 1, "k" * 1000: 1},
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_hostile_value_loses_a_line_or_raises(output, make):
    value = make()
    structlog.get_logger("app").info("hello", value=value)
    logging.getLogger("app").warning("hello %s", "you", extra={"value": value})
    first, second = output.events
    assert first["message"] == "hello"
    assert second["message"] == "hello you"
    assert "value" in first
    assert "value" in second
    assert "abc123" not in str(first)
