# SPDX-License-Identifier: Apache-2.0
"""What a scrape costs: 1 to 8 workers with 100 to 10,000 series each, in all and of one worker's time.

A series is a line of /metrics. `otel` are histograms of the OpenTelemetry API, which the owner reads in shared memory;
`prometheus_client` are counters of that library, which every worker has to send.

    python -m bench.scrape [otel|prometheus_client] [--scrapes N]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from opentelemetry import metrics as metrics_api
from opentelemetry.sdk.metrics import MeterProvider

from otel_distro import admin, metrics
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.settings.model import AdminSettings, MetricSettings, Settings

WORKERS = (1, 2, 4, 8)
SERIES = (100, 1_000, 2_000, 10_000)
BOUNDS = tuple(float(bound) for bound in range(1, 15))
LINES_PER_HISTOGRAM = len(BOUNDS) + 3  # the buckets with +Inf, the count, the sum
WARM_UP = 3


def histograms(lines: int) -> None:
    """Measure with the OpenTelemetry API until there are so many series."""
    meter = metrics_api.get_meter("bench")
    histogram = meter.create_histogram("request", unit="s", explicit_bucket_boundaries_advisory=BOUNDS)
    for index in range(lines // LINES_PER_HISTOGRAM):
        histogram.record(index % 20, {"http.route": f"/route/{index}", "http.request.method": "GET"})


def counters(lines: int) -> None:
    """Count with prometheus_client until there are so many series (`_created` is a series in OpenMetrics only)."""
    import prometheus_client

    counter = prometheus_client.Counter("requests", "Requests.", ["route", "method"])
    for index in range(lines):
        counter.labels(f"/route/{index}", "GET").inc()


KINDS: dict[str, Callable[[int], None]] = {"otel": histograms, "prometheus_client": counters}


def fork_workers(count: int, work: Callable[[], None]) -> list[int]:
    """Fork workers that do their work and wait."""
    pids = []
    for _ in range(count):
        pid = os.fork()
        if not pid:
            work()
            signal.pause()
        pids.append(pid)
    return pids


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def scrape(url: str) -> tuple[float, int]:
    """Scrape once; return seconds and lines."""
    start = time.perf_counter()
    body = urllib.request.urlopen(url).read()
    return time.perf_counter() - start, body.count(b"\n")


def measure(kind: str, workers: int, lines: int, scrapes: int) -> tuple[int, float, float, float]:
    """Return lines served, median milliseconds of a scrape, and CPU milliseconds per scrape: the owner's, a worker's.

    The owner's include the client's; both include the question that the owner asks every second of its own accord.
    """
    reader = PrometheusReader()
    metrics_api.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    settings = replace(Settings(), admin=AdminSettings(port=0), metrics=MetricSettings(cardinality_limit=20_000))
    port = admin.start(settings, metrics.install(settings, reader))
    pids = fork_workers(workers, lambda: KINDS[kind](lines))
    url = f"{port.url}/metrics"
    expected = lines // LINES_PER_HISTOGRAM * LINES_PER_HISTOGRAM if kind == "otel" else lines
    while scrape(url)[1] < expected:
        time.sleep(0.1)
    for _ in range(WARM_UP):
        scrape(url)
    before, own = [cpu_seconds(pid) for pid in pids], time.process_time()
    start = time.monotonic()
    rounds = [scrape(url) for _ in range(scrapes)]
    seconds = time.monotonic() - start
    own = time.process_time() - own
    used = [cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    port.close()
    asked = scrapes + seconds
    median = statistics.median(took for took, _ in rounds)
    return rounds[0][1], median * 1e3, own / asked * 1e3, max(used) / asked * 1e3


def isolated(kind: str, workers: int, lines: int, scrapes: int) -> str:
    """Measure in a process of its own, and return a line of the table."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        served, total, owner, worker = measure(kind, workers, lines, scrapes)
        os.write(write, f"{workers:7} {lines:8} {served:8} {total:10.1f} {owner:13.1f} {worker:14.2f}".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        line = stream.read()
    os.waitpid(pid, 0)
    return line


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", choices=KINDS, default="otel")
    parser.add_argument("--scrapes", type=int, default=20)
    arguments = parser.parse_args()
    print(f"{arguments.kind}\nworkers   series    lines  scrape ms  owner CPU ms  worker CPU ms")
    for lines in SERIES:
        for workers in WORKERS:
            print(isolated(arguments.kind, workers, lines, arguments.scrapes), flush=True)


if __name__ == "__main__":
    main()
