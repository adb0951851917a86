# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes a real service, in both formats, and leads from an exemplar to its trace."""

import subprocess
import time

import pytest
from demo.traffic import calls, send
from testbed.programs import program
from testbed.scrape import OPENMETRICS, TEXT
from testbed.scraping import Prometheus

SENT = 48
COUNT = "sum(http_server_request_duration_seconds_count)"
FORMATS = {"OpenMetricsText1.0.0": OPENMETRICS, "PrometheusText0.0.4": TEXT}


@pytest.fixture(scope="module")
def served(chat):
    """Both services after known traffic."""
    send(chat.chat_api.url, calls(SENT), lambda _progress: None)
    return chat


@pytest.fixture(scope="module", params=FORMATS)
def prometheus(request, served, tmp_path_factory):
    target = served.chat_api.admin_url.removeprefix("http://")
    directory = tmp_path_factory.mktemp("prometheus")
    with Prometheus(target, directory, {"scrape_protocols": [request.param]}) as running:
        running.until(lambda p: p.query("up") == 1)
        yield running


def test_counts_what_was_sent(prometheus):
    assert prometheus.until(lambda p: p.query(COUNT)) == SENT


def test_scrapes_without_a_warning(prometheus):
    assert prometheus.until(lambda p: p.query("count_over_time(up[1m]) >= 3"))
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    complaints = [line for line in prometheus.stderr if "level=WARN" in line or "level=ERROR" in line]
    assert complaints == []


def test_computes_quantiles(prometheus):
    expression = "histogram_quantile(0.95, sum by (le) (http_server_request_duration_seconds_bucket))"
    assert prometheus.until(lambda p: p.query(expression)) > 0


def test_an_exemplar_leads_to_a_trace_that_the_receiver_holds(served, tmp_path):
    target = served.chat_api.admin_url.removeprefix("http://")
    with Prometheus(target, tmp_path) as prometheus:
        series = prometheus.until(lambda p: exemplars(p, "http_server_request_duration_seconds_bucket"))
    named = {exemplar["labels"]["trace_id"] for one in series for exemplar in one["exemplars"]}
    held = served.receiver.wait_for(lambda r: named & {span.trace_id for span in r.spans()})
    assert held == named


def exemplars(prometheus, metric):
    now = time.time()
    return prometheus.get("query_exemplars", query=metric, start=now - 3600, end=now + 60)


# promtool knows no family that a service may not rename: Python's own collectors and the example's names are not ours.
NOT_OURS = ("active_rooms_total", "llm_api_latency", "python_gc_", "python_info", "process_")


@pytest.mark.parametrize("service", ["chat_api", "inference"])
def test_promtool_finds_nothing_in_what_we_define(served, service):
    page = served.services[service].scrape(TEXT).body
    assert "http_server_request_duration_seconds_bucket" in page
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, timeout=30, check=False
    )
    complaints = [line for line in (checked.stdout + checked.stderr).splitlines() if not line.startswith(NOT_OURS)]
    assert complaints == []
