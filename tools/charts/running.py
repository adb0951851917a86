# SPDX-License-Identifier: Apache-2.0
"""Run what a rendered stack configures: Loki, Prometheus' rules, Alertmanager."""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from processes import free_port
from programs import program
from stack.loki import Loki, await_rows

from charts.helm import Object


class RenderedLoki(Loki):
    """Loki with a configuration that was rendered for a cluster, on this machine's addresses and folders."""

    def __init__(self, directory: Path, configuration: str) -> None:
        super().__init__(directory)
        self._member_port = free_port()
        here = {
            "common:\n": "common:\n  instance_addr: 127.0.0.1\n  ring: {kvstore: {store: inmemory}, instance_addr: 127.0.0.1}\n",
            "/var/loki": str(directory),
            "/etc/loki/runtime-config": str(directory),
            "loki-memberlist.monitoring.svc.cluster.local": f"127.0.0.1:{self._member_port}",
            "loki.monitoring.svc.cluster.local:9095": f"127.0.0.1:{self._grpc_port}",
        }
        for there, replacement in here.items():
            configuration = configuration.replace(there, replacement)
        self.configuration = directory / "config.yaml"
        self.configuration.write_text(configuration)
        (directory / "runtime-config.yaml").write_text("{}")

    def command(self) -> Sequence[str]:
        """Listen on the loopback interface only, and take no part in a real ring."""
        ports = [f"-server.http-listen-port={self.port}", f"-server.grpc-listen-port={self._grpc_port}"]
        local = ["-server.http-listen-address=127.0.0.1", "-server.grpc-listen-address=127.0.0.1"]
        ring = [f"-memberlist.bind-port={self._member_port}", "-memberlist.bind-addr=127.0.0.1"]
        ring += ["-memberlist.advertise-addr=127.0.0.1"]
        return [str(program("loki")), "-target=all", f"-config.file={self.configuration}", *ports, *local, *ring]


def loki_faults(configuration: str) -> Iterator[str]:
    """Start Loki, send it one record by OTLP, and yield what differs from the labels that dashboards ask for."""
    with tempfile.TemporaryDirectory() as folder, RenderedLoki(Path(folder), configuration) as loki:
        assert isinstance(loki, RenderedLoki)
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
        command = [program("promtool"), "check", "rules", *Path(folder).iterdir()]
        yield from _failure("promtool", command)


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
