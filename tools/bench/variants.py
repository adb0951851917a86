# SPDX-License-Identifier: Apache-2.0
"""What is compared: each variant is an environment with its packages, a command and environment variables."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venvs"
SERVER = ["fastapi == 0.165.0", "uvicorn[standard] == 0.54.0", "structlog ~= 26.1", "orjson ~= 3.13", "httpx == 0.28.1"]
CONTRIB = ["opentelemetry-instrumentation-fastapi == 0.66b1", "opentelemetry-instrumentation-httpx == 0.66b1"]
UPSTREAM = [
    *CONTRIB,
    "opentelemetry-distro == 0.66b1",
    "opentelemetry-exporter-otlp ~= 1.45.1",
    "opentelemetry-exporter-prometheus == 0.66b1",
]

PACKAGES = {
    "plain": ["prometheus-fastapi-instrumentator", "asgi-correlation-id"],
    "upstream": UPSTREAM,
    "ours": [str(ROOT)],
    "elastic": ["elastic-opentelemetry", *CONTRIB],
    "splunk": ["splunk-opentelemetry", *CONTRIB],
}


@dataclass(frozen=True)
class Variant:
    """One way to run the application."""

    name: str
    environment: str
    launcher: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    judged: bool = False  # by the bar


LAUNCHER = ("opentelemetry-instrument",)
UPSTREAM_METRICS = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
NO_LOGS = {"OTEL_LOGS_EXPORTER": "none"}
OUR_LINES = {"BENCH_STRUCTLOG": "left alone"}

BARE = Variant("bare", "plain", judged=True)
VARIANTS = (
    BARE,
    Variant("metrics-only stack", "plain", variables={"BENCH_METRICS_ONLY": "1"}, judged=True),
    Variant("upstream: traces, /metrics", "upstream", LAUNCHER, {**UPSTREAM_METRICS, **NO_LOGS}, judged=True),
    Variant(
        "upstream: traces, /metrics, OTLP logs",
        "upstream",
        LAUNCHER,
        {**UPSTREAM_METRICS, "OTEL_LOGS_EXPORTER": "otlp"},
    ),
    Variant("elastic", "elastic", LAUNCHER),
    Variant("splunk", "splunk", LAUNCHER),
    Variant("ours: everything", "ours", LAUNCHER, OUR_LINES, judged=True),
    Variant("ours: everything, the application's own log lines", "ours", LAUNCHER),
    Variant("ours: everything, OTLP logs", "ours", LAUNCHER, {**OUR_LINES, "OTEL_LOGS_EXPORTER": "otlp"}),
    Variant("ours: without access event", "ours", LAUNCHER, {**OUR_LINES, "OTEL_DISTRO_ACCESS_LOG": "false"}),
    Variant("ours: without metrics", "ours", LAUNCHER, {**OUR_LINES, "OTEL_METRICS_EXPORTER": "none"}),
    Variant("ours: unsampled", "ours", LAUNCHER, {**OUR_LINES, "OTEL_TRACES_SAMPLER": "always_off"}, judged=True),
    Variant("ours: without traces", "ours", LAUNCHER, {**OUR_LINES, "OTEL_TRACES_EXPORTER": "none"}),
)


def folder(variant: Variant) -> Path:
    """Return the variant's environment."""
    return ENVIRONMENTS / f"bench-{variant.environment}"


def make(name: str) -> bool:
    """Make an environment if it is not there; False if its packages cannot be had."""
    place = ENVIRONMENTS / f"bench-{name}"
    done = place / ".made"
    if done.exists():
        return name != "ours" or _installed(place, "--no-deps", "--force-reinstall", str(ROOT))
    print(f"making the environment of {name} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    if not _installed(place, *PACKAGES[name], *SERVER):
        return False
    done.touch()
    return True


def _installed(place: Path, *arguments: str) -> bool:
    return subprocess.run([place / "bin" / "pip", "install", "-q", *arguments], check=False).returncode == 0
