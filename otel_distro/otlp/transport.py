# SPDX-License-Identifier: Apache-2.0
"""One persistent HTTP connection to the collector, or to the proxy in front of it."""

import gzip
import http.client
import io
import socket
import ssl
import zlib
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from otel_distro.diagnostics import report
from otel_distro.otlp.proxy import Proxy, basic_credentials, host_and_port
from otel_distro.otlp.response import Reply
from otel_distro.settings.model import OtlpSettings

# A response is read through this much at a time, each read within what is left of the request's time.
_READ_BYTES: Final = 8 * 1024
_MAX_REPLY_BYTES: Final = 64 * 1024
_COMPRESS: Final = {
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
    "deflate": zlib.compress,
}


class Unreachable(OSError):  # noqa: N818 - a state of the world more than an error
    """No connection: refused, unknown host, a proxy that lets nobody through, TLS, an unreadable certificate file."""


class _Response(http.client.HTTPResponse):
    """An answer that is read within one deadline: a socket's timeout begins anew with each byte that trickles in."""

    def __init__(self, sock: socket.socket, *arguments: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock, deadline), _READ_BYTES)


class _Timed(io.RawIOBase):
    """Reads from a socket until a deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._stream = sock.makefile("rb", buffering=0)  # keeps the socket open while the answer is read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._stream.readinto(buffer) or 0

    def close(self) -> None:
        self._stream.close()
        super().close()


class Transport:
    """Posts export requests over one connection.

    The connection is opened at the first request, kept, and opened anew after a fault. Certificate files are read at
    each opening, so a rotated or late-mounted certificate is picked up.
    """

    def __init__(self, otlp: OtlpSettings) -> None:
        self._otlp = otlp
        self._url = urlsplit(otlp.endpoint)
        self._target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        self._headers = _headers(otlp, self._url)
        self._proxy = Proxy.of(otlp.proxy) if otlp.proxy else None
        if self._proxy is not None and self._url.scheme == "http":  # https goes through a tunnel
            self._target = f"http://{host_and_port(self._url)}{self._target}"
            self._headers = {**self._headers, **self._proxy.headers}
        self._connection: http.client.HTTPConnection | None = None

    def encode_body(self, request: bytes) -> bytes:
        """Compress a request as configured; done once, however often it is sent."""
        compress = _COMPRESS.get(self._otlp.compression)
        return compress(request) if compress is not None else request

    def post(self, body: bytes) -> Reply:
        """Send one request and read the answer.

        Raises:
            Unreachable: no connection could be made.
            OSError: the request may have arrived, but no proper answer came.

        """
        reused = self._connection is not None
        try:
            return self._round_trip(body)
        except ConnectionError:
            if not reused:
                raise
        # A server may close an idle connection at any time, which says nothing about whether it is there.
        return self._round_trip(body)

    def _round_trip(self, body: bytes) -> Reply:
        deadline = monotonic() + self._otlp.timeout_seconds
        connection = self._connection = self._connection or self._connect(deadline)
        _answer_until(connection, deadline)
        try:
            connection.sock.settimeout(max(0.001, deadline - monotonic()))  # of all that is sent
            connection.request("POST", self._target, body, self._headers)
            response = connection.getresponse()
            content = response.read(_MAX_REPLY_BYTES)
        except http.client.HTTPException as exc:
            self.close()
            raise ConnectionError(f"no proper HTTP answer: {type(exc).__name__}") from exc
        except OSError:
            self.close()
            raise
        if response.will_close or not response.isclosed():
            self.close()
        if response.status == http.client.PROXY_AUTHENTICATION_REQUIRED:  # no collector says so
            raise Unreachable(f"{response.status} {response.reason} (proxy {self._proxy})")
        return Reply(
            status=response.status,
            reason=response.reason,
            content_type=response.getheader("Content-Type", ""),
            body=content,
            retry_after=response.getheader("Retry-After"),
            location=response.getheader("Location"),
        )

    def _connect(self, deadline: float) -> http.client.HTTPConnection:
        url, proxy, timeout = self._url, self._proxy, self._otlp.timeout_seconds
        host, port = (url.hostname or "localhost", url.port) if proxy is None else (proxy.host, proxy.port)
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=_tls(self._otlp))
            if proxy is not None:
                connection.set_tunnel(url.hostname or "", url.port or 443, proxy.headers)
        _answer_until(connection, deadline)  # a proxy answers first
        try:
            connection.connect()
        except (OSError, UnicodeError, http.client.HTTPException) as exc:  # the second of a host that is no name
            connection.close()
            raise Unreachable(f"{exc} (proxy {proxy})" if proxy else str(exc)) from exc
        return connection

    def close(self) -> None:
        """Close the connection, if there is one; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _answer_until(connection: http.client.HTTPConnection, deadline: float) -> None:
    response_class: Any = partial(_Response, deadline=deadline)
    connection.response_class = response_class


def _tls(otlp: OtlpSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=otlp.certificate)
        if otlp.client_certificate is not None:
            context.load_cert_chain(
                otlp.client_certificate, otlp.client_key, password=""
            )  # else it would ask the terminal
    except OSError as exc:
        files = [name for name in (otlp.certificate, otlp.client_certificate, otlp.client_key) if name]
        raise Unreachable(f"{exc} ({', '.join(files)})") from exc
    return context


def _headers(otlp: OtlpSettings, url: SplitResult) -> Mapping[str, str]:
    headers = {"User-Agent": "OTel-OTLP-Exporter-Python/otel-distro", "Content-Type": "application/x-protobuf"}
    if otlp.compression != "none":
        headers["Content-Encoding"] = otlp.compression
    credentials = basic_credentials(url)
    if credentials and "authorization" not in otlp.headers:
        headers["Authorization"] = credentials
    for name, value in otlp.headers.items():
        if _sendable(name, value):
            headers[name] = value
        else:
            report(f"OTLP header {name!r} is left out: a name is visible ASCII, a value one line of Latin-1")
    return headers


def _sendable(name: str, value: str) -> bool:
    is_token = name.isascii() and name.isprintable() and name and not set(name) & set(' ":;,()<>@[]\\{}=?/')
    return bool(is_token) and not set(value) & set("\r\n\0") and all(ord(character) < 256 for character in value)
