# SPDX-License-Identifier: Apache-2.0
"""The attributes that a server span starts with, from an ASGI scope and its headers by name."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from opentelemetry.util.http import detect_synthetic_user_agent

from otel_distro.http.attributes import KNOWN_SCHEMES, KNOWN_VERSIONS, authority, masked_query, text

Scope = MutableMapping[str, Any]

_MAX_AGENTS = 512
_agents: dict[bytes, tuple[str, str | None]] = {}


def scheme_of(scope: Scope) -> str | None:
    """Return the scheme if it is one: behind a proxy it comes from a header."""
    scheme = scope.get("scheme")
    return scheme if scheme in KNOWN_SCHEMES else None


def version_of(scope: Scope) -> str | None:
    """Return the protocol's version if it is a known one."""
    version = scope.get("http_version")
    return version if version in KNOWN_VERSIONS else None


def request_attributes(
    scope: Scope, headers: Mapping[bytes, bytes], method: str, scheme: str | None, version: str | None
) -> dict[str, Any]:
    """Return what is known when a request arrives; for a websocket there is no method."""
    attributes: dict[str, Any] = {}
    original = scope.get("method")
    if original:
        attributes["http.request.method"] = method
        if method != original:
            attributes["http.request.method_original"] = original[:128]
    if scheme is not None:
        attributes["url.scheme"] = scheme
    if version is not None:
        attributes["network.protocol.version"] = version
    path = scope.get("path")
    if path:
        attributes["url.path"] = text(path)
    query = scope.get("query_string")
    if query:
        attributes["url.query"] = masked_query(text(query))
    _connection_attributes(scope, headers, attributes)
    return attributes


def _connection_attributes(scope: Scope, headers: Mapping[bytes, bytes], attributes: dict[str, Any]) -> None:
    """Add what is known of both ends of the connection: `server.*`, `client.*`, `user_agent.*`."""
    host = headers.get(b"host")
    server = authority(host, scope.get("scheme") or "http") if host is not None else None
    if server is None:
        server = scope.get("server")
    if server is not None:
        attributes["server.address"] = server[0]
        if server[1] is not None:
            attributes["server.port"] = server[1]
    client = scope.get("client")
    if client is not None:
        attributes["client.address"] = client[0]
        attributes["client.port"] = client[1]
    agent = headers.get(b"user-agent")
    if agent is not None:
        _agent_attributes(agent, attributes)


def _agent_attributes(agent: bytes, attributes: dict[str, Any]) -> None:
    known = _agents.get(agent)
    if known is None:
        if len(_agents) >= _MAX_AGENTS:  # a stranger chooses these: start over rather than grow
            _agents.clear()
        original = text(agent)
        known = _agents[agent] = original, detect_synthetic_user_agent(original)
    attributes["user_agent.original"] = known[0]
    if known[1] is not None:
        attributes["user_agent.synthetic.type"] = known[1]
