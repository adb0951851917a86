# SPDX-License-Identifier: Apache-2.0
"""Which of upstream's test suites are run, with which of our parts in place, and what must really have run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """One of upstream's packages.

    Attributes:
        package: Its name on the package index; the installed version is tested.
        parts: What is put in place, as `conformance.plugin` names it.
        uses: Which counts must not be zero at the end.
    """

    package: str
    parts: tuple[str, ...]
    uses: tuple[str, ...]


SUITES = (
    Suite("opentelemetry-sdk", ("tracing", "metrics"), ("tracer", "spans", "metric points")),
    Suite(
        "opentelemetry-exporter-otlp-proto-common", ("tracing", "encoding"), ("spans encoded", "log records encoded")
    ),
    Suite("opentelemetry-instrumentation-asgi", ("tracing", "metrics", "asgi"), ("spans", "requests served")),
    Suite("opentelemetry-instrumentation-fastapi", ("tracing", "metrics", "fastapi"), ("spans", "requests served")),
    Suite("opentelemetry-instrumentation-httpx", ("tracing", "metrics", "httpx"), ("spans", "client calls", "peers")),
    Suite("opentelemetry-exporter-prometheus", ("prometheus",), ("metrics rendered",)),
)

# What upstream's tests import beyond what is tested; installed apart, so that the project's environment stays its own.
# httpx2 apart for another reason, too: contrib imports it at every start where it is installed.
TEST_PACKAGES = (
    "opentelemetry-test-utils=={contrib}",
    "respx",
    "httpx2==2.16.2; python_version >= '3.11'",
    "httpcore2==2.16.2; python_version >= '3.11'",
    "truststore; python_version >= '3.11'",
)
