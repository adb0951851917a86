# SPDX-License-Identifier: Apache-2.0
"""Who may see what: this machine's names only, a token that works once, then a strict cookie.

A page of a stranger can make a browser ask any port of this machine, under any name that resolves to it (DNS rebinding).
So the Host must be a loopback name, a foreign Origin is refused, and nothing that was received is shown without the cookie.
Sending is free for whoever can reach the port: that is any process of this machine, and it adds, but never reads.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Any, Send], Awaitable[None]]

LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))
_OPEN: Final = ("/v1/", "/tee/")
_TOKEN_SECONDS: Final = 3600.0
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """Stands before the application.

    Args:
        application: What is served.
        secret: What programs of this user present as a bearer token; it stands in a file that only they can read.
        port: Names the cookie: those of one host are shared by all of its ports.
    """

    def __init__(self, application: Application, secret: str, port: int) -> None:
        self._application = application
        self._secret = secret
        self._cookie = f"otel_distro_view_{port}"
        self._tokens: dict[str, float] = {}
        self._sessions: set[str] = set()

    def token(self) -> str:
        """Return a token that opens the page once, within the hour."""
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + _TOKEN_SECONDS
        return token

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._refusal(scope, headers)
        if answer is None:
            await self._application(scope, receive, _with_headers(send))
        else:
            await _answer(send, *answer)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str, dict[str, str]] | None:
        if not _is_loopback(f"//{headers.get('host', '')}"):
            return 421, "This is a viewer of this machine only: ask for 127.0.0.1.\n", {}
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers["host"]:
            return 403, "Other pages may not ask.\n", {}
        if scope["path"].startswith(_OPEN):
            return None
        token = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("t", [""])[0]
        if scope["path"] == "/" and token:
            return self._redeem(token, headers)
        return None if self._is_known(headers) else (401, _HOW, {})

    def _redeem(self, token: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        until = self._tokens.pop(token, 0.0)
        if until > time.monotonic():
            session = secrets.token_urlsafe(32)
            self._sessions.add(session)
            cookie = f"{self._cookie}={session}; Path=/; HttpOnly; SameSite=Strict"
            return 303, "", {"location": "/", "set-cookie": cookie}
        return (303, "", {"location": "/"}) if self._is_known(headers) else (401, _HOW, {})

    def _is_known(self, headers: dict[str, str]) -> bool:
        if compare_digest(headers.get("authorization", "").encode(), f"Bearer {self._secret}".encode()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and cookie.value in self._sessions


_HOW: Final = "This link works once. A new one: otel-distro view link\n"


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def send_guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_guarded


async def _answer(send: Send, status: int, text: str, headers: dict[str, str]) -> None:
    more = [(name.encode(), value.encode()) for name, value in headers.items()]
    plain = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [plain, *more, *_HEADERS]})
    await send({"type": "http.response.body", "body": text.encode()})
