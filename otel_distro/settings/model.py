# SPDX-License-Identifier: Apache-2.0
"""The settings, group by group, each field declared with the environment variable that fills it.

Nothing in this folder reads the environment; `otel_distro.settings.environ` does.
"""

from __future__ import annotations

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts
from otel_distro.settings.admin import AdminSettings
from otel_distro.settings.declare import EMPTY, Variable, declared, group, variable
from otel_distro.settings.health import HealthSettings
from otel_distro.settings.http import HttpSettings
from otel_distro.settings.logs import LogSettings, RedactionSettings
from otel_distro.settings.messaging import MessagingSettings
from otel_distro.settings.proxy import ProxySettings
from otel_distro.settings.sdk import SDK_VARIABLES
from otel_distro.settings.service import KubernetesSettings, ServiceSettings
from otel_distro.settings.signals import MetricSettings, OtlpSettings, QueueSettings, TraceSettings

__all__ = [
    "EMPTY",
    "SDK_VARIABLES",
    "AdminSettings",
    "HealthSettings",
    "HttpSettings",
    "KubernetesSettings",
    "LogSettings",
    "MessagingSettings",
    "MetricSettings",
    "OtlpSettings",
    "ProxySettings",
    "QueueSettings",
    "RedactionSettings",
    "ServiceSettings",
    "Settings",
    "TraceSettings",
    "Variable",
    "declared",
]


@dataclass(frozen=True)
class Settings:
    """Everything that the environment says, read once."""

    disabled: bool = variable(
        "OTEL_SDK_DISABLED", casts.boolean, False, "Switches everything off: nothing is patched, nothing listens."
    )
    strict: bool = variable(
        "OTEL_DISTRO_STRICT", casts.boolean, False, "Any fault at the start ends the process with status 78."
    )
    shutdown_timeout_seconds: float = variable(
        "OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS",
        casts.number(0.1, 300, "seconds"),
        3.0,
        "Seconds that all signals together have for their last flush.",
    )
    config_file: str | None = variable(
        "OTEL_CONFIG_FILE",
        casts.text,
        None,
        "Declarative configuration of the SDK; then upstream's providers are used.",
    )
    owner: str | None = variable(
        "OTEL_DISTRO_OWNER",
        casts.text,
        None,
        "Set by the process that owns the admin port for its children; leave it unset.",
        secret=True,
    )
    service: ServiceSettings = group(ServiceSettings)
    traces: TraceSettings = group(TraceSettings)
    metrics: MetricSettings = group(MetricSettings)
    logs: LogSettings = group(LogSettings)
    http: HttpSettings = group(HttpSettings)
    messaging: MessagingSettings = group(MessagingSettings)
    redaction: RedactionSettings = group(RedactionSettings)
    admin: AdminSettings = group(AdminSettings)
    health: HealthSettings = group(HealthSettings)
    proxies: ProxySettings = group(ProxySettings)
