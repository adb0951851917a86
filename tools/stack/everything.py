# SPDX-License-Identifier: Apache-2.0
"""The chat example between real Collector, VictoriaLogs, Prometheus and Alertmanager; LogQL is answered by Loki's door."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from testbed.collector import Collector, reading
from testbed.loki import LokiDoor
from testbed.processes import Process, free_port, located
from testbed.prometheus import Alertmanager, Prometheus
from testbed.server import REPOSITORY
from testbed.victoria_logs import VictoriaLogs

CHAT = REPOSITORY / "examples" / "chat"
RULES = sorted((REPOSITORY / "helm" / "observability" / "rules").glob("*.yaml"))
SERVICES: Mapping[str, int] = {"inference": 8001, "chat_api": 8000}


def usual_or_free(port: int) -> int:
    """Return the usual port of a program, or a free one if it is taken."""
    with socket.socket() as probe:
        return free_port() if probe.connect_ex(("127.0.0.1", port)) == 0 else port


class Everything:
    """All programs, started in order of need; `stack` ends them.

    Args:
        directory: for data and log files.
        stack: closes what is started.
        tell: called with each step; the first run builds the programs, which takes minutes.
    """

    def __init__(self, directory: Path, stack: ExitStack, tell: Callable[[str], None]) -> None:
        self._directory, self._stack = directory, stack
        self.ports = {name: usual_or_free(port) for name, port in SERVICES.items()}
        self.admin = {name: free_port() for name in SERVICES}
        tell("VictoriaLogs and Loki's door")
        self.store = VictoriaLogs(directory / "victoria-logs", usual_or_free(9428))
        stack.enter_context(self.store)
        self.loki = LokiDoor(directory / "loki", usual_or_free(3100), store=self.store.url)
        stack.enter_context(self.loki)
        tell("Collector")
        self.collector = Collector(directory / "collector", reading(directory, self.loki))
        stack.enter_context(self.collector)
        tell("Alertmanager and Prometheus")
        self.alertmanager = Alertmanager(directory / "alertmanager", usual_or_free(9093))
        stack.enter_context(self.alertmanager)
        self.prometheus = self._prometheus()
        stack.enter_context(self.prometheus)
        for name in SERVICES:
            tell(name)
            self._serve(name)
        self._start_canary()

    @property
    def chat_url(self) -> str:
        """Where the chat service answers."""
        return f"http://127.0.0.1:{self.ports['chat_api']}"

    def addresses(self) -> Sequence[str]:
        """Return a line per program that a person may want to open."""
        return (
            f"  chat          {self.chat_url}/docs",
            f"  its metrics   http://127.0.0.1:{self.admin['chat_api']}/metrics",
            f"  Prometheus    {self.prometheus.url}/api/v1/query?query=up",
            f"  Alertmanager  {self.alertmanager.url}",
            f"  VictoriaLogs  {self.store.url}/select/vmui/",
            f"  Loki's door   {self.loki.url}/loki/api/v1/labels",
            f"  Collector     {self.collector.url} (health), {self.collector.otlp_http} (OTLP)",
            f"  log files     {self._directory / 'log'}/*/app.log",
        )

    def _prometheus(self) -> Prometheus:
        self._canary_port = free_port()
        targets = {name: f"127.0.0.1:{port}" for name, port in self.admin.items()}
        own = {"collector": self.collector.metrics_address, "loki": f"127.0.0.1:{self.loki.port}"}
        canary = {"log-canary": f"127.0.0.1:{self._canary_port}"}
        manager = f"127.0.0.1:{self.alertmanager.port}"
        folder = self._directory / "prometheus"
        return Prometheus(folder, targets | own | canary, RULES, manager, 2.0, usual_or_free(9090))

    def _serve(self, name: str) -> None:
        """Run a service under the launcher, its output going where the Collector reads."""
        log = self._directory / "log" / name / "app.log"
        log.parent.mkdir(parents=True)
        uvicorn = ["opentelemetry-instrument", "uvicorn", f"{name}:app", f"--port={self.ports[name]}"]
        command = f"exec {shlex.join([located(uvicorn[0]), *uvicorn[1:]])} >> {shlex.quote(str(log))} 2>&1"
        environment = {
            "OTEL_SERVICE_NAME": name,
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=local",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.otlp_http,
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(self.admin[name]),
            "INFERENCE_URL": f"http://127.0.0.1:{self.ports['inference']}",
        }
        process = self._stack.enter_context(Process(["sh", "-c", command], environment, CHAT))
        process.wait_for_port(self.ports[name])

    def _start_canary(self) -> None:
        file = self._directory / "log" / "log-canary" / "canary.log"
        file.parent.mkdir(parents=True)
        variables = {"LOKI_URL": self.loki.url, "CANARY_FILE": str(file), "CANARY_PORT": str(self._canary_port)}
        canary = REPOSITORY / "tools" / "log_canary.py"
        self._stack.enter_context(Process([sys.executable, str(canary)], variables | {"CANARY_INTERVAL_SECONDS": "5"}))
