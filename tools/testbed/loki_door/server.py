# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: who asks, what is answered, and what is counted about it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from testbed.loki_door import api, push
from testbed.loki_door.admission import INVALID, RATE_LIMITED
from testbed.loki_door.configuration import Limits
from testbed.loki_door.grammar import NotLogQL
from testbed.loki_door.records import Labelled
from testbed.loki_door.streams import Tenant

ASKED: Final[Mapping[str, Callable[[Tenant, Mapping[str, str]], Any]]] = {
    "/loki/api/v1/query": api.query_now,
    "/loki/api/v1/query_range": api.query_range,
    "/loki/api/v1/labels": api.labels,
}
NO_ORGANISATION: Final = "no org id"


class Door(ThreadingHTTPServer):
    """The server; `handed_on` gets what was accepted."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], limits: Limits, handed_on: Callable[[list[Labelled]], None] | None = None
    ) -> None:
        super().__init__(address, _Handler)
        self.lock = threading.Lock()
        self.limits, self.handed_on = limits, handed_on
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self._tenants: dict[str, Tenant] = {}

    def tenant(self, name: str) -> Tenant:
        """Return a tenant; without auth_enabled all are the one called fake."""
        return self._tenants.setdefault(name if self.limits.auth_enabled else "fake", Tenant(self.limits))

    def exposition(self) -> str:
        """Return the metrics that the dashboards and rules ask of Loki, under its names."""
        lines = [
            f'loki_discarded_samples_total{{reason="{reason}",tenant="{name}"}} {count}'
            for name, tenant in self._tenants.items()
            for reason, count in tenant.discarded.items()
        ]
        for name, tenant in self._tenants.items():
            lines.append(f'loki_distributor_bytes_received_total{{tenant="{name}"}} {tenant.received}')
            lines.append(f'loki_ingester_memory_streams{{tenant="{name}"}} {len(tenant.streams())}')
        for (method, route, status), count in self.requests.items():
            labels = f'method="{method}",route="{route}",status_code="{status}"'
            lines.append(f"loki_request_duration_seconds_count{{{labels}}} {count}")
        return "\n".join([*lines, ""])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        self._answered(self._get)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answered(lambda path: self._post(path, body))

    def _answered(self, act: Callable[[str], tuple[int, str]]) -> None:
        path = urlsplit(self.path).path
        try:
            status, text = act(path)
        except (NotLogQL, push.Malformed, KeyError) as error:
            status, text = INVALID, str(error)
        self.server.requests[self.command, path.strip("/").replace("/", "_"), status] += 1
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _get(self, path: str) -> tuple[int, str]:
        if path in {"/ready", "/metrics"}:
            return 200, "ready\n" if path == "/ready" else self.server.exposition()
        if (tenant := self._tenant()) is None:
            return 401, NO_ORGANISATION
        given = parse_qs(urlsplit(self.path).query)
        query = {name: found[-1] for name, found in given.items()}
        query["encoding-flags"] = self.headers["X-Loki-Response-Encoding-Flags"] or ""
        with self.server.lock:
            return self._asked(path, tenant, query, given.get("match[]", []))

    def _asked(self, path: str, tenant: Tenant, query: dict[str, str], matches: list[str]) -> tuple[int, str]:
        name = path.removeprefix("/loki/api/v1/label/").removesuffix("/values")
        if path in ASKED:
            found: Any = ASKED[path](tenant, query)
        elif path == "/loki/api/v1/series":
            found = api.series(tenant, matches, query)
        elif path == f"/loki/api/v1/label/{name}/values":
            found = api.values(tenant, name, query)
        else:
            return 404, "404 page not found\n"
        return 200, json.dumps({"status": "success", "data": found})

    def _post(self, path: str, body: bytes) -> tuple[int, str]:
        """204 when all was taken; else 429 if that is why, and 400 for the rest, though what was right is stored."""
        if (tenant := self._tenant()) is None:
            return 401, NO_ORGANISATION
        kind = (self.headers["Content-Type"] or "").partition(";")[0].strip()
        body = push.unpacked(body, self.headers["Content-Encoding"] or "")
        if path == "/otlp/v1/logs":
            given = push.by_otlp(body, kind, self.server.limits)
        elif path == "/loki/api/v1/push":
            given = push.by_push(body, self.server.limits)
        else:
            return 404, "404 page not found\n"
        with self.server.lock:
            accepted, refusals = tenant.push(given)
        if accepted and self.server.handed_on:
            self.server.handed_on(accepted)
        if not refusals:
            return 204, ""
        status = RATE_LIMITED if any(refused.status == RATE_LIMITED for refused in refusals) else INVALID
        return status, "; ".join(sorted({refused.detail for refused in refusals})[:10])

    def _tenant(self) -> Tenant | None:
        name = self.headers["X-Scope-OrgID"] or ""
        return None if self.server.limits.auth_enabled and not name else self.server.tenant(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Keep quiet: `requests` counts."""
