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
from urllib.parse import unquote

T = TypeVar("T")
Cast = Callable[[str], Any]

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class PartlyRefused(ValueError):  # noqa: N818 - a value error, of which something can be used
    """Some entries of a list are wrong: each takes only itself.

    Attributes:
        usable: The value without them.
    """

    def __init__(self, expected: str, usable: Any) -> None:
        super().__init__(expected)
        self.usable = usable


def text(value: str) -> str:
    """Take any text as it is."""
    return value


def boolean(value: str) -> bool:
    """Take true/false, 1/0, yes/no, on/off, t/f, y/n in any case."""
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError("true or false")


def trust(value: str) -> bool | str:
    """Take true, false, or what lies between them: ids."""
    if value.lower() == "ids":
        return "ids"
    try:
        return boolean(value)
    except ValueError:
        raise ValueError("true, ids or false") from None


def integer(low: int, high: int, unit: str = "") -> Cast:
    """Take a whole number within the bounds."""
    return _bounded(int, low, high, f"a whole number{_of(unit)} from {low} to {high}{_without(unit)}")


def number(low: float, high: float, unit: str = "") -> Cast:
    """Take a decimal number within the bounds."""
    return _bounded(float, low, high, f"a number{_of(unit)} from {low:g} to {high:g}{_without(unit)}")


def _of(unit: str) -> str:
    return f" of {unit}" if unit else ""


def _without(unit: str) -> str:
    return ", written without the unit" if unit else ""


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
    """Take a level's name or number, as `logging` and structlog spell it, in any case."""
    aliases = {"WARN": "WARNING", "FATAL": "CRITICAL", "TRACE": "DEBUG", "NOTSET": "DEBUG"}
    aliases |= {str(number): name for number, name in zip(range(10, 60, 10), LOG_LEVELS, strict=True)}
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


def names_among(*choices: str) -> Cast:
    """Take a comma-separated list of some of the choices; ``none`` alone is empty."""

    def check(name: str) -> None:
        if name not in choices:
            raise ValueError(f"some of {', '.join(choices)}, but {name!r} is none of them")

    return lambda value: () if value.lower() == "none" else listed(value.lower(), check)


_COMMON_EXPORTERS = frozenset({"none", "otlp", "prometheus", "console"})


# Headers that say how a message is read, or who somebody is: an id in their place would break or disclose it.
_RESERVED = frozenset(
    [
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "content-length",
        "content-type",
        "content-encoding",
        "date",
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "location",
        "traceparent",
        "tracestate",
        "baggage",
    ]
)


def header_names(value: str) -> tuple[str, ...]:
    """Take names of headers that may carry an identifier; ``none`` alone is empty."""
    return () if value.lower() == "none" else listed(value.lower(), _header_name)


def _header_name(name: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or name in _RESERVED:
        raise ValueError(f"names of headers that may carry an id, but {name!r} may not")


def exporters(value: str) -> tuple[str, ...]:
    """Take exporter names; ``none`` alone means none."""
    chosen = tuple(name.lower() if name.lower() in _COMMON_EXPORTERS else name for name in names(value))
    if "none" not in chosen:
        return chosen
    if len(chosen) > 1:
        raise ValueError("none alone, or a list of exporters without none")
    return ()


def patterns(value: str) -> tuple[str, ...]:
    """Take a comma-separated list of regular expressions."""
    return listed(value, _compiled)


def _compiled(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"regular expressions, but {pattern!r} is none ({error})") from None


def networks(value: str) -> tuple[str, ...]:
    """Take a comma-separated list of networks or addresses, such as ``10.0.0.0/8``."""
    return listed(value, _network)


def _network(entry: str) -> None:
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise ValueError(f"networks such as 10.0.0.0/8, but {entry!r} is none") from None


def listed(value: str, check: Callable[[str], object]) -> tuple[str, ...]:
    """Take a comma-separated list, each entry of which must pass a check.

    Raises:
        PartlyRefused: some do not; the first says what was expected.
        ValueError: none does.
    """
    usable, complaints = [], []
    for entry in names(value):
        try:
            check(entry)
            usable.append(entry)
        except ValueError as error:
            complaints.append(str(error))
    if complaints:
        expected = "; and ".join(complaints)
        raise PartlyRefused(expected, tuple(usable)) if usable else ValueError(expected)
    return tuple(usable)


def pairs(value: str) -> Mapping[str, str]:
    """Take ``key=value`` pairs separated by commas, percent-decoded, as the OpenTelemetry specification has them.

    https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
    """
    result: dict[str, str] = {}
    complaints = []
    for part in names(value):
        key, separator, content = part.partition("=")
        if not separator or not key.strip():
            complaints.append(f"key=value pairs separated by commas, but {part!r} is none")
        else:
            result[unquote(key.strip())] = unquote(content.strip())
    if complaints:
        expected = "; and ".join(complaints)
        raise PartlyRefused(expected, MappingProxyType(result)) if result else ValueError(expected)
    return MappingProxyType(result)


def header_pairs(value: str) -> Mapping[str, str]:
    """Take header ``key=value`` pairs, percent-decoded; names are lower-cased, line breaks refused."""
    expected = "header=value pairs separated by commas, with legal header names"  # says nothing of the value: a secret
    try:
        found, right = pairs(value), True
    except PartlyRefused as error:
        found, right = error.usable, False
    except ValueError:
        raise ValueError(expected) from None
    usable = {key.lower(): content for key, content in found.items() if _is_header(key, content)}
    if right and len(usable) == len(found):
        return MappingProxyType(usable)
    raise PartlyRefused(expected, MappingProxyType(usable)) if usable else ValueError(expected)


def _is_header(name: str, value: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None and not re.search(r"[\r\n\0]", value)


def counts(value: str) -> Mapping[str, int]:
    """Take ``name=whole number`` pairs separated by commas."""
    one = integer(1, 1_000_000_000)
    try:
        return MappingProxyType({key: one(content) for key, content in pairs(value).items()})
    except ValueError:
        raise ValueError("name=count pairs separated by commas, each count a whole number of at least 1") from None


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
