# SPDX-License-Identifier: Apache-2.0
"""The order in which the parts start, told once: logs, providers, traces, metrics, HTTP, the process's end.

Logs come first and go last, so that whatever there is to say has the format of all other lines.

Each part imports its own room, so that a room that cannot be imported is one part that is off.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider

from otel_distro import ends
from otel_distro.checks import other_distributions
from otel_distro.diagnostics import report
from otel_distro.exporters import Plan, plan
from otel_distro.imports import when_imported
from otel_distro.otlp.export import Exporter
from otel_distro.resource import resource_attributes
from otel_distro.runtime import Runtime
from otel_distro.settings import overridden
from otel_distro.upstream import configure_sdk, names_of

if TYPE_CHECKING:
    from otel_distro.metrics.families import Family
    from otel_distro.metrics.local import LocalMetrics

Signal = Literal["traces", "logs"]
LONGER_THAN_A_SCRIPT_SECONDS = 1.0


def bring_up(runtime: Runtime, launcher: dict[str, Any]) -> None:
    """Start every part that this process's role needs.

    Args:
        runtime: Collects what stands and what is off.
        launcher: The launcher's keyword arguments for the SDK's configurator.
    """
    if runtime.settings.config_file:
        _declarative(runtime)
    else:
        _environment(runtime, plan(runtime.settings), launcher)
    runtime.part("HTTP", lambda: _http(runtime))
    runtime.part("the flush at the end", lambda: _ends(runtime))


def _declarative(runtime: Runtime) -> None:
    """With OTEL_CONFIG_FILE the SDK ignores all arguments: its providers are used, our exporters stay off."""
    runtime.part("logs", lambda: _logs(runtime, None))
    runtime.part("the SDK", lambda: _declared(runtime))
    runtime.facts["configuration"] = f"{runtime.settings.config_file}: upstream's exporters, none of ours"


def _declared(runtime: Runtime) -> None:
    configure_sdk()
    runtime.part("traces", lambda: _traces(runtime, None))


def _environment(runtime: Runtime, chosen: Plan, launcher: dict[str, Any]) -> None:
    settings = runtime.settings
    runtime.problems.extend([*chosen.problems, *other_distributions()])
    spans = Exporter("traces", settings.traces.otlp, settings.traces.queue) if chosen.own_traces else None
    records = Exporter("logs", settings.logs.otlp, settings.logs.queue) if chosen.own_logs else None
    runtime.part("logs", lambda: _logs(runtime, records, others=chosen.logs))
    runtime.part("the SDK", lambda: _sdk(runtime, chosen, launcher))
    runtime.part("traces", lambda: _traces(runtime, spans))
    runtime.part("metrics", lambda: _metrics(runtime, {"traces": spans, "logs": records}))
    runtime.part("pushed metrics", lambda: _push(runtime))


def _sdk(runtime: Runtime, chosen: Plan, launcher: dict[str, Any]) -> None:
    """Configure the SDK without the exporters that we serve: passing names would only add to the environment's."""
    ours_left_out = {
        "OTEL_TRACES_EXPORTER": names_of(chosen.traces),
        "OTEL_METRICS_EXPORTER": names_of(chosen.metrics),
        "OTEL_LOGS_EXPORTER": names_of(chosen.logs),
    }
    with overridden(ours_left_out):
        configure_sdk(resource_attributes=resource_attributes(runtime.settings.service), **launcher)


def _traces(runtime: Runtime, exporter: Exporter | None) -> None:
    """Make every span of the process ours; the provider flushes and ends the exporter with its processors."""
    from otel_distro import tracing
    from otel_distro.logs.redact import redact_attribute

    provider = get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        raise TypeError(f"another tracer provider was set before: {type(provider).__qualname__}")
    tracing.adopt(provider, exporter, redact_attribute if runtime.settings.redaction.enabled else None)
    runtime.on_flush("tracer provider", lambda seconds: provider.force_flush(int(seconds * 1000)))
    runtime.on_close("tracer provider", lambda _seconds: provider.shutdown())
    if exporter is not None:
        runtime.on_flush("spans", exporter.force_flush)
        runtime.on_close("spans", exporter.shutdown)
        runtime.facts["traces"] = runtime.settings.traces.otlp.address


def _metrics(runtime: Runtime, exporters: Mapping[Signal, Exporter | None]) -> None:
    """Collect this process's metrics and serve them on the admin port, or through the process that owns it."""
    from otel_distro import admin, metrics

    settings = runtime.settings
    served = metrics.install(settings) if "prometheus" in settings.metrics.exporters else None
    if served is not None and settings.metrics.internal_metrics:
        _observe(served, exporters)
    if not settings.admin.enabled:
        return
    try:
        port = admin.start(settings, served, runtime.role)
    except OSError as error:
        address = f"{settings.admin.host}:{settings.admin.port}"
        _say_later(runtime, f"the admin port {address} is off, /metrics and /health are not served: {error}")
        return
    runtime.on_flush("metrics", port.flush)
    runtime.on_close("admin port", port.close)
    runtime.facts["admin"] = port.note


def _observe(served: LocalMetrics, exporters: Mapping[Signal, Exporter | None]) -> None:
    """Let /metrics tell what becomes of spans and log records."""
    from otel_distro.metrics import stats

    for signal, exporter in exporters.items():
        if exporter is not None:
            served.add(f"exporter of {signal}", partial(_stats_of, stats.families, signal, exporter))


def _stats_of(families: Callable[..., Iterable[Family]], signal: Signal, exporter: Exporter) -> Iterable[Family]:
    return families(signal, exporter.stats)


def _push(runtime: Runtime) -> None:
    """Push what is left at the end, if metrics are pushed anywhere."""
    provider = get_meter_provider()
    if isinstance(provider, MeterProvider) and set(runtime.settings.metrics.exporters) - {"prometheus"}:
        atexit.unregister(provider.shutdown)  # its own, which knows no deadline
        runtime.on_flush("meter provider", partial(_within, provider.force_flush))
        runtime.on_close("meter provider", partial(_within, provider.shutdown))


def _within(step: Callable[[], object], seconds: float) -> None:
    """Run a step of upstream's that keeps to no time limit: its exporters retry for longer than a process should end."""
    if not seconds:
        return  # only to begin, which it cannot
    waiting = threading.Thread(target=step, name="otel-distro-meter-provider", daemon=True)
    try:
        waiting.start()
    except RuntimeError:  # Python 3.12.0 to 3.12.2 start no thread while the interpreter ends
        step()
    else:
        waiting.join(seconds)


def _say_later(runtime: Runtime, problem: str) -> None:
    """A short script beside a running service finds the port taken too, and ends before it needs to know."""
    if runtime.settings.strict:
        runtime.problems.append(problem)
        return
    timer = threading.Timer(LONGER_THAN_A_SCRIPT_SECONDS, report, (problem,))
    timer.daemon = True
    timer.start()


def _logs(runtime: Runtime, exporter: Exporter | None, others: Sequence[str] = ()) -> None:
    """Take the process's logging over; each event also goes to our exporter, and through the SDK to those of others."""
    from otel_distro import logs

    submit = None if exporter is None else _submit_to(exporter)
    undo = logs.install(runtime.settings, submit, others)
    runtime.on_close("logs", lambda _seconds: undo())
    if exporter is not None:
        runtime.on_flush("log records", exporter.force_flush)
        runtime.on_close("log records", exporter.shutdown)
    if others:
        runtime.on_flush("logger provider", _flush_logger_provider)
    destinations = [runtime.settings.logs.otlp.address] if exporter else []
    runtime.facts["logs"] = ", ".join(["stdout", *destinations, *others])


def _flush_logger_provider(seconds: float) -> None:
    provider = get_logger_provider()
    if isinstance(provider, LoggerProvider) and seconds > 0:
        provider.force_flush(int(seconds * 1000))


def _submit_to(exporter: Exporter) -> Callable[..., bool]:
    """Log records carry the resource of the tracer provider, which stands later and is renewed in a forked child."""

    def submit(scope: Any, record: bytes) -> bool:
        provider = get_tracer_provider()
        resource = provider.resource if isinstance(provider, TracerProvider) else Resource.get_empty()
        return exporter.submit(resource, scope, record)

    return submit


def _http(runtime: Runtime) -> None:
    from otel_distro import http
    from otel_distro.logs import access

    settings = runtime.settings
    ended = access.emit if settings.logs.access else None
    undo = http.install(settings.http, ended, access.started if ended and settings.logs.access_start else None)
    when_imported("fastapi", _fastapi)
    runtime.on_close("HTTP", lambda _seconds: undo())


def _fastapi() -> None:
    from otel_distro.http.fastapi import prepare

    prepare()


def _ends(runtime: Runtime) -> None:
    """Hear of every way in which the process ends, and of the server's start."""
    from otel_distro.http import lifespan

    handler = ends.install(runtime)
    hooks = (
        (lifespan.on_application_built, handler.install),
        (lifespan.on_serving, runtime.announce),
        (lifespan.on_lifespan_shutdown, runtime.flush),
    )
    for callbacks, callback in hooks:
        callbacks.append(callback)

    def unhook(_seconds: float) -> None:
        for callbacks, callback in hooks:
            callbacks.remove(callback)

    runtime.on_close("lifespan", unhook)
