# SPDX-License-Identifier: Apache-2.0
"""Ask a dependency on the wire whether it can be used; nothing but the standard library is needed.

Each probe returns when it can, and raises `Down` or `OSError` when it cannot. It tells that somebody answers who is what he
should be, not that credentials are right: whoever needs more has a check of the application's own.
"""

from __future__ import annotations

import base64
import ssl
import struct
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from otel_distro.health.found import Down
from otel_distro.health.wire import Wire, unverified

Probe = Callable[[str, float], None]

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_SSL_REQUEST = struct.pack(">ii", 8, 80877103)
_PROTOCOL_3 = 196608
_TERMINATE = b"X\0\0\0\4"
_CANNOT_CONNECT_NOW, _TOO_MANY_CONNECTIONS = "57P03", "53300"
# https://kafka.apache.org/protocol#The_Messages_ApiVersions: version 0, which is answered before anybody logs in.
_API_VERSIONS, _CORRELATION, _CLIENT = 18, 9464, b"otel-distro-health"


def postgresql(url: str, timeout_seconds: float) -> None:
    """Begin a session as far as the server's first answer, as `pg_isready` does.

    Asking for TLS alone is not enough: a server that shuts down still answers that.
    """
    parts, options = _split(url)
    address = _postgresql_address(parts, options)
    with Wire(address, timeout_seconds) as wire:
        if not isinstance(address, str):
            _negotiate_tls(wire, address[0], options)
        wire.send(_startup_message(parts, options))
        if wire.read(1) == b"E":
            _judge(wire.read(struct.unpack(">i", wire.read(4))[0] - 4))
        wire.send(_TERMINATE)


def _postgresql_address(parts: SplitResult, options: Mapping[str, str]) -> tuple[str, int] | str:
    """Return the first of the hosts; a folder stands for a Unix socket in it."""
    first = parts.netloc.rpartition("@")[2].partition(",")[0]
    parts = urlsplit(f"//{first}")
    host = unquote(parts.hostname or "") or options.get("host", "").partition(",")[0] or "localhost"
    port = parts.port or int(options.get("port", "5432").partition(",")[0])
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def _negotiate_tls(wire: Wire, host: str, options: Mapping[str, str]) -> None:
    mode = options.get("sslmode") or options.get("ssl") or "prefer"
    if mode in {"disable", "false", "allow"}:
        return
    wire.send(_SSL_REQUEST)
    if wire.read(1) == b"S":
        verified = mode.startswith("verify")
        context = ssl.create_default_context(cafile=options.get("sslrootcert")) if verified else unverified()
        context.check_hostname = mode == "verify-full"
        wire.secure(context, host)
    elif mode != "prefer":
        raise Down("the server does not offer TLS")


def _startup_message(parts: SplitResult, options: Mapping[str, str]) -> bytes:
    user = unquote(parts.username or "") or options.get("user") or "postgres"
    database = unquote(parts.path.lstrip("/")) or options.get("dbname") or user
    words = ("user", user, "database", database, "application_name", "otel-distro-health")
    body = struct.pack(">i", _PROTOCOL_3) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return struct.pack(">i", len(body) + 4) + body


def _judge(error: bytes) -> None:
    """Most errors tell that the server accepts connections: a wrong password, an unknown database."""
    fields = {field[:1]: field[1:].decode("utf-8", "replace") for field in error.split(b"\0") if field}
    state = fields.get(b"C", "")
    if state == _CANNOT_CONNECT_NOW:
        raise Down(f"it accepts no connections now ({state})")
    if state == _TOO_MANY_CONNECTIONS:
        raise Down(f"it has too many connections ({state})")


def redis(url: str, timeout_seconds: float) -> None:
    """Log in, if the URL says how, and send PING."""
    parts, options = _split(url)
    address = parts.path if parts.scheme == "unix" else (parts.hostname or "localhost", parts.port or 6379)
    user, password = unquote(parts.username or ""), unquote(parts.password or "") or options.get("password", "")
    with Wire(address, timeout_seconds) as wire:
        if parts.scheme in {"rediss", "valkeys"}:
            wire.secure(_redis_tls(options), str(address[0]))
        if password:
            _expect(wire, *filter(None, ("AUTH", user, password)))
        _expect(wire, "PING")


def _redis_tls(options: Mapping[str, str]) -> ssl.SSLContext:
    """The password goes there, so whoever answers must be whom we trust, unless the URL says that he need not be."""
    if options.get("ssl_cert_reqs", "required").lower() in {"none", "cert_none"}:
        return unverified()
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    context.check_hostname = options.get("ssl_check_hostname", "true").lower() not in {"false", "0", "no"}
    return context


def _expect(wire: Wire, *command: str) -> None:
    """https://redis.io/docs/latest/develop/reference/protocol-spec/."""
    words = [word.encode() for word in command]
    wire.send(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    answer = wire.line()
    refused = answer[1:].partition(" ")[0]
    if answer.startswith("-") and refused != "NOPERM":  # who may not even PING has been let in
        raise Down(f"it answers {refused}")
    if not answer.startswith(("+", "-")):
        raise Down("what answers is no Redis")


def kafka(servers: str, timeout_seconds: float) -> None:
    """Ask the bootstrap servers, one after another, until one answers.

    Args:
        servers: Separated by commas.
        timeout_seconds: For all of them together.
    """
    listed = servers.split(",")
    refused: Exception | None = None
    for server in listed:
        try:
            _ask_broker(server, timeout_seconds / len(listed))
        except (Down, OSError) as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused


def _ask_broker(server: str, timeout_seconds: float) -> None:
    scheme, _, address = server.rpartition("://")
    parts = urlsplit(f"//{address}")
    host = parts.hostname or "localhost"
    with Wire((host, parts.port or 9092), timeout_seconds) as wire:
        if scheme.lower().endswith("ssl"):
            wire.secure(unverified(), host)
        request = struct.pack(">hhih", _API_VERSIONS, 0, _CORRELATION, len(_CLIENT)) + _CLIENT
        wire.send(struct.pack(">i", len(request)) + request)
        _, correlation = struct.unpack(">ii", wire.read(8))
        if correlation != _CORRELATION:
            raise Down("what answers is no Kafka")


def http(url: str, timeout_seconds: float) -> None:
    """Send GET and read the answer's first line."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    with Wire((host, parts.port or (443 if secure else 80)), timeout_seconds) as wire:
        if secure:
            wire.secure(ssl.create_default_context(), host)
        wire.send(_get(parts))
        version, _, rest = wire.line().partition(" ")
        status = rest[:3]
    if not version.startswith("HTTP/") or not status.isdigit():
        raise Down("what answers does not speak HTTP")
    if status[0] not in "23":
        raise Down(f"it answers {status}")


def _get(parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    headers = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", "Connection: close"]
    headers += ["User-Agent: otel-distro-health", "Accept: */*"]
    if login:
        headers.append("Authorization: Basic " + base64.b64encode(login.encode()).decode())
    return "\r\n".join([*headers, "", ""]).encode("utf-8", "replace")


def _split(url: str) -> tuple[SplitResult, dict[str, str]]:
    parts = urlsplit(url)
    return parts, {name: values[-1] for name, values in parse_qs(parts.query).items()}


PROBES: Mapping[str, Probe] = {"postgresql": postgresql, "redis": redis, "kafka": kafka, "http": http}
