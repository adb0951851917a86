# SPDX-License-Identifier: Apache-2.0
"""The admin port."""

from __future__ import annotations

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import addresses, casts
from otel_distro.settings.declare import variable

PRIVATE_NETWORKS = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


@dataclass(frozen=True)
class AdminSettings:
    """The port that serves /metrics and /health."""

    enabled: bool = variable("OTEL_DISTRO_ADMIN", casts.boolean, True, "Serves the admin port.")
    host: str = variable(
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        addresses.host,
        "127.0.0.1",
        "Address of the admin port.",
        default_text="127.0.0.1; all interfaces inside Kubernetes",
    )
    port: int = variable(
        "OTEL_EXPORTER_PROMETHEUS_PORT", casts.integer(0, 65535), 9464, "The admin port; 0 takes a free one."
    )
    token_file: str | None = variable(
        "OTEL_DISTRO_ADMIN_TOKEN_FILE", casts.text, None, "File with the bearer token that the admin port asks for."
    )
    tls_certificate: str | None = variable(
        "OTEL_DISTRO_ADMIN_TLS_CERTIFICATE",
        casts.text,
        None,
        "File with the certificate chain: the admin port speaks TLS.",
    )
    tls_key: str | None = variable("OTEL_DISTRO_ADMIN_TLS_KEY", casts.text, None, "File with its private key.")
    app_metrics_path: str | None = variable(
        "OTEL_DISTRO_APP_METRICS_PATH",
        casts.path,
        None,
        "Also serves the metrics under this path of the application's port.",
    )
    app_metrics_networks: tuple[str, ...] = variable(
        "OTEL_DISTRO_APP_METRICS_NETWORKS",
        casts.networks,
        PRIVATE_NETWORKS,
        "Networks that may read it there, judged by the peer's address; with the token too, if one is set.",
    )
