# SPDX-License-Identifier: Apache-2.0
"""The request table: rate, errors and latency as PromQL would compute them from two scrapes of /metrics."""

from __future__ import annotations

import time
from dataclasses import dataclass

from prometheus_client.samples import Sample
from testbed.scrape import Scrape, histogram_quantile

from demo.stack import Stack
from demo.terminal import Terminal

DURATION = "http_server_request_duration_seconds"


@dataclass(frozen=True)
class Scraped:
    """Both services' pages, and when they were read (seconds, monotonic clock)."""

    time: float
    pages: dict[str, Scrape]


def scrape_all(stack: Stack) -> Scraped:
    return Scraped(time.monotonic(), {name: service.scrape() for name, service in stack.services.items()})


def requests_served(page: Scrape) -> int:
    return int(page.value(f"{DURATION}_count"))


def show_requests(terminal: Terminal, before: Scraped, after: Scraped) -> None:
    rows: list[tuple[str, ...]] = []
    for name, page in after.pages.items():
        rows.append((terminal.paint(name, "bold"), *[""] * 6))
        rows += [
            _row(terminal, endpoint, before.pages[name], page, after.time - before.time)
            for endpoint in _endpoints(page)
        ]
    terminal.table(("", "requests", "req/s", "5xx", "p50", "p95", "p99"), rows)


def _endpoints(page: Scrape) -> list[tuple[str, str]]:
    samples = page.samples(f"{DURATION}_count")
    return sorted({(s.labels["http_request_method"], s.labels.get("http_route", "-")) for s in samples})


def _row(
    terminal: Terminal, endpoint: tuple[str, str], before: Scrape, after: Scrape, seconds: float
) -> tuple[str, ...]:
    method, route = endpoint
    labels = {"http_request_method": method, "http_route": route}
    counts = after.samples(f"{DURATION}_count", **labels)
    total = sum(sample.value for sample in counts)
    rate = (total - before.value(f"{DURATION}_count", **labels)) / seconds
    failed = sum(sample.value for sample in counts if sample.labels["http_response_status_code"].startswith("5"))
    errors = terminal.paint(f"{failed / total:.1%}", "red") if failed else terminal.paint("0", "dim")
    buckets = after.samples(f"{DURATION}_bucket", **labels)
    quantiles = (_milliseconds(quantile, buckets) for quantile in (0.5, 0.95, 0.99))
    return (f"  {method} {route}", f"{total:.0f}", f"{rate:.1f}", errors, *quantiles)


def _milliseconds(quantile: float, buckets: list[Sample]) -> str:
    return f"{histogram_quantile(quantile, buckets) * 1000:.0f} ms"
