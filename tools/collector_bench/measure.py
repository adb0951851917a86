# SPDX-License-Identifier: Apache-2.0
"""Measure one Collector: steady load, delay, and how fast it works a backlog off."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed.collector import Collector, reading
from testbed.lines import append, contract_line, cri, pod_log
from testbed.programs import program
from testbed.server import eventually, fetch
from testbed.victoria_logs import VictoriaLogs

from collector_bench.load import Load

PRESET = Path(__file__).with_name("preset.yaml")
IDLE_SECONDS = 8.0
VARIANTS = ("ours", "ours, no fsync", "preset")


@dataclass(frozen=True)
class Result:
    """Figures of one run.

    Attributes:
        cores: processor seconds that the load took, per second of load.
        behind: seconds from the end of the load until its last line was sent.
        peak_mib: peak resident memory.
        lost: lines written that the store does not have.
        extra: lines that the store has more than once.
        delay: median seconds from write to query, at 1,000 lines/s.
        capacity: lines per second while a backlog was worked off: where it saturates.
        backlog_mib: peak resident memory meanwhile, the mapped queue file included.
        backlog_own_mib: the part of it that is the process's own (anonymous); the rest the kernel takes back when short.
    """

    cores: float
    behind: float
    peak_mib: float
    lost: int
    extra: int
    delay: float
    capacity: float
    backlog_mib: float
    backlog_own_mib: float


class Preset(Collector):
    """Our program with the official preset's configuration."""

    def command(self) -> Sequence[str]:
        return [str(program("collector")), f"--config={PRESET}"]


def measure(variant: str, rate: float, seconds: float) -> Result:
    """Run one variant with a store of its own through all three measurements."""
    with (
        tempfile.TemporaryDirectory(prefix="collector-bench-") as folder,
        VictoriaLogs(Path(folder) / "store") as store,
    ):
        bench = _Bench(variant, Path(folder), store)
        return Result(*bench.steady(rate, seconds), bench.delay(), *bench.capacity(rate * seconds / 2))


class _Bench:
    def __init__(self, variant: str, directory: Path, store: VictoriaLogs) -> None:
        self._directory, self._store = directory, store
        self._kind = Preset if variant == "preset" else Collector
        self._variables = {"COLLECTOR_FSYNC": "false"} if "no fsync" in variant else {}

    def _collector(self, logs: Path) -> Collector:
        files = {"COLLECTOR_LOG_FILES": f"[{logs}/log/pods/*/*/*.log*]"}  # the preset has no default of its own
        return self._kind(logs / "collector", reading(logs, self._store) | files | self._variables)

    def steady(self, rate: float, seconds: float) -> tuple[float, float, float, int, int]:
        """Write at a steady rate; return cores, seconds behind, peak MiB, lines lost and lines doubled."""
        logs = self._directory / "steady"
        load = Load(pod_log(logs, "steady"), "steady", rate, seconds)
        with self._collector(logs) as collector:
            pid = collector.process.pid if collector.process else 0
            before, start = _cpu_seconds(pid), time.monotonic()
            load.start()
            load.join()
            _await_sent(collector, load.written)
            behind = time.monotonic() - start - seconds
            cores = (_cpu_seconds(pid) - before) / seconds
            peak = _status_mib(collector, "VmHWM")
            sent = collector.metrics().value("otelcol_exporter_sent_log_records_total")
        eventually(lambda: self._stored("steady") >= min(sent, load.written), 30.0)
        stored = self._stored("steady")
        return cores, behind, peak, max(0, load.written - stored), max(0, stored - load.written)

    def delay(self, probes: int = 20) -> float:
        """Return the median seconds from writing a line to finding it, under 1,000 lines/s."""
        logs = self._directory / "delay"
        log = pod_log(logs, "delay")
        with self._collector(logs):
            load = Load(log, "delay", 1000, 0.7 * probes)
            load.start()
            delays = [self._probe(log) for _ in range(probes)]
            load.join()
        return statistics.median(delays)

    def capacity(self, lines: float) -> tuple[float, float, float]:
        """Return how many lines a second leave while a backlog is worked off, and the peaks of resident and own MiB."""
        logs = self._directory / "backlog"
        load = Load(pod_log(logs, "backlog"), "backlog", lines * 20, 0.05)
        load.run()
        start = time.monotonic()
        with self._collector(logs) as collector:
            sent, own = _await_sent(collector, load.written)
            peak = _status_mib(collector, "VmHWM")
        return sent / (time.monotonic() - start), peak, own

    def _probe(self, log: Path) -> float:
        name, start = uuid.uuid4().hex, time.monotonic()
        append(log, cri(contract_line(name, service="delay")))
        eventually(lambda: self._count(f'"k8s.container.name":="delay" "{name}"'))
        return time.monotonic() - start

    def _stored(self, container: str) -> int:
        return self._count(f'"k8s.container.name":="{container}"')

    def _count(self, logsql: str) -> int:
        query = {"query": f"{logsql} | stats count() lines"}
        return int(json.loads(fetch(f"{self._store.url}/select/logsql/query", query) or b"{}").get("lines", 0))


def _await_sent(collector: Collector, lines: int) -> tuple[float, float]:
    """Wait until so many lines were sent, or until nothing has moved for some seconds: a variant may lose some.

    Returns the lines sent, and the most memory of its own that it was seen with, in MiB.
    """
    sent, own, moved = 0.0, 0.0, time.monotonic()
    while sent < lines and time.monotonic() - moved < IDLE_SECONDS:
        time.sleep(0.1)
        now = collector.metrics().value("otelcol_exporter_sent_log_records_total")
        own = max(own, _status_mib(collector, "RssAnon"))
        if now != sent:
            sent, moved = now, time.monotonic()
    return sent, own


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status_mib(collector: Collector, key: str) -> float:
    """Return a figure of /proc/PID/status."""
    pid = collector.process.pid if collector.process else 0
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{key}:")[1].split()[0]) / 1024
