# SPDX-License-Identifier: Apache-2.0
"""The running service, by its admin port: can it be scraped, is it well, has it lost anything?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from otel_distro.admin.notices import is_loopback
from otel_distro.doctor.address import STEP_SECONDS
from otel_distro.doctor.findings import Finding, note, ok, problem, warning
from otel_distro.health.wire import unverified
from otel_distro.settings.environ import in_container, in_kubernetes
from otel_distro.settings.model import Settings

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*?)\})? (\S+)")
_LONGEST = 64 * 1024 * 1024


def running(settings: Settings, service: str | None) -> Iterator[Finding]:
    """Yield what the admin port says.

    Args:
        settings: Of this environment, which should be the service's.
        service: HOST:PORT of its admin port; by default what the settings say, on this machine.
    """
    scheme = "https" if settings.admin.tls_certificate else "http"
    where = service or f"127.0.0.1:{settings.admin.port}"
    try:
        status, text = fetch(f"{scheme}://{where}/health", _authorization(settings))
        health = json.loads(text)
        known = isinstance(health, dict) and "status" in health
    except (OSError, HTTPException) as error:
        yield warning("OD401", "admin port", f"no service answers at {where}: {error}")
        return
    except ValueError:
        known = False
    if not known:
        yield problem("OD402", "admin port", f"what answers at {where} is another program")
        return
    yield from _health(settings, where, health)
    status, text = fetch(f"{scheme}://{where}/metrics", _authorization(settings))
    if status == 401:
        yield problem("OD403", "/metrics", "asks for the token")
    else:
        yield from _lost(text)


def _health(settings: Settings, where: str, health: Mapping[str, Any]) -> Iterator[Finding]:
    workers = health.get("workers", {})
    if health["status"] == "stuck":
        yield problem("OD405", "event loop", "of the service, or of one of its workers, does not turn")
    else:
        yield ok("admin port", f"{where}: {health['status']}, {len(workers)} workers")
    if in_container() and not in_kubernetes() and is_loopback(settings.admin):
        yield warning("OD404", "admin port", f"listens on {settings.admin.host} only, inside a container")


def _lost(page: str) -> Iterator[Finding]:
    """Yield what the service has counted as lost."""
    totals: dict[str, float] = {}
    for name, labels, value in samples(page):
        for code, metric, label in _LOSSES:
            if name == metric and label in labels and float(value) > 0:
                totals[code] = totals.get(code, 0.0) + float(value)
    for code, _, _ in _LOSSES:
        if code in totals:
            yield problem(code, "losses", f"{totals.pop(code):.0f} {_WORDS[code]}")
    yield note("metrics", f"/metrics has {sum(1 for _ in samples(page))} series")


_LOSSES = (
    ("OD501", "otel_sdk_processor_span_processed_total", 'error_type="queue_full"'),
    ("OD501", "otel_sdk_processor_log_processed_total", 'error_type="queue_full"'),
    ("OD502", "otel_sdk_exporter_span_exported_total", 'error_type="export_failed"'),
    ("OD502", "otel_sdk_exporter_log_exported_total", 'error_type="export_failed"'),
    ("OD503", "otel_distro_faults_total", ""),
    ("OD504", "otel_distro_metric_overflows_total", ""),
)
_WORDS = {
    "OD501": "records were dropped since a queue was full",
    "OD502": "records could not be delivered",
    "OD503": "internal faults",
    "OD504": "measurements went into the series of those that are too many",
}


def samples(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, labels and value of each sample of a page in Prometheus's text format."""
    for line in page.splitlines():
        found = None if line.startswith("#") else _SAMPLE.match(line)
        if found is not None:
            yield found[1], found[2] or "", found[3]


def fetch(url: str, headers: Mapping[str, str] | None = None, timeout: float = STEP_SECONDS) -> tuple[int, str]:
    """Return status and body of a page, asked for without a proxy; of TLS no certificate is verified: nothing is sent there.

    Raises:
        OSError: nobody answers.
    """
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=unverified()))
    try:
        with opener.open(Request(url, headers=dict(headers or {})), timeout=timeout) as answer:  # noqa: S310 - what the user names
            return answer.status, answer.read(_LONGEST).decode("utf-8", "replace")
    except HTTPError as error:
        return error.code, error.read(_LONGEST).decode("utf-8", "replace")
    except URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason)) from None


def _authorization(settings: Settings) -> Mapping[str, str]:
    if not settings.admin.token_file:
        return {}
    try:
        with open(settings.admin.token_file, encoding="utf-8") as file:  # noqa: PTH123
            return {"Authorization": f"Bearer {file.read().strip()}"}
    except (OSError, ValueError):
        return {}
