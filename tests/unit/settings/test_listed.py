# SPDX-License-Identifier: Apache-2.0
"""Every variable that anybody reads at a start is one that `otel-distro env` lists."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from otel_distro.settings.environ import read
from otel_distro.settings.listing import rows

RECORDED = """
import os
class Recording(type(os.environ)):
    names = set()
    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)
os.environ.__class__ = Recording
from opentelemetry.instrumentation.auto_instrumentation import initialize
initialize()
import fastapi, httpx, opentelemetry.trace as trace
from fastapi.testclient import TestClient
app = fastapi.FastAPI()
app.get("/")(lambda: 1)
assert TestClient(app).get("/").status_code == 200
print("read", *sorted(Recording.names))
"""


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_what_upstream_reads_at_a_real_start_is_listed(protocol: str) -> None:
    exporters = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("TRACES", "METRICS", "LOGS")}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environ |= {**exporters, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_DISTRO_ADMIN": "false"}
    environ |= {"OTEL_PYTHON_DISTRO": "otel_distro", "OTEL_PYTHON_CONFIGURATOR": "otel_distro"}
    environ |= {"OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": "0.1", "OTEL_TRACES_SAMPLER": "traceidratio"}
    ended = subprocess.run(
        [sys.executable, "-c", RECORDED], env=environ, capture_output=True, text=True, timeout=120, check=True
    )
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("read ")]
    names = {name for name in line.split() if name.startswith(("OTEL_", "PROMETHEUS_"))}
    assert len(names) > 40, ended.stdout
    assert names - {row.name for row in rows(read({}), ())} == set()
