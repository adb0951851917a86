# SPDX-License-Identifier: Apache-2.0
"""Metrics of this process: measured through the API, kept in segments, collected from every origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import get_tracer_provider

from otel_distro.metrics import limit, target
from otel_distro.metrics.limit import LimitedMatch
from otel_distro.metrics.local import LocalMetrics
from otel_distro.metrics.presentation import Presentation, chosen
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.settings.model import MetricSettings, Settings
from otel_distro.settings.resource import resource_attributes

__all__ = ["LocalMetrics", "install"]


def install(settings: Settings, reader: PrometheusReader | None = None) -> LocalMetrics:
    """Collect the metrics of this process, to be called after the SDK's configurator has built the reader.

    Args:
        settings: What the environment says.
        reader: Our reader of the meter provider; by default the one that the configurator built, if any.
    """
    reader = reader or PrometheusReader.latest
    limit.install()
    LimitedMatch.limit = settings.metrics.cardinality_limit
    attributes = _resource(settings)
    if reader is not None:
        reader.present(_presentation(settings.metrics, attributes))
    local = LocalMetrics(reader, internal=settings.metrics.internal_metrics)
    local.add("target", lambda: target.families(attributes))
    return local


def redact_with(redact: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None) -> None:
    """Take the secrets out of every attribute set of every instrument, whatever reads it; None to keep them."""
    limit.install()
    LimitedMatch.redact = None if redact is None else staticmethod(redact)


def uninstall() -> None:
    """Undo what `install` and `redact_with` replaced in the SDK."""
    limit.uninstall()


def _resource(settings: Settings) -> Mapping[str, Any]:
    """Return what spans carry, what the SDK's detectors have found included."""
    from opentelemetry.sdk.trace import TracerProvider

    provider = get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return provider.resource.attributes
    return resource_attributes(settings.service)


def _presentation(settings: MetricSettings, attributes: Mapping[str, Any]) -> Presentation:
    resource = chosen(target.shared(attributes), settings.resource_labels)
    return Presentation(settings.prefix, settings.scope_labels, resource)
