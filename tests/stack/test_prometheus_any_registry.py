# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, and promtool, take the page of any registry in both formats, of one process and of three."""

import http.server
import subprocess
import threading

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from support.pages import Collector, metrics, of_workers
from testbed.programs import program
from testbed.scraping import Prometheus

from otel_distro.metrics.exposition import OPEN_METRICS, TEXT, render
from otel_distro.metrics.registry import Registry

REGISTRIES = 60


@pytest.fixture(scope="module")
def pages():
    """Return (content type, page) of generated registries, the same ones every time."""
    made = {}

    @settings(
        max_examples=REGISTRIES,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(metrics(), min_size=2, max_size=6))
    def make(yielded):
        registry = CollectorRegistry()
        registry.register(Collector(yielded))
        families = list(Registry(lambda: registry).families())
        for total in (families, of_workers(families, 3)):
            for form in (TEXT, OPEN_METRICS):
                made[render(total, form)] = form.content_type

    make()
    return [(content_type, page) for page, content_type in made.items()]


@pytest.fixture(scope="module")
def served(pages):
    """Serve each page under its number; return host:port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content_type, page = pages[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_prometheus_takes_every_page(pages, served, tmp_path):
    assert len(pages) >= REGISTRIES
    targets = [
        {"targets": [served], "labels": {"__metrics_path__": f"/{number}", "page": str(number)}}
        for number in range(len(pages))
    ]
    more = {"static_configs": targets, "scrape_interval": "5s", "scrape_timeout": "5s"}
    with Prometheus(served, tmp_path, more) as prometheus:
        found = prometheus.until(lambda p: _scraped(p, len(pages)), 60)
    refused = {target["labels"]["page"]: target["lastError"] for target in found if target["health"] != "up"}
    assert refused == {}, pages[int(next(iter(refused), 0))]


def _scraped(prometheus, count):
    targets = prometheus.get("targets")["activeTargets"]
    return targets if len(targets) == count and all(target["health"] != "unknown" for target in targets) else None


def test_promtool_parses_every_page_in_text(pages):
    text = [page for content_type, page in pages if content_type == TEXT.content_type]
    assert len(text) >= REGISTRIES // 2
    for page in text:
        command = [program("promtool"), "check", "metrics"]
        checked = subprocess.run(command, input=page, capture_output=True, timeout=60, check=False)
        assert checked.returncode in (0, 3), (checked.stderr[:500], page)  # 3: parsed, and names that it finds unusual
