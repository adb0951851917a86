# SPDX-License-Identifier: Apache-2.0
"""Write a log line, look for it in Loki, and serve how long that took on /metrics: the whole way, as a person sees it.

Standard library only, so that one file is all it needs:

    LOKI_URL=http://127.0.0.1:3100 CANARY_FILE=/var/log/log-canary/canary.log python tools/log_canary.py
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, TextIO

SERVICE = "log-canary"
BUCKETS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Settings:
    """What differs between places.

    Attributes:
        loki: base URL of Loki.
        tenant: its X-Scope-OrgID.
        file: where lines are written; empty for stdout.
        interval: seconds between two lines.
        timeout: seconds after which a line counts as missing.
        host: address of /metrics.
        port: of /metrics.
    """

    loki: str
    tenant: str
    file: str
    interval: float
    timeout: float
    host: str
    port: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read them from environment variables."""
        read = environment.get
        return cls(
            loki=read("LOKI_URL", "http://127.0.0.1:3100").rstrip("/"),
            tenant=read("LOKI_TENANT", "fake"),
            file=read("CANARY_FILE", ""),
            interval=float(read("CANARY_INTERVAL_SECONDS", "15")),
            timeout=float(read("CANARY_TIMEOUT_SECONDS", "60")),
            host=read("CANARY_HOST", "127.0.0.1"),
            port=int(read("CANARY_PORT", "9465")),
        )


class Findings:
    """Counts of the lines written, found and missed, and a histogram of delays."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written = self._missing = 0
        self._delays: list[int] = [0] * (len(BUCKETS) + 1)
        self._total = 0.0
        # The start counts as found: a canary that never finds a line is to be noticed, too.
        self._last = time.time()

    def written(self) -> None:
        """Count a line that was written."""
        with self._lock:
            self._written += 1

    def missing(self) -> None:
        """Count a line that was not found in time."""
        with self._lock:
            self._missing += 1

    def found(self, delay: float) -> None:
        """Count a line that was found after so many seconds."""
        with self._lock:
            self._delays[sum(delay > bound for bound in BUCKETS)] += 1
            self._total += delay
            self._last = time.time()

    def exposition(self) -> str:
        """Return everything in Prometheus's text format."""
        with self._lock:
            counts = [sum(self._delays[: i + 1]) for i in range(len(self._delays))]
            buckets = [
                f'log_canary_delay_seconds_bucket{{le="{b}"}} {n}'
                for b, n in zip((*BUCKETS, "+Inf"), counts, strict=True)
            ]
            return "\n".join(
                (
                    "# HELP log_canary_delay_seconds From writing a line to finding it in Loki.",
                    "# TYPE log_canary_delay_seconds histogram",
                    *buckets,
                    f"log_canary_delay_seconds_sum {self._total}",
                    f"log_canary_delay_seconds_count {counts[-1]}",
                    "# HELP log_canary_lines_total Lines written.",
                    "# TYPE log_canary_lines_total counter",
                    f"log_canary_lines_total {self._written}",
                    "# HELP log_canary_missing_total Lines not found within the timeout.",
                    "# TYPE log_canary_missing_total counter",
                    f"log_canary_missing_total {self._missing}",
                    "# HELP log_canary_last_found_timestamp_seconds When a line was found last.",
                    "# TYPE log_canary_last_found_timestamp_seconds gauge",
                    f"log_canary_last_found_timestamp_seconds {self._last}\n",
                )
            )


def write_line(stream: TextIO, canary: str) -> None:
    """Write one line of the logging contract."""
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    line = {"timestamp": now, "level": "info", "service": SERVICE, "logger": SERVICE, "message": "canary"}
    stream.write(json.dumps(line | {"canary_id": canary}) + "\n")
    stream.flush()


def is_in_loki(settings: Settings, canary: str) -> bool:
    """Ask Loki for the line; False also while it cannot be asked, which one line on stderr tells."""
    query = {"query": f'{{service_name="{SERVICE}"}} | canary_id="{canary}"', "since": "1h", "limit": "1"}
    url = f"{settings.loki}/loki/api/v1/query_range?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"X-Scope-OrgID": settings.tenant})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return bool(json.load(response)["data"]["result"])
    except (OSError, ValueError, KeyError) as error:
        print(f"canary: Loki cannot be asked: {error}", file=sys.stderr, flush=True)
        return False


def look_once(settings: Settings, stream: TextIO, findings: Findings) -> None:
    """Write a line and wait until it is found or missing."""
    canary, start = uuid.uuid4().hex, time.monotonic()
    write_line(stream, canary)
    findings.written()
    while time.monotonic() - start < settings.timeout:
        if is_in_loki(settings, canary):
            findings.found(time.monotonic() - start)
            return
        time.sleep(0.1)
    findings.missing()


class MetricsHandler(BaseHTTPRequestHandler):
    """GET /metrics."""

    findings: ClassVar[Findings]

    def do_GET(self) -> None:
        """Answer with the findings."""
        known = self.path == "/metrics"
        body = self.findings.exposition().encode() if known else b"see /metrics\n"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Keep stdout for the canary's lines."""


def main() -> None:
    """Serve metrics and write lines until the process is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as process 1 of a container it would ignore it
    settings, findings = Settings.of(os.environ), Findings()
    handler = type("Handler", (MetricsHandler,), {"findings": findings})
    threading.Thread(
        target=ThreadingHTTPServer((settings.host, settings.port), handler).serve_forever, daemon=True
    ).start()
    stream = Path(settings.file).open("a", encoding="utf-8") if settings.file else sys.stdout  # noqa: SIM115 -- kept open
    while True:
        began = time.monotonic()
        look_once(settings, stream, findings)
        time.sleep(max(0.0, settings.interval - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
