# SPDX-License-Identifier: Apache-2.0
"""Settings that follow from others: endpoints of signals, the service's identity, defaults of the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from otel_distro.settings.declare import Contradiction
from otel_distro.settings.proxy import ProxySettings, proxy_of
from otel_distro.settings.signals import OtlpSettings, QueueSettings
from otel_distro.settings.urls import base, below, without_credentials, without_query

if TYPE_CHECKING:
    from otel_distro.settings.model import Settings
    from otel_distro.settings.service import ServiceSettings

Sources = Mapping[str, str]


def derive(settings: Settings, sources: Sources, *, kubernetes: bool) -> tuple[Settings, list[Contradiction]]:
    """Return the settings with what follows from others, and what contradicts itself.

    Args:
        settings: As read, field by field.
        sources: Variable -> the name that it was read from, for those that were set.
        kubernetes: Whether the process runs in a cluster.
    """
    service = _identity(settings.service, sources)
    logs = settings.logs
    admin = settings.admin
    if kubernetes and "OTEL_EXPORTER_PROMETHEUS_HOST" not in sources:
        admin = replace(admin, host="::")  # the cluster's Prometheus must reach it, by IPv4 or by IPv6
    contradictions: list[Contradiction] = []

    def reached(otlp: OtlpSettings, signal: str) -> OtlpSettings:
        otlp = _endpoint(otlp, signal, sources, contradictions)
        return _by_proxy(otlp, settings.proxies, contradictions)

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


def _endpoint(otlp: OtlpSettings, signal: str, sources: Sources, contradictions: list[Contradiction]) -> OtlpSettings:
    """The signal's own URL is used as it is; the general one is the base of `/v1/<signal>`.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
    """
    root = base(otlp.endpoint) if otlp.protocol != "grpc" else otlp.endpoint
    own = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
    source = sources.get(own)
    if otlp.protocol == "grpc":
        return replace(otlp, endpoint=otlp.endpoint if source else "http://localhost:4317")
    if source == own:
        return otlp
    if root != otlp.endpoint:
        shown = without_query(without_credentials(root, "***@"), "***")
        expected = "the collector's URL without the path of a signal, which is added"
        contradictions.append(Contradiction(own, expected, f"using {shown}", root))
    return replace(otlp, endpoint=below(root, f"/v1/{signal.lower()}"))


def _by_proxy(otlp: OtlpSettings, proxies: ProxySettings, contradictions: list[Contradiction]) -> OtlpSettings:
    """Proxies are spoken to in plain HTTP; whatever else the variables name may serve the application."""
    chosen = proxy_of(otlp.endpoint, proxies) if otlp.protocol != "grpc" else None
    if chosen is None:
        return otlp
    name, proxy = chosen
    if proxy.lower().startswith("http://"):
        return replace(otlp, proxy=proxy)
    contradictions.append(Contradiction(name, "an http:// proxy", "the collector is reached without one"))
    return otlp


def _batch(queue: QueueSettings, prefix: str, sources: Sources, contradictions: list[Contradiction]) -> QueueSettings:
    """A batch larger than its queue raises inside the SDK."""
    if queue.max_export_batch_size <= queue.max_queue_size:
        return queue
    batch = f"OTEL_{prefix}_MAX_EXPORT_BATCH_SIZE"
    if batch in sources:
        size = str(queue.max_queue_size)
        contradictions.append(Contradiction(batch, f"at most the queue's size, {size}", f"using {size}", size))
    return replace(queue, max_export_batch_size=queue.max_queue_size)
