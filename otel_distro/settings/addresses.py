# SPDX-License-Identifier: Apache-2.0
"""Casts of what can be connected to: URLs, interfaces, gRPC's targets, proxies (see `casts`)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from otel_distro.settings.casts import Cast


def url(value: str) -> str:
    """Take an http or https URL with a host."""
    expected = "a URL such as http://localhost:4318"
    if _scheme(value, expected) not in {"http", "https"}:
        raise ValueError(expected)
    return value


def endpoint(protocol: str) -> Cast:
    """Return the cast of a collector's endpoint, which depends on how it is spoken to."""
    return grpc_target if protocol == "grpc" else url


def host(value: str) -> str:
    """Take the name or address of an interface, without scheme and port."""
    expected = "an address such as 127.0.0.1, ::1 or 0.0.0.0, without scheme and port"
    bare = value.strip("[]")
    if not re.fullmatch(r"[\w.:%-]+", bare) or re.fullmatch(r"[^:]+:\d+", bare):
        raise ValueError(expected)
    try:
        bare.encode("idna")
    except UnicodeError:
        raise ValueError(expected) from None
    return value


def grpc_target(value: str) -> str:
    """Take a URL or what gRPC resolves: ``collector:4317``, ``dns:///collector:4317``, ``unix:///run/otel.sock``.

    https://github.com/grpc/grpc/blob/master/doc/naming.md
    """
    if re.match(r"(?i)https?://", value):
        return url(value)
    if value.endswith(":") or not re.fullmatch(
        r"(dns|ipv4|ipv6|unix|unix-abstract|passthrough|xds|google-c2p|vsock):\S+", value
    ):
        expected = "a URL such as http://localhost:4317, or a gRPC target such as localhost:4317"
        if value.endswith(":"):
            raise ValueError(expected)
        _scheme(f"http://{value}", expected)
    return value


def proxy(value: str) -> str:
    """Take a proxy's URL; without a scheme it is http, as for every other tool."""
    expected = "a proxy such as http://proxy:3128"
    value = value if "://" in value else f"http://{value}"
    if not _scheme(value, expected):
        raise ValueError(expected)
    return value


def _scheme(value: str, expected: str) -> str:
    """Return the scheme of a URL with a host, and with a port that is a number if it has one."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise ValueError(expected) from None
    # A host that is no host is mostly a template that nobody filled in: http://$COLLECTOR:4318, http://<host>:4318.
    if not re.fullmatch(r"[\w.:%~-]+", parts.hostname or "") or re.search(r"\s", value):
        raise ValueError(expected)
    return parts.scheme
