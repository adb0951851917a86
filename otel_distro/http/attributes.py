# SPDX-License-Identifier: Apache-2.0
"""Values of the stable HTTP semantic conventions, made safe: methods, hosts, queries, URLs.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/. Whatever a stranger can choose is either on a
short list, or bounded in size and masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from opentelemetry.util.http import sanitize_method

MASK = "REDACTED"
OTHER_METHOD = "_OTHER"

# RFC 9110, RFC 5789 (PATCH) and RFC 10008 (QUERY), as upstream lists them.
KNOWN_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
KNOWN_SCHEMES = frozenset({"http", "https", "ws", "wss"})
KNOWN_VERSIONS = frozenset({"1.0", "1.1", "2", "2.0", "3", "3.0"})
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_MAX_TEXT = 1024
_MAX_QUERY_PARAMETERS = 32
_AUTHORITY = re.compile(rb"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?\Z")


def expressions(patterns: Sequence[str] | None) -> list[str]:
    """Return those of some patterns that are regular expressions: upstream compiles them within the request.

    That others are left out is said when the settings are read.
    """
    return [pattern for pattern in patterns or () if _compiles(pattern)]


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def method_label(method: str) -> str:
    """Return the method if it is a known one, else `_OTHER`: the value for spans and metrics."""
    return method if method in KNOWN_METHODS else sanitize_method(method.strip())


def span_name(method: str, route: str | None) -> str:
    """Return `GET /items/{id}`, or the method alone where no route is known; `HTTP` stands for `_OTHER`."""
    if method == OTHER_METHOD:
        method = "HTTP"
    return f"{method} {route}" if route else method


def authority(host: bytes, scheme: str) -> tuple[str, int | None] | None:
    """Split a Host header into address and port (the scheme's if it has none); None if it is malformed."""
    match = _AUTHORITY.match(host)
    if match is None:
        return None
    port = match["port"]
    number = int(port) if port else DEFAULT_PORTS.get(scheme)
    return match["host"].decode("ascii").strip("[]"), number


def masked_query(query: str) -> str:
    """Return the query string with its keys and without its values, which may be secrets.

    A parameter without `=` is masked whole: it may be a bare token.
    """
    parts = query.split("&", _MAX_QUERY_PARAMETERS)
    masked = "&".join([_masked_parameter(part) for part in parts[:_MAX_QUERY_PARAMETERS]])
    return masked[:_MAX_TEXT]


def _masked_parameter(part: str) -> str:
    key, equals, _ = part.partition("=")
    return f"{key}={MASK}" if equals else MASK


def text(value: object) -> str:
    """Return a header or path as bounded text; empty if it is neither text nor bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[:_MAX_TEXT]).decode("latin-1")
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
