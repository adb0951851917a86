# SPDX-License-Identifier: Apache-2.0
"""What the admin port serves: /metrics, /health, and an index that links them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from otel_distro.admin.http import Request, Response, plain_text
from otel_distro.admin.token import Token
from otel_distro.health.readiness import READY_STATES
from otel_distro.metrics import exposition
from otel_distro.metrics.exposition import Page

GZIP_FROM_BYTES = 1024

# Hands the families of all processes to its argument, now or later in the same thread.
Gather = Callable[[Callable[[Page], None]], None]
LIVE, READY = ("/health", "/health/live"), "/health/ready"


class Health(NamedTuple):
    """Tells the state of every process, and whether the service can be sent requests."""

    live: Callable[[], Mapping[str, Any]]
    ready: Callable[[], Mapping[str, Any]]

    def page(self, *, ready: bool, details: bool) -> Response:
        """Return the answer; strangers learn no more than the status, and the names of what is down."""
        state = self.ready() if ready else self.live()
        known = state if details else {key: state[key] for key in ("status", "checks") if key in state}
        status = HTTPStatus.OK if state["status"] in READY_STATES else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(status, "application/json", json.dumps(known).encode() + b"\n")


class Pages:
    """Answers requests."""

    def __init__(
        self, gather: Gather | None, health: Health, index: Callable[[], str], token: Token | None, *, loopback: bool
    ) -> None:
        """Serve.

        Args:
            gather: Collects /metrics; None when nothing is to be scraped here.
            health: Answers for /health and what is below it.
            index: Returns the page with the links.
            token: What readers must have, if anything.
            loopback: Whether the port is one of this machine's own.
        """
        self._gather = gather
        self._health = health
        self._index = index
        self._token = token
        self._loopback = loopback

    def handle(self, request: Request, respond: Callable[[Response], None]) -> None:
        """Answer one request; /health tells strangers no more than they need."""
        trusted = self._token is None or self._token.matches(request.headers.get("authorization", ""))
        if self._token is None and self._loopback and not _names_this_machine(request.headers.get("host", "")):
            respond(plain_text(HTTPStatus.MISDIRECTED_REQUEST))
        elif request.path in (*LIVE, READY):
            respond(self._health.page(ready=request.path == READY, details=trusted))
        elif not trusted:
            respond(plain_text(HTTPStatus.UNAUTHORIZED, WWW_Authenticate="Bearer"))
        elif request.path == "/metrics" and self._gather is not None:
            self._gather(lambda page: respond(metrics_page(request.headers, page)))
        elif request.path == "/":
            respond(Response(HTTPStatus.OK, "text/html; charset=utf-8", self._index().encode("utf-8", "replace")))
        else:
            respond(plain_text(HTTPStatus.NOT_FOUND))


def metrics_page(headers: Mapping[str, str], page: Page) -> Response:
    """Return the families in the format that the client asks for, compressed if it takes that."""
    form = exposition.choose(headers.get("accept", ""))
    body = page.text(form)
    more = {"Vary": "Accept, Accept-Encoding"}
    if len(body) >= GZIP_FROM_BYTES and "gzip" in headers.get("accept-encoding", ""):
        body, more["Content-Encoding"] = page.zipped(form), "gzip"
    return Response(HTTPStatus.OK, form.content_type, body, more)


def _names_this_machine(host: str) -> bool:
    """Whether a Host header is localhost, an address or absent.

    A page of a stranger in a developer's browser may have its own name resolved to 127.0.0.1; a browser then sends that
    name. https://en.wikipedia.org/wiki/DNS_rebinding
    """
    name = host.partition("]")[0].strip("[") if host.startswith("[") else host.rpartition(":")[0] or host
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
