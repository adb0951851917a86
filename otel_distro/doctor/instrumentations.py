# SPDX-License-Identifier: Apache-2.0
"""`otel-distro instrumentations`: which libraries are here, who instruments them, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from typing import NamedTuple

# Ours, by the name that OTEL_PYTHON_DISABLED_INSTRUMENTATIONS knows.
OURS: Mapping[str, str] = {
    "fastapi": "otel-distro (server spans, metrics, access lines)",
    "httpx": "otel-distro (client spans and metrics)",
    "httpx2": "otel-distro (client spans and metrics)",
    "structlog": "otel-distro (lines)",
    "loguru": "otel-distro (lines)",
    "celery": "otel-distro (lines)",
    "aiokafka": "otel-distro (messages)",
    "confluent-kafka": "otel-distro (messages)",
    "kafka-python": "otel-distro (messages)",
    "faststream": "otel-distro (messages)",
    "prometheus-client": "otel-distro (/metrics)",
}
# Names that look as if OpenTelemetry made them, and it did not: they are in none of its repositories.
LOOK_ALIKES = frozenset(
    {
        "opentelemetry-sdk-extension-profiling",
        "opentelemetry-instrumentation-starlite",
        "opentelemetry-instrument",
        "opentelemetry-python",
        "opentelemetry",
        "otel-instrumentation",
    }
)
# Listed for the sake of another library, or parts of what is instrumented as a whole.
_NOT_BY_THEMSELVES = frozenset({"pydantic", "click", "grpcio", "starlette", "urllib3", "asgiref"})
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Row(NamedTuple):
    """One library that is installed and can be instrumented.

    Attributes:
        library: Name and version.
        by: Who instruments it, with the version; None if nobody does.
        install: What to install where nobody does.
    """

    library: str
    by: str | None
    install: str | None = None


def rows() -> Iterator[Row]:
    """Yield what can be instrumented here, by the lists of contrib's `opentelemetry-bootstrap`."""
    from opentelemetry.instrumentation.bootstrap_gen import libraries

    installed = packages()
    listed: dict[str, Row] = {}
    for name, by in OURS.items():
        if name in installed:
            listed[name] = Row(f"{name} {installed[name]}", by)
    for each in libraries:
        library, needed = _name(each["library"]), each["instrumentation"]
        if library not in installed or library in listed or library in _NOT_BY_THEMSELVES:
            continue
        version = installed.get(_name(needed))
        listed[library] = Row(
            f"{library} {installed[library]}",
            None if version is None else f"{_name(needed)} {version}",
            f"pip install {_name(needed)}" if version is None else None,
        )
    yield from (listed[name] for name in sorted(listed))


def look_alikes() -> list[str]:
    """Return installed packages that only look as if they were OpenTelemetry's."""
    return sorted(LOOK_ALIKES & packages().keys())


def packages() -> dict[str, str]:
    """Return name, in the spelling of package indexes, and version of what is installed."""
    return {_name(item.metadata["Name"] or ""): item.version for item in distributions()}


def table(listed: list[Row]) -> Iterator[str]:
    """Yield the lines of a table."""
    width = max((len(row.library) for row in listed), default=0)
    for row in listed:
        yield f"  {'✓' if row.by else '✗'} {row.library:{width}}  {row.by or f'nobody: {row.install}'}"


def _name(requirement: str) -> str:
    found = _NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
