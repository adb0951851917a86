# SPDX-License-Identifier: Apache-2.0
"""What the launcher adds to the start of a program, and to its memory: the same program plain, by upstream, by us."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

from variants import ENVIRONMENTS, make

PROGRAM = "import fastapi, httpx, structlog; fastapi.FastAPI()"
COMMANDS = {
    "plain": ("plain", ()),
    "upstream": ("upstream", ("opentelemetry-instrument",)),
    "ours": ("ours", ("opentelemetry-instrument",)),
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
    environment, launcher = COMMANDS[name]
    binaries = ENVIRONMENTS / f"bench-{environment}" / "bin"
    command = [*(str(binaries / word) for word in launcher), str(binaries / "python"), "-c", PROGRAM]
    variables = {"PATH": f"{binaries}:{os.environ['PATH']}", **ENVIRONMENT}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1000


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return medians of each way to start."""
    for environment, _ in COMMANDS.values():
        make(environment)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name in COMMANDS:
            found[name].append(start(name))
    kept = {name: runs[1:] for name, runs in found.items()}  # the first writes bytecode
    return {
        name: {
            "milliseconds": statistics.median(ms for ms, _ in runs),
            "megabytes": statistics.median(mb for _, mb in runs),
        }
        for name, runs in kept.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    json.dump(measure(parser.parse_args().rounds), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
