# SPDX-License-Identifier: Apache-2.0
"""The way to a collector, step by step, and why it ends where it ends: name, addresses, TLS, protocol."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from otel_distro.doctor.findings import Finding, note, problem, warning
from otel_distro.health.wire import unverified
from otel_distro.settings.environ import in_container
from otel_distro.settings.model import OtlpSettings

STEP_SECONDS = 2.0
# The beginning of HTTP/2 and an empty SETTINGS frame: https://www.rfc-editor.org/rfc/rfc9113#section-3.4
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TLS_ALERT, _SETTINGS = b"\x15\x03", b"\4"


class Way(NamedTuple):
    """Where one signal goes, and which variable says so."""

    otlp: OtlpSettings
    variable: str

    @property
    def host(self) -> str:
        """The host, without what encloses an IPv6 address."""
        return urlsplit(self._url).hostname or "localhost"

    @property
    def port(self) -> int:
        """The port, by default the scheme's."""
        return urlsplit(self._url).port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether TLS is to be spoken."""
        return self._url.startswith("https://") or ("://" not in self.otlp.endpoint and not self.otlp.insecure)

    @property
    def _url(self) -> str:
        return self.otlp.endpoint if "://" in self.otlp.endpoint else f"http://{self.otlp.endpoint}"


def explain(way: Way) -> Iterator[Finding]:
    """Yield why a collector cannot be spoken to; nothing if every step works."""
    if way.otlp.proxy:
        yield note("proxy", f"{way.host} is reached through {_shown(way.otlp.proxy)}")
        reason = _connects(urlsplit(way.otlp.proxy).hostname or "", urlsplit(way.otlp.proxy).port or 80)
        if reason is not None:
            yield problem("OD211", "proxy", f"{_shown(way.otlp.proxy)}: {reason}", host=way.host)
        return
    addresses = _addresses(way)
    if not addresses:
        yield problem("OD201", "name", f"{way.host} is no name that anybody knows here", variable=way.variable)
        return
    results = {address: _connects(address, way.port) for address in addresses}
    reached = [address for address, reason in results.items() if reason is None]
    if not reached:
        yield _unreached(way, results)
        return
    if len(reached) < len(results):
        silent = ", ".join(f"{address} ({reason})" for address, reason in results.items() if reason is not None)
        said = f"{way.host}:{way.port} answers at {', '.join(reached)} and not at {silent}"
        yield warning("OD205", "address", said, variable=way.variable)
    yield from _tls(way) if way.secure else _protocol(way, reached[0])


def _addresses(way: Way) -> list[str]:
    """Return the addresses of a name; the system's search has no time limit of its own."""
    pool = ThreadPoolExecutor(1)
    try:
        found = pool.submit(socket.getaddrinfo, way.host, way.port, 0, socket.SOCK_STREAM).result(STEP_SECONDS)
    except (OSError, UnicodeError, LookupTimeout):
        return []
    finally:
        pool.shutdown(wait=False)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connects(host: str, port: int) -> str | None:
    """Return why nobody can be reached there, None if somebody can."""
    try:
        with socket.create_connection((host, port), timeout=STEP_SECONDS):
            return None
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()


def _unreached(way: Way, results: dict[str, str | None]) -> Finding:
    said = f"{way.host}:{way.port}: " + ", ".join(f"{address} {reason}" for address, reason in results.items())
    if set(results.values()) == {"no answer"}:
        return problem("OD204", "connection", said)
    local = all(address.startswith("127.") or address == "::1" for address in results)
    code = "OD203" if local and in_container() else "OD202"
    return problem(code, "connection", said, variable=way.variable)


def _tls(way: Way) -> Iterator[Finding]:
    try:
        context = ssl.create_default_context(cafile=way.otlp.certificate)
        with socket.create_connection((way.host, way.port), timeout=STEP_SECONDS) as plain:
            context.wrap_socket(plain, server_hostname=way.host).close()
    except ssl.SSLCertVerificationError as error:
        yield problem("OD206", "TLS", f"the certificate is not trusted: {error.verify_message}", variable=way.variable)
    except ssl.SSLError as error:
        yield problem(
            "OD207", "TLS", f"no TLS is spoken at {way.host}:{way.port}: {error.reason}", variable=way.variable
        )
    except OSError as error:
        yield problem("OD207", "TLS", f"{way.host}:{way.port} ends the handshake: {error}", variable=way.variable)


def _protocol(way: Way, address: str) -> Iterator[Finding]:
    answer = _answer(address, way.port, _HTTP2_PREFACE)
    where, wants_grpc = f"{way.host}:{way.port}", way.otlp.protocol == "grpc"
    if answer.startswith(_TLS_ALERT) or (not answer and _speaks_tls(address, way.port)):
        yield problem("OD208", "TLS", f"{where} answers in TLS, and {way.variable} does not", variable=way.variable)
    elif wants_grpc and answer[3:4] != _SETTINGS and _answer(address, way.port, _GET).startswith(b"HTTP/1"):
        yield problem("OD210", "protocol", f"{where} answers in HTTP/1.1, and the protocol is grpc")
    elif answer[3:4] == _SETTINGS and not wants_grpc:
        yield problem("OD209", "protocol", f"{where} answers in HTTP/2, and the protocol is http/protobuf")


def _speaks_tls(host: str, port: int) -> bool:
    """Whether a handshake succeeds there, whoever it is: some servers say nothing at all to what is no TLS."""
    with suppress(OSError), socket.create_connection((host, port), timeout=STEP_SECONDS) as plain:
        unverified().wrap_socket(plain).close()
        return True
    return False


def _answer(host: str, port: int, words: bytes) -> bytes:
    """Return how a server begins its answer."""
    with suppress(OSError), socket.create_connection((host, port), timeout=STEP_SECONDS) as connection:
        connection.sendall(words)
        return connection.recv(64)
    return b""


def _shown(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port or 80}"
