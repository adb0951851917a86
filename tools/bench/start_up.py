# SPDX-License-Identifier: Apache-2.0
"""What the launcher adds to the start of a program, and to its memory: the same program plain, by upstream, by us.

`floor` is upstream's launcher with nothing to set up: its own process, and its part of the program's. Neither upstream's
distribution nor ours can be below it; what each adds to the floor is its own. `launcher` is the first process alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

from variants import ENVIRONMENTS, make

PROGRAM = "import fastapi, httpx, structlog; fastapi.FastAPI()"
LAUNCHER = ("opentelemetry-instrument",)
COMMANDS = {
    "plain": ("plain", (), "python"),
    "upstream": ("upstream", LAUNCHER, "python"),
    "ours": ("ours", LAUNCHER, "python"),
    "floor": ("upstream", LAUNCHER, "python"),
    "launcher": ("upstream", LAUNCHER, "true"),
    "launcher with ours": ("ours", LAUNCHER, "true"),
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
    environment, launcher, program = COMMANDS[name]
    binaries = ENVIRONMENTS / f"bench-{environment}" / "bin"
    started = [str(binaries / "python"), "-c", PROGRAM] if program == "python" else [program]
    command = [*(str(binaries / word) for word in launcher), *started]
    variables = {"PATH": f"{binaries}:{os.environ['PATH']}", **ENVIRONMENT}
    if name == "floor":
        variables.update(NOTHING_TO_SET_UP)
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1000


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return medians of each way to start."""
    for environment in dict.fromkeys(environment for environment, *_ in COMMANDS.values()):
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


def split(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return where the added milliseconds are, and the two ratios: as a whole, and what is above the floor."""
    milliseconds = {name: row["milliseconds"] for name, row in found.items()}
    plain, floor = milliseconds["plain"], milliseconds["floor"]
    ours, upstream = milliseconds["ours"], milliseconds["upstream"]
    return {
        "added by upstream": upstream - plain,
        "added by ours": ours - plain,
        "the floor of both": floor - plain,
        "of the floor, the launcher's own process": milliseconds["launcher"],
        "ours adds to the launcher's own process": milliseconds["launcher with ours"] - milliseconds["launcher"],
        "upstream above the floor": upstream - floor,
        "ours above the floor": ours - floor,
        "ratio: ours ÷ upstream": (ours - plain) / (upstream - plain),
        "ratio: the floor ÷ upstream": (floor - plain) / (upstream - plain),
        "ratio above the floor: ours ÷ upstream": (ours - floor) / (upstream - floor),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    found = measure(parser.parse_args().rounds)
    json.dump({"medians": found, "split": split(found)}, sys.stdout, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
