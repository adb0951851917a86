# SPDX-License-Identifier: Apache-2.0
"""The Collector is watched: health, metrics under pinned names, alerts that real data can fire, a canary."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from testbed.collector import Collector, reading
from testbed.faulty_proxy import Fault, FaultyProxy
from testbed.lines import append, contract_line, cri, pod_log
from testbed.loki import Loki
from testbed.processes import Process, free_port
from testbed.programs import program
from testbed.prometheus import Prometheus
from testbed.scrape import TEXT, scrape
from testbed.server import REPOSITORY, eventually, fetch, fetch_json

MONITORING = REPOSITORY / "collector" / "monitoring"
CANARY = REPOSITORY / "tools" / "log_canary.py"


def test_alerts_fire_when_they_must_and_are_silent_else() -> None:
    """promtool finds nothing wrong in the rules, and every case comes out."""
    for arguments in (
        ["check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"],
        ["test", "rules", "alerts.test.yaml"],
    ):
        done = subprocess.run(
            [str(program("promtool")), *arguments], cwd=MONITORING, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_health_answers_and_every_metric_of_the_alerts_exists(
    loki: Loki, collector: Collector, logs: Path, tmp_path: Path
) -> None:
    """What the rules name is what Collector and canary emit: a renamed metric would silence its alert."""
    append(pod_log(logs), cri(contract_line()))
    fetch(collector.url)
    with FaultyProxy(loki.url) as proxy:
        proxy.fault = Fault(400)
        with Collector(tmp_path / "collector", loki.variables | reading(tmp_path, f"{proxy.url}/otlp")) as failing:
            append(pod_log(tmp_path), cri(contract_line()))
            eventually(lambda: failing.metrics().value("otelcol_exporter_send_failed_log_records_total"))
            emitted = failing.metrics().body + CANARY.read_text()
    named = set(re.findall(r"\b(?:otelcol|log_canary)_\w+", (MONITORING / "alerts.yaml").read_text()))
    # Spans and metric points count in metrics that exist once the first of them went wrong; so does a full queue's.
    here = {name for name in named if "spans" not in name and "metric_points" not in name and "enqueue" not in name}
    assert len(here) >= 8
    assert {name for name in here if name.removesuffix("_bucket") not in emitted} == set()


def test_records_refused_for_good_are_counted_alerted_and_block_nothing(loki: Loki, tmp_path: Path) -> None:
    """One 400 makes CollectorRecordsLost pending in a real Prometheus; the next line arrives."""
    with FaultyProxy(loki.url) as proxy:
        variables = loki.variables | reading(tmp_path, f"{proxy.url}/otlp")
        with (
            Collector(tmp_path / "collector", variables) as collector,
            Prometheus(
                tmp_path / "prometheus", {"collector": collector.metrics_address}, [MONITORING / "alerts.yaml"]
            ) as prometheus,
        ):
            ours = "otelcol_exporter_send_failed_log_records_total"
            pod = pod_log(tmp_path)
            append(pod, cri(contract_line("stored", service="after-400")))
            eventually(lambda: prometheus.query("otelcol_exporter_sent_log_records_total > 0"))
            proxy.fault = Fault(400)
            append(pod, cri(contract_line("refused", service="after-400")))
            eventually(lambda: collector.metrics().value(ours) == 1)
            proxy.fault = Fault()
            append(pod, cri(contract_line("next", service="after-400")))
            eventually(lambda: {row.line for row in loki.rows('{service_name="after-400"}')} == {"stored", "next"})
            eventually(lambda: prometheus.query('ALERTS{alertname="CollectorRecordsLost"}'))
            rules = fetch_json(f"{prometheus.url}/api/v1/rules")["data"]["groups"][0]["rules"]
            assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


@pytest.mark.usefixtures("collector")
def test_the_canary_measures_the_way_of_a_line(loki: Loki, logs: Path) -> None:
    """Lines written to a file are found in Loki, and their delay is a histogram on /metrics."""
    file, port = logs / "log" / "log-canary" / "canary.log", free_port()
    file.parent.mkdir(parents=True)
    environment = {"LOKI_URL": loki.url, "LOKI_TENANT": loki.tenant, "CANARY_FILE": str(file), "CANARY_PORT": str(port)}
    with Process([sys.executable, str(CANARY)], environment | {"CANARY_INTERVAL_SECONDS": "0.5"}) as canary:
        canary.wait_for_port(port)
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: scrape(url, TEXT).value("log_canary_delay_seconds_count") >= 2)
        seen = scrape(url, TEXT)
        canary.kill()
    assert seen.value("log_canary_missing_total") == 0
    assert seen.value("log_canary_delay_seconds_sum") > 0
    assert seen.value("log_canary_lines_total") >= seen.value("log_canary_delay_seconds_count")
