# SPDX-License-Identifier: Apache-2.0
"""Strict casts from the text of a variable to its value.

A cast takes the stripped text and returns the value, or raises `ValueError` whose message completes
"expected …", so that a report can name the key, the value and what was expected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

T = TypeVar("T")
Cast = Callable[[str], Any]

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def text(value: str) -> str:
    """Take any text as it is."""
    return value


def boolean(value: str) -> bool:
    """Take true/false, 1/0, yes/no, on/off in any case."""
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError("true or false")


def integer(low: int, high: int) -> Cast:
    """Take a whole number within the bounds."""
    return _bounded(int, low, high, f"a whole number from {low} to {high}")


def number(low: float, high: float) -> Cast:
    """Take a decimal number within the bounds."""
    return _bounded(float, low, high, f"a number from {low:g} to {high:g}")


def _bounded(parse: Callable[[str], float], low: float, high: float, expected: str) -> Cast:
    def cast(value: str) -> float:
        try:
            parsed = parse(value)
        except ValueError:
            raise ValueError(expected) from None
        if not low <= parsed <= high:  # also refuses NaN
            raise ValueError(expected)
        return parsed

    return cast


def one_of(*choices: str) -> Cast:
    """Take one of the choices, in any case; the choice's own spelling is returned."""
    by_lower = {choice.lower(): choice for choice in choices}

    def cast(value: str) -> str:
        try:
            return by_lower[value.lower()]
        except KeyError:
            raise ValueError("one of " + ", ".join(choices)) from None

    return cast


def log_level(value: str) -> str:
    """Take a level's name, as `logging` and structlog spell it, in any case."""
    aliases = {"WARN": "WARNING", "FATAL": "CRITICAL"}
    upper = aliases.get(value.upper(), value.upper())
    if upper not in LOG_LEVELS:
        raise ValueError("one of " + ", ".join(LOG_LEVELS))
    return upper


def names(value: str) -> tuple[str, ...]:
    """Take a comma-separated list; blanks around entries and empty entries are dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def lower_names(value: str) -> tuple[str, ...]:
    """Take a comma-separated list whose case does not matter, as with header names; ``none`` alone is empty."""
    return () if value.lower() == "none" else names(value.lower())


def exporters(value: str) -> tuple[str, ...]:
    """Take exporter names; ``none`` alone means none."""
    chosen = names(value)
    if "none" not in chosen:
        return chosen
    if len(chosen) > 1:
        raise ValueError("none alone, or a list of exporters without none")
    return ()


def patterns(value: str) -> tuple[str, ...]:
    """Take a comma-separated list of regular expressions."""
    chosen = names(value)
    for pattern in chosen:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"regular expressions, but {pattern!r} is none ({error})") from None
    return chosen


def networks(value: str) -> tuple[str, ...]:
    """Take a comma-separated list of networks or addresses, such as ``10.0.0.0/8``."""
    chosen = names(value)
    for network in chosen:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise ValueError(f"networks such as 10.0.0.0/8, but {network!r} is none") from None
    return chosen


def pairs(value: str) -> Mapping[str, str]:
    """Take ``key=value`` pairs separated by commas, percent-decoded, as the OpenTelemetry specification has them.

    https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
    """
    result: dict[str, str] = {}
    for part in names(value):
        key, separator, content = part.partition("=")
        if not separator or not key.strip():
            raise ValueError(f"key=value pairs separated by commas, but {part!r} is none")
        result[unquote(key.strip())] = unquote(content.strip())
    return MappingProxyType(result)


def header_pairs(value: str) -> Mapping[str, str]:
    """Take header ``key=value`` pairs, percent-decoded; names are lower-cased, line breaks refused."""
    expected = "header=value pairs separated by commas, with legal header names"  # says nothing of the value: a secret
    try:
        found = pairs(value)
    except ValueError:
        raise ValueError(expected) from None
    for key, content in found.items():
        if not _HEADER_NAME.fullmatch(key) or re.search(r"[\r\n\0]", content):
            raise ValueError(expected)
    return MappingProxyType({key.lower(): content for key, content in found.items()})


def counts(value: str) -> Mapping[str, int]:
    """Take ``name=whole number`` pairs separated by commas."""
    one = integer(1, 1_000_000_000)
    try:
        return MappingProxyType({key: one(content) for key, content in pairs(value).items()})
    except ValueError:
        raise ValueError("name=count pairs separated by commas, each count a whole number of at least 1") from None


def url(value: str) -> str:
    """Take an http or https URL with a host."""
    expected = "a URL such as http://localhost:4318"
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError(expected)
    return value


def proxy(value: str) -> str:
    """Take a proxy's URL; without a scheme it is http, as for every other tool."""
    expected = "a proxy such as http://proxy:3128"
    value = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise ValueError(expected) from None
    if not parts.scheme or not parts.hostname or re.search(r"\s", value):
        raise ValueError(expected)
    return value


def metric_name(value: str) -> str:
    """Take what a Prometheus metric may be called."""
    if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", value):
        raise ValueError("letters, digits, underscores and colons, no digit first")
    return value


def path(value: str) -> str:
    """Take the path of a URL, beginning with a slash."""
    if not value.startswith("/") or re.search(r"[\s?#]", value):
        raise ValueError("a path such as /metrics")
    return value
