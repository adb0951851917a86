# SPDX-License-Identifier: Apache-2.0
"""OTLP's values as Python's, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

_DEEPEST = 8  # a value that nests further is shown as text: it comes from strangers


def attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    """Return key-value pairs as a dict."""
    return {pair.key: value(pair.value) for pair in pairs}


def value(any_value: Any, depth: int = 0) -> Any:
    """Return an AnyValue as str, bool, int, float, list, dict or None; bytes as hexadecimal text."""
    field = any_value.WhichOneof("value")
    if field is None:
        return None
    content = getattr(any_value, field)
    if field == "bytes_value":
        return content.hex()
    if field not in {"array_value", "kvlist_value"}:
        return content
    if depth >= _DEEPEST:
        return "…"
    if field == "array_value":
        return [value(item, depth + 1) for item in content.values]
    return {pair.key: value(pair.value, depth + 1) for pair in content.values}


def as_json(content: Any) -> str:
    """Return JSON; of integers beyond 64 bits and of what else orjson refuses, their text."""
    return orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def sorted_json(content: dict[str, Any]) -> str:
    """Return JSON with sorted keys, so that equal labels are one series."""
    return orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS).decode()
