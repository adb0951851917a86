# SPDX-License-Identifier: Apache-2.0
"""Settings that follow from others: endpoints of signals, the service's identity, defaults of the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from otel_distro.variables.proxy import ProxySettings, proxy_of
from otel_distro.variables.signals import OtlpSettings, QueueSettings

if TYPE_CHECKING:
    from otel_distro.variables import Settings
    from otel_distro.variables.service import ServiceSettings

Sources = Mapping[str, str]
Contradiction = tuple[str, str]
DEVELOPMENT = frozenset({"development", "dev", "local"})


def derive(
    settings: Settings, sources: Sources, *, kubernetes: bool, terminal: bool
) -> tuple[Settings, list[Contradiction]]:
    """Return the settings with what follows from others, and contradictions as (variable, expected).

    Args:
        settings: As read, field by field.
        sources: Variable -> the name that it was read from, for those that were set.
        kubernetes: Whether the process runs in a cluster.
        terminal: Whether stdout is a terminal.
    """
    service = _identity(settings.service, sources)
    logs = settings.logs
    if "OTEL_DISTRO_LOG_JSON" not in sources:
        logs = replace(logs, json=not (terminal and (service.environment or "").lower() in DEVELOPMENT))
    admin = settings.admin
    if kubernetes and "OTEL_EXPORTER_PROMETHEUS_HOST" not in sources:
        admin = replace(admin, host="0.0.0.0")  # noqa: S104  the cluster's Prometheus must reach it (design: defaults)
    contradictions: list[Contradiction] = []

    def reached(otlp: OtlpSettings, signal: str) -> OtlpSettings:
        return _by_proxy(_endpoint(otlp, signal, sources), settings.proxies, contradictions)

    return replace(
        settings,
        service=service,
        admin=admin,
        traces=replace(
            settings.traces,
            otlp=reached(settings.traces.otlp, "TRACES"),
            queue=_batch(settings.traces.queue, "BSP", sources, contradictions),
        ),
        metrics=replace(settings.metrics, otlp=reached(settings.metrics.otlp, "METRICS")),
        logs=replace(
            logs,
            otlp=reached(logs.otlp, "LOGS"),
            queue=_batch(logs.queue, "BLRP", sources, contradictions),
        ),
    ), contradictions


def _identity(service: ServiceSettings, sources: Sources) -> ServiceSettings:
    """OTEL_SERVICE_NAME, then OTEL_RESOURCE_ATTRIBUTES, then the older variables."""
    attributes = service.attributes
    name = service.name
    if sources.get("OTEL_SERVICE_NAME") != "OTEL_SERVICE_NAME":
        name = attributes.get("service.name") or name
    environment = attributes.get("deployment.environment.name") or attributes.get("deployment.environment")
    return replace(
        service,
        name=name,
        version=attributes.get("service.version") or service.version,
        environment=environment or service.environment,
    )


def _endpoint(otlp: OtlpSettings, signal: str, sources: Sources) -> OtlpSettings:
    """The signal's own URL is used as it is; the general one is the base of `/v1/<signal>`.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
    """
    own = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
    source = sources.get(own)
    if otlp.protocol == "grpc":
        return replace(otlp, endpoint=otlp.endpoint if source else "http://localhost:4317")
    if source == own:
        return otlp
    return replace(otlp, endpoint=f"{otlp.endpoint.rstrip('/')}/v1/{signal.lower()}")


def _by_proxy(otlp: OtlpSettings, proxies: ProxySettings, contradictions: list[Contradiction]) -> OtlpSettings:
    """Proxies are spoken to in plain HTTP; whatever else the variables name may serve the application."""
    chosen = proxy_of(otlp.endpoint, proxies)
    if chosen is None or otlp.protocol == "grpc":
        return otlp
    name, proxy = chosen
    if proxy.lower().startswith("http://"):
        return replace(otlp, proxy=proxy)
    contradictions.append((name, "an http:// proxy, so the collector is reached without one"))
    return otlp


def _batch(queue: QueueSettings, prefix: str, sources: Sources, contradictions: list[Contradiction]) -> QueueSettings:
    """A batch larger than its queue raises inside the SDK."""
    if queue.max_export_batch_size <= queue.max_queue_size:
        return queue
    batch = f"OTEL_{prefix}_MAX_EXPORT_BATCH_SIZE"
    if batch in sources:
        contradictions.append((batch, f"at most the queue's size, {queue.max_queue_size}"))
    return replace(queue, max_export_batch_size=queue.max_queue_size)
