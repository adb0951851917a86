# SPDX-License-Identifier: Apache-2.0
"""Run what a rendered stack configures: Prometheus' rules, Alertmanager, and Loki's limits and labels behind its door."""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from testbed.loki import LokiDoor, await_rows
from testbed.loki_door.configuration import Limits
from testbed.programs import program

from charts.helm import Object


def loki_faults(configuration: str) -> Iterator[str]:
    """Send one record by OTLP to a door of these limits, and yield what differs from the labels that dashboards ask for."""
    if unknown := Limits.read(configuration).unknown:
        yield f"loki: keys that no list here has: {', '.join(unknown)}"
        return
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder) / "config.yaml").write_text(configuration)
        yield from _label_faults(LokiDoor(Path(folder), configuration=file))


def _label_faults(door: LokiDoor) -> Iterator[str]:
    with door as loki:
        labels = {"service.name": "chat-api", "k8s.namespace.name": "shop", "k8s.pod.name": "chat-api-1"}
        attributes = [{"key": key, "value": {"stringValue": value}} for key, value in labels.items()]
        record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "hello"}}
        logs = [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]
        body = json.dumps({"resourceLogs": logs}).encode()
        request = urllib.request.Request(f"{loki.otlp}/v1/logs", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()
        (row,) = await_rows(loki, '{service_name="chat-api"}', 1)
        if row.labels != {"service_name": "chat-api", "k8s_namespace_name": "shop"}:
            yield f"loki: the record has the labels {row.labels}"


def rule_faults(rendered: Sequence[Object]) -> Iterator[str]:
    """Let promtool check every PrometheusRule."""
    with tempfile.TemporaryDirectory() as folder:
        for number, item in enumerate(rule for rule in rendered if rule["kind"] == "PrometheusRule"):
            (Path(folder) / f"{number}.yaml").write_text(yaml.safe_dump(item["spec"]))
        files = sorted(map(str, Path(folder).iterdir()))
        yield from _failure("promtool", [program("promtool"), "check", "rules", *files])


def alertmanager_faults(configuration: str) -> Iterator[str]:
    """Let amtool check Alertmanager's configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(configuration)
        file.flush()
        yield from _failure("amtool", [program("amtool"), "check-config", file.name])


def _failure(name: str, command: Sequence[str | Path]) -> Iterator[str]:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"{name}: {done.stdout}{done.stderr}"
