# SPDX-License-Identifier: Apache-2.0
"""Who the service is: the resource."""

from __future__ import annotations

from collections.abc import Mapping

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts
from otel_distro.settings.declare import EMPTY, group, variable


@dataclass(frozen=True)
class KubernetesSettings:
    """Where the process runs, as the downward API tells it."""

    namespace: str | None = variable(
        "K8S_NAMESPACE_NAME",
        casts.text,
        None,
        "`k8s.namespace.name` of the resource.",
        older=("POD_NAMESPACE",),
    )
    pod: str | None = variable("K8S_POD_NAME", casts.text, None, "`k8s.pod.name` of the resource.", older=("POD_NAME",))
    pod_uid: str | None = variable(
        "K8S_POD_UID", casts.text, None, "`k8s.pod.uid` of the resource.", older=("POD_UID",)
    )
    node: str | None = variable(
        "K8S_NODE_NAME", casts.text, None, "`k8s.node.name` of the resource.", older=("NODE_NAME",)
    )
    container: str | None = variable(
        "K8S_CONTAINER_NAME",
        casts.text,
        None,
        "`k8s.container.name` of the resource.",
    )
    deployment: str | None = variable("K8S_DEPLOYMENT_NAME", casts.text, None, "`k8s.deployment.name` of the resource.")


@dataclass(frozen=True)
class ServiceSettings:
    """The service's identity; on every signal."""

    name: str = variable(
        "OTEL_SERVICE_NAME",
        casts.text,
        "unknown_service",
        "`service.name`; wins over the one in `OTEL_RESOURCE_ATTRIBUTES`.",
        older=("SERVICE_NAME",),
    )
    version: str | None = variable(
        "APP_VERSION",
        casts.text,
        None,
        "`service.version`, unless `OTEL_RESOURCE_ATTRIBUTES` has it; `version` on log lines.",
    )
    environment: str | None = variable(
        "ENVIRONMENT",
        casts.text,
        None,
        "`deployment.environment.name`, unless `OTEL_RESOURCE_ATTRIBUTES` has it; `environment` on log lines.",
    )
    attributes: Mapping[str, str] = variable(
        "OTEL_RESOURCE_ATTRIBUTES",
        casts.pairs,
        EMPTY,
        "Resource attributes as `key=value` pairs, comma-separated, percent-encoded.",
    )
    kubernetes: KubernetesSettings = group(KubernetesSettings)

    @property
    def namespace(self) -> str | None:
        """`service.namespace`, which only the resource attributes can give."""
        return self.attributes.get("service.namespace")
