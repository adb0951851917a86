# SPDX-License-Identifier: Apache-2.0
"""The resource: who and where the service is, on every signal.

https://opentelemetry.io/docs/specs/semconv/resource/
"""

from __future__ import annotations

from collections.abc import Mapping

from otel_distro import __version__
from otel_distro.settings.model import KubernetesSettings, ServiceSettings

DISTRO_NAME = "otel-distro"


def resource_attributes(service: ServiceSettings) -> dict[str, str]:
    """Return the attributes that the SDK's resource gets beside those it finds itself.

    What the user wrote into `OTEL_RESOURCE_ATTRIBUTES` wins over what is derived.
    """
    derived = {
        "service.name": service.name,
        "service.version": service.version,
        "deployment.environment.name": service.environment,
        **_kubernetes(service.kubernetes),
    }
    present = {key: value for key, value in derived.items() if value}
    return {
        **present,
        **_without_identity(service.attributes),
        "telemetry.distro.name": DISTRO_NAME,
        "telemetry.distro.version": __version__,
    }


def _without_identity(attributes: Mapping[str, str]) -> dict[str, str]:
    """OTEL_SERVICE_NAME wins over the service.name among the attributes: `ServiceSettings.name` is decided already."""
    return {key: value for key, value in attributes.items() if key != "service.name"}


def _kubernetes(place: KubernetesSettings) -> dict[str, str | None]:
    return {
        "k8s.namespace.name": place.namespace,
        "k8s.pod.name": place.pod,
        "k8s.pod.uid": place.pod_uid,
        "k8s.node.name": place.node,
        "k8s.container.name": place.container,
        "k8s.deployment.name": place.deployment,
    }
