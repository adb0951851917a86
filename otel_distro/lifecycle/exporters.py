# SPDX-License-Identifier: Apache-2.0
"""Which exporters are ours, which are upstream's, and which cannot be had."""

from __future__ import annotations

from collections.abc import Iterator

from otel_distro.ground.frozen import dataclass
from otel_distro.settings.model import OtlpSettings, Settings
from otel_distro.upstream import SIGNAL_GROUPS, load_entry_point, otlp_entry_point

OWN_READER = "otel_distro_prometheus"


@dataclass(frozen=True)
class Plan:
    """Exporters per signal: upstream's by entry point, ours by a switch each.

    Attributes:
        traces: Upstream's span exporters.
        metrics: Upstream's metric exporters, and our reader.
        logs: Upstream's log exporters.
        own_traces: Whether spans go through our OTLP exporter.
        own_logs: Whether log records do.
        problems: What was asked for and cannot be had, one sentence each.
    """

    traces: tuple[str, ...]
    metrics: tuple[str, ...]
    logs: tuple[str, ...]
    own_traces: bool
    own_logs: bool
    problems: tuple[str, ...]


def plan(settings: Settings) -> Plan:
    """Decide, for each exporter that the environment names, who serves it."""
    problems: list[str] = []
    traces = tuple(_usable("traces", settings.traces.exporters, settings.traces.otlp, problems))
    metrics = tuple(_usable("metrics", settings.metrics.exporters, settings.metrics.otlp, problems))
    logs = tuple(_usable("logs", settings.logs.exporters, settings.logs.otlp, problems))
    return Plan(
        traces=tuple(name for name in traces if name != OWN_OTLP),
        metrics=metrics,
        logs=tuple(name for name in logs if name != OWN_OTLP),
        own_traces=OWN_OTLP in traces,
        own_logs=OWN_OTLP in logs,
        problems=tuple(problems),
    )


OWN_OTLP = "otel_distro_otlp"  # never looked up: stands for our exporter of spans and log records


def _usable(signal: str, names: tuple[str, ...], otlp: OtlpSettings, problems: list[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        chosen = _entry_point(signal, name, otlp)
        if chosen in (OWN_OTLP, OWN_READER) or _loads(signal, name, chosen, problems):
            yield chosen


def _entry_point(signal: str, name: str, otlp: OtlpSettings) -> str:
    if signal == "metrics" and name == "prometheus":
        return OWN_READER
    if name not in {"otlp", "otlp_proto_http"}:
        return name
    if signal == "metrics" or (name == "otlp" and otlp.protocol == "grpc"):
        return otlp_entry_point(otlp.protocol) if name == "otlp" else name
    return OWN_OTLP


def _loads(signal: str, name: str, entry_point: str, problems: list[str]) -> bool:
    """Whether upstream can import the exporter; importing it now is what it would do a moment later."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    try:
        load_entry_point(SIGNAL_GROUPS[signal], entry_point)
    except LookupError as error:
        problems.append(f"{variable}={name!r}: expected {error}; {signal} go without it")
    except Exception as error:  # noqa: BLE001 - other people's code runs here, and must not take the other exporters along
        reason = f"({type(error).__name__}: {error})"
        problems.append(
            f"{variable}={name!r}: its package cannot be imported {reason}; install it anew; {signal} go without it"
        )
    else:
        return True
    return False
