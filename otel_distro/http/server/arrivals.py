# SPDX-License-Identifier: Apache-2.0
"""What is known of a request when it arrives; what repeats from request to request is worked out once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.util.http import detect_synthetic_user_agent

from otel_distro.ground.asgi import Scope
from otel_distro.http.attributes import (
    KNOWN_SCHEMES,
    KNOWN_VERSIONS,
    authority,
    method_label,
    span_name,
    text,
)
from otel_distro.http.server.routes import root_of

# A stranger chooses parts of what repeats (host, user agent, method), so number and size of what is kept are bounded.
_MAX_KEPT = 512
MAX_KEPT_BYTES = 512


class Arrival(NamedTuple):
    """What requests of the same kind from the same sort of client have in common.

    Attributes:
        scheme: None unless it is one: behind a proxy it comes from a header.
        version: The protocol's version, None unless it is a known one.
        name: The span's until the route is known.
        prefix: The application root, which semantic conventions want in `http.route`.
        attributes: Of the span; to be copied.
        in_flight: The requests of this method and scheme that are being served.
    """

    method: str
    scheme: str | None
    version: str | None
    name: str
    prefix: str
    attributes: dict[str, Any]
    in_flight: set[object]


class Arrivals:
    """The arrivals seen so far, by what tells them apart."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Arrival] = {}
        self._in_flight: dict[tuple[str, str | None], set[object]] = {}

    def of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Arrival:
        """Return what is known of a request's kind."""
        get = scope.get
        host, agent = headers.get(b"host", b""), headers.get(b"user-agent", b"")
        key = get("method"), get("scheme"), get("http_version"), get("server"), get("root_path"), host, agent
        try:
            return self._kept[key]
        except KeyError:
            return self._keep(key, scope, host, agent)
        except TypeError:  # a server that gives its address as a list
            return self._arrival(scope, host, agent)

    def in_flight(self) -> list[tuple[str, str | None, int]]:
        """Return method, scheme and number of the requests that are being served.

        There is a set for each: adding and discarding a request is atomic and happens at most once, so the count is
        exact in every thread and returns to zero whatever ends the request.
        """
        return [(method, scheme, len(requests)) for (method, scheme), requests in list(self._in_flight.items())]

    def _keep(self, key: tuple[Any, ...], scope: Scope, host: bytes, agent: bytes) -> Arrival:
        arrival = self._arrival(scope, host, agent)
        if sum(len(part) for part in key if isinstance(part, (str, bytes))) < MAX_KEPT_BYTES:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = arrival
        return arrival

    def _arrival(self, scope: Scope, host: bytes, agent: bytes) -> Arrival:
        method = method_label(text(scope.get("method")))
        scheme, version = scope.get("scheme"), scope.get("http_version")
        scheme = scheme if scheme in KNOWN_SCHEMES else None
        version = version if version in KNOWN_VERSIONS else None
        attributes = _attributes(scope, method, scheme, version, host, agent)
        in_flight = set() if scope["type"] != "http" else self._in_flight.setdefault((method, scheme), set())
        return Arrival(method, scheme, version, span_name(method, None), root_of(scope), attributes, in_flight)


def _server(scope: Scope) -> tuple[Any, Any]:
    """Return the server's address and port: a pair, or a path and no port."""
    server = scope.get("server")
    return (server[0], server[1]) if isinstance(server, (tuple, list)) and len(server) == 2 else (None, None)


def _attributes(  # noqa: PLR0913, PLR0917 - each a fact of its own
    scope: Scope, method: str, scheme: str | None, version: str | None, host: bytes, agent: bytes
) -> dict[str, Any]:
    original = text(scope.get("method"))  # a websocket has none
    address, port = authority(host, scheme or "http") or _server(scope)
    known = {
        "http.request.method": method if original else None,
        "http.request.method_original": original[:128] if original and original != method else None,
        "url.scheme": scheme,
        "network.protocol.version": version,
        "server.address": address,
        "server.port": port,
        "user_agent.original": text(agent) or None,
        "user_agent.synthetic.type": detect_synthetic_user_agent(text(agent)),
    }
    return {name: value for name, value in known.items() if value is not None}
