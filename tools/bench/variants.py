# SPDX-License-Identifier: Apache-2.0
"""What is compared: each variant is an environment with its packages, a command and environment variables.

Within a comparison the application is the same, and it logs in the same way: seven set-ups (`apps/log_setups.py`), each
served bare, with the metrics-only stack, by upstream, by ddtrace and by us.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"  # where this package is found
ENVIRONMENTS = ROOT / ".venvs"
SERVER = ["fastapi == 0.165.0", "uvicorn[standard] == 0.54.0", "httpx == 0.28.1"]
LOGGING = ["structlog == 26.1.0", "orjson == 3.13.0", "python-json-logger == 4.2.0", "loguru == 0.7.3"]
CONTRIB = ["opentelemetry-instrumentation-fastapi == 0.66b1", "opentelemetry-instrumentation-httpx == 0.66b1"]
# The last release with instrumentations of loggers, which pin all others exactly.
UPSTREAM = [
    *CONTRIB,
    "opentelemetry-instrumentation-logging == 0.66b1",
    "opentelemetry-instrumentation-structlog == 0.66b1",
    "opentelemetry-distro == 0.66b1",
    "opentelemetry-exporter-otlp == 1.45.1",
    "opentelemetry-exporter-prometheus == 0.66b1",
]

PACKAGES = {
    "plain": ["prometheus-fastapi-instrumentator", "asgi-correlation-id"],
    "upstream": UPSTREAM,
    "ours": [str(ROOT)],
    "ddtrace": ["ddtrace"],
    "elastic": ["elastic-opentelemetry", *CONTRIB],
    "splunk": ["splunk-opentelemetry", *CONTRIB],
}

SETUPS: Final = (
    "never configured",
    "PrintLogger, JSON",
    "BytesLogger, orjson",
    "ProcessorFormatter",
    "python-json-logger",
    "plain format",
    "loguru",
)
NO_LINES: Final = "no lines"  # not judged: what is left when nothing is logged


@dataclass(frozen=True)
class Variant:
    """One way to run the application."""

    name: str
    environment: str
    launcher: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


LAUNCHER = ("opentelemetry-instrument",)
# Upstream's instrumentations of loggers export, and are off where nothing is exported.
UPSTREAM_METRICS = {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_SEMCONV_STABILITY_OPT_IN": "http", "BENCH_IDS": "1"}
NO_LOGS = {"OTEL_LOGS_EXPORTER": "none", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "logging,structlog"}
OTLP_LOGS = {"OTEL_LOGS_EXPORTER": "otlp"}

BARE = Variant("bare", "plain")
METRICS_ONLY = Variant("metrics-only stack", "plain", variables={"BENCH_METRICS_ONLY": "1"})
UPSTREAM_ONE = Variant("upstream", "upstream", LAUNCHER, {**UPSTREAM_METRICS, **NO_LOGS})
UPSTREAM_LOGS = Variant(
    "upstream, OTLP logs", "upstream", LAUNCHER, {**UPSTREAM_METRICS, **OTLP_LOGS, "BENCH_LOGURU_OTLP": "1"}
)
DDTRACE = Variant("ddtrace", "ddtrace", ("ddtrace-run",), {"DD_SERVICE": "bench", "DD_LOGS_INJECTION": "true"})
OURS = Variant("ours", "ours", LAUNCHER)
OURS_LOGS = Variant("ours, OTLP logs", "ours", LAUNCHER, OTLP_LOGS)
UNSAMPLED = Variant("ours, unsampled", "ours", LAUNCHER, {"OTEL_TRACES_SAMPLER": "always_off"})
# Judged with every set-up.
VARIANTS = (BARE, METRICS_ONLY, UPSTREAM_ONE, UPSTREAM_LOGS, DDTRACE, OURS, OURS_LOGS, UNSAMPLED)
# Shown with one set-up: the parts of ours, and the other distributions.
PARTS = (
    BARE,
    OURS,
    Variant("ours, without access event", "ours", LAUNCHER, {"OTEL_DISTRO_ACCESS_LOG": "false"}),
    Variant("ours, without metrics", "ours", LAUNCHER, {"OTEL_METRICS_EXPORTER": "none"}),
    Variant("ours, without traces", "ours", LAUNCHER, {"OTEL_TRACES_EXPORTER": "none"}),
    Variant("elastic", "elastic", LAUNCHER),
    Variant("splunk", "splunk", LAUNCHER),
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
    if not _installed(place, *PACKAGES[name], *SERVER, *LOGGING):
        return False
    done.touch()
    return True


def _installed(place: Path, *arguments: str) -> bool:
    return subprocess.run([place / "bin" / "pip", "install", "-q", *arguments], check=False).returncode == 0


def made(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """Return the variants whose environments can be made; say which cannot."""
    there = {name: make(name) for name in dict.fromkeys(variant.environment for variant in variants)}
    for name in (name for name, made in there.items() if not made):
        print(f"left out, its packages cannot be installed: {name}")
    return tuple(variant for variant in variants if there[variant.environment])
