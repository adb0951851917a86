# SPDX-License-Identifier: Apache-2.0
"""`otel-distro run --view COMMAND`: what the command's environment needs so that all of it is seen in the viewer."""

from __future__ import annotations

import os
import socket
from collections.abc import Container, Mapping
from dataclasses import fields
from typing import Any, Final

from otel_distro.launch.viewer import Viewer, missing_packages, refusal, start_or_join
from otel_distro.settings.environ import read
from otel_distro.settings.model import OtlpSettings, Settings

_SOON: Final = "200"  # milliseconds: somebody is looking
_ADMIN_PORT: Final = 9464


def viewed(environ: Mapping[str, str], *, anyway: bool) -> tuple[dict[str, str], str]:
    """Start or join the viewer, and return the variables to set, with the address to open.

    Only what is unset is set; a collector that is configured gets everything that it would have got, through the viewer.

    Raises:
        PermissionError: There shall be no viewer here; the text says why.
        OSError: It does not start.
    """
    reason = refusal(environ)
    if reason and (missing_packages(reason) or not anyway):
        raise PermissionError(reason)
    viewer = start_or_join()
    settings = read(environ).settings
    port = _admin_port(
        environ, {str(s["admin"]).rpartition(":")[2] for s in viewer.call("GET", "/api/status")["services"]}
    )
    collectors = _collectors(settings) if _has_collector(environ) else {}
    about = {
        "pid": os.getpid(),
        "name": "" if settings.service.name == "unknown_service" else settings.service.name,
        "admin": f"127.0.0.1:{port}" if settings.admin.enabled else None,
        "tees": {signal: _as_data(otlp) for signal, otlp in collectors.items()},
    }
    number = viewer.call("POST", "/api/register", about)["service"]
    link = viewer.call("POST", "/api/link")["link"]
    return _variables(environ, viewer, number, collectors, port), str(link)


def _as_data(otlp: OtlpSettings) -> dict[str, Any]:
    return {field.name: getattr(otlp, field.name) for field in fields(otlp)} | {"headers": dict(otlp.headers)}


def _has_collector(environ: Mapping[str, str]) -> bool:
    return any(
        environ.get(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT", "").strip()
        for signal in ("", "TRACES_", "LOGS_", "METRICS_")
    )


def _collectors(settings: Settings) -> dict[str, OtlpSettings]:
    """Return where the signals would go without us."""
    signals: dict[str, Any] = {"traces": settings.traces, "logs": settings.logs, "metrics": settings.metrics}
    return {name: signal.otlp for name, signal in signals.items() if "otlp" in signal.exporters}


def _variables(
    environ: Mapping[str, str], viewer: Viewer, number: str, collectors: Mapping[str, OtlpSettings], port: int
) -> dict[str, str]:
    wanted = {
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_TRACES_SAMPLER": "always_on",
        "OTEL_BSP_SCHEDULE_DELAY": _SOON,
        "OTEL_BLRP_SCHEDULE_DELAY": _SOON,
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(port),
    }
    set_here = {name: text for name, text in wanted.items() if not environ.get(name, "").strip()}
    for signal in ("traces", "logs", "metrics"):
        prefix = f"OTEL_EXPORTER_OTLP_{signal.upper()}"
        way = f"{viewer.url}/tee/{number}" if signal in collectors else viewer.url
        set_here[f"{prefix}_ENDPOINT"] = f"{way}/v1/{signal}"
        set_here[f"{prefix}_PROTOCOL"] = "http/protobuf"
    return set_here


def _admin_port(environ: Mapping[str, str], taken: Container[str]) -> int:
    """Return the port that is set; else the usual one, or a free one if another service has that, or is about to."""
    said = environ.get("OTEL_EXPORTER_PROMETHEUS_PORT", "").strip()
    if said.isdigit() and said != "0":
        return int(said)
    usual = not said and str(_ADMIN_PORT) not in taken
    return _free(_ADMIN_PORT) or _free(0) if usual else _free(0)


def _free(port: int) -> int:
    """Return the port, or one that is free for 0; 0 if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
