# SPDX-License-Identifier: Apache-2.0
"""What a launcher adds to the start of a program, and to its memory: the same program plain, by upstream, by us.

Ours starts in two ways: by upstream's launcher, and by `otel-distro run`. `floor` is upstream's launcher with nothing to
set up: its own process, and its part of the program's; whatever it starts cannot be below. `launcher …` are the first
processes alone. Short-lived children run under the same PYTHONPATH: what they pay, each service pays many times.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import NamedTuple

from bench.variants import ENVIRONMENTS, make

UPSTREAM, OURS = ("opentelemetry-instrument",), ("otel-distro", "run")
PROGRAM = "import fastapi, httpx, structlog; fastapi.FastAPI()"
SERVICE = ("python", "-c", PROGRAM)
NOTHING = ("python", "-c", "pass")
HELPER = ("python", "-m", "pip", "--version")


class Start(NamedTuple):
    """One way to start one program."""

    environment: str
    launcher: tuple[str, ...]
    program: tuple[str, ...]


STARTS = {
    "plain": Start("plain", (), SERVICE),
    "upstream": Start("upstream", UPSTREAM, SERVICE),
    "ours": Start("ours", UPSTREAM, SERVICE),
    "ours, otel-distro run": Start("ours", OURS, SERVICE),
    "floor": Start("upstream", UPSTREAM, SERVICE),
    "launcher": Start("upstream", UPSTREAM, ("true",)),
    "launcher with ours": Start("ours", UPSTREAM, ("true",)),
    "launcher, otel-distro run": Start("ours", OURS, ("true",)),
    "python -c pass: plain": Start("plain", (), NOTHING),
    "python -c pass: upstream": Start("upstream", UPSTREAM, NOTHING),
    "python -c pass: ours, otel-distro run": Start("ours", OURS, NOTHING),
    "python -m pip: plain": Start("plain", (), HELPER),
    "python -m pip: upstream": Start("upstream", UPSTREAM, HELPER),
    "python -m pip: ours, otel-distro run": Start("ours", OURS, HELPER),
}
NOTHING_TO_SET_UP = {
    "OTEL_PYTHON_DISTRO": "none",
    "OTEL_PYTHON_CONFIGURATOR": "none",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
}
ENVIRONMENT = {
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_EXPORTER_PROMETHEUS_PORT": "0",
}


def start(name: str) -> tuple[float, float]:
    """Run the program once; return its CPU milliseconds and its largest resident memory in MB."""
    environment, launcher, program = STARTS[name]
    binaries = ENVIRONMENTS / f"bench-{environment}" / "bin"
    words = [*launcher, *program] if launcher else [str(binaries / program[0]), *program[1:]]
    variables = {"PATH": f"{binaries}:{os.environ['PATH']}", **ENVIRONMENT}
    if name == "floor":
        variables.update(NOTHING_TO_SET_UP)
    command = [str(binaries / words[0]), *words[1:]]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1000


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return median and least of each way to start; the ways take turns."""
    for environment in dict.fromkeys(way.environment for way in STARTS.values()):
        make(environment)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in STARTS}
    for _ in range(rounds + 1):
        for name in STARTS:
            found[name].append(start(name))
    kept = {name: runs[1:] for name, runs in found.items()}  # the first writes bytecode
    return {
        name: {
            "milliseconds": statistics.median(ms for ms, _ in runs),
            "least milliseconds": min(ms for ms, _ in runs),
            "megabytes": statistics.median(mb for _, mb in runs),
        }
        for name, runs in kept.items()
    }


def split(found: dict[str, dict[str, float]], figure: str = "milliseconds") -> dict[str, float]:
    """Return where the added milliseconds are, and the ratios to what upstream adds."""
    milliseconds = {name: row[figure] for name, row in found.items()}
    plain = milliseconds["plain"]
    upstream, ours = milliseconds["upstream"] - plain, milliseconds["ours"] - plain
    floor, run = milliseconds["floor"] - plain, milliseconds["ours, otel-distro run"] - plain
    return {
        "added by upstream": upstream,
        "added by ours": ours,
        "added by ours, otel-distro run": run,
        "the floor of upstream's launcher": floor,
        "of the floor, the launcher's own process": milliseconds["launcher"],
        "the own process of otel-distro run": milliseconds["launcher, otel-distro run"],
        "upstream above the floor": upstream - floor,
        "ours above the floor": ours - floor,
        "ratio: ours ÷ upstream": ours / upstream,
        "ratio: ours, otel-distro run ÷ upstream": run / upstream,
        "ratio: the floor ÷ upstream": floor / upstream,
        "ratio above the floor: ours ÷ upstream": (ours - floor) / (upstream - floor),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    found = measure(parser.parse_args().rounds)
    splits = {"split": split(found), "split of the least": split(found, "least milliseconds")}
    json.dump({"medians": found, **splits}, sys.stdout, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
