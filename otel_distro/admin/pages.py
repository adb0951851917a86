# SPDX-License-Identifier: Apache-2.0
"""What the admin port serves: /metrics, /health, and an index that links them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from otel_distro.admin.http import Request, Response, plain
from otel_distro.admin.token import Token
from otel_distro.metrics import exposition
from otel_distro.metrics.families import Family

GZIP_FROM_BYTES = 1024
_INDEX = b"""<!doctype html><title>otel-distro</title>
<ul><li><a href="/metrics">/metrics</a><li><a href="/health">/health</a></ul>
"""

# Hands the families of all processes to its argument, now or later in the same thread.
Gather = Callable[[Callable[[Iterable[Family]], None]], None]


class Pages:
    """Answers requests; `gather` is None when nothing is to be scraped here."""

    def __init__(self, gather: Gather | None, health: Callable[[], Mapping[str, Any]], token: Token | None) -> None:
        self._gather = gather
        self._health = health
        self._token = token

    def handle(self, request: Request, respond: Callable[[Response], None]) -> None:
        """Answer one request; /health tells strangers no more than its status."""
        trusted = self._token is None or self._token.matches(request.headers.get("authorization", ""))
        if request.path == "/health":
            respond(self._health_page(details=trusted))
        elif not trusted:
            respond(plain(HTTPStatus.UNAUTHORIZED, WWW_Authenticate="Bearer"))
        elif request.path == "/metrics" and self._gather is not None:
            self._gather(lambda families: respond(metrics_page(request.headers, families)))
        elif request.path == "/":
            respond(Response(HTTPStatus.OK, "text/html; charset=utf-8", _INDEX))
        else:
            respond(plain(HTTPStatus.NOT_FOUND))

    def _health_page(self, *, details: bool) -> Response:
        health = self._health()
        status = HTTPStatus.OK if health["status"] == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
        shown = health if details else {"status": health["status"]}
        return Response(status, "application/json", json.dumps(shown).encode() + b"\n")


def metrics_page(headers: Mapping[str, str], families: Iterable[Family]) -> Response:
    """Return the families in the format that the client asks for, compressed if it takes that."""
    form = exposition.choose(headers.get("accept", ""))
    body = exposition.render(families, form)
    more = {"Vary": "Accept, Accept-Encoding"}
    if len(body) >= GZIP_FROM_BYTES and "gzip" in headers.get("accept-encoding", ""):
        body, more["Content-Encoding"] = gzip.compress(body, compresslevel=1), "gzip"
    return Response(HTTPStatus.OK, form.content_type, body, more)
