# SPDX-License-Identifier: Apache-2.0
"""The settings, group by group, each field declared with the environment variable that fills it.

Nothing in this folder reads the environment; `otel_distro.settings` does.
"""

from __future__ import annotations

from otel_distro import casts
from otel_distro.frozen import dataclass
from otel_distro.variables.declare import EMPTY, Variable, declared, group, variable
from otel_distro.variables.http import HttpSettings
from otel_distro.variables.logs import LogSettings, RedactionSettings
from otel_distro.variables.process import AdminSettings
from otel_distro.variables.proxy import ProxySettings
from otel_distro.variables.service import KubernetesSettings, ServiceSettings
from otel_distro.variables.signals import MetricSettings, OtlpSettings, QueueSettings, TraceSettings
from otel_distro.variables.upstream import SDK_VARIABLES

__all__ = [
    "EMPTY",
    "SDK_VARIABLES",
    "AdminSettings",
    "HttpSettings",
    "KubernetesSettings",
    "LogSettings",
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
        casts.number(0.1, 300),
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
    )
    service: ServiceSettings = group(ServiceSettings)
    traces: TraceSettings = group(TraceSettings)
    metrics: MetricSettings = group(MetricSettings)
    logs: LogSettings = group(LogSettings)
    http: HttpSettings = group(HttpSettings)
    redaction: RedactionSettings = group(RedactionSettings)
    admin: AdminSettings = group(AdminSettings)
    proxies: ProxySettings = group(ProxySettings)
