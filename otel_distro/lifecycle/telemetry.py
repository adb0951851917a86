# SPDX-License-Identifier: Apache-2.0
"""Traces, metrics and logs as parts of a process: what each takes over, and what of it is flushed and closed.

Each imports its own room, so that a room that cannot be imported is one part that is off.
"""

from __future__ import annotations

import time
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

from otel_distro.diagnostics import report
from otel_distro.lifecycle import providers
from otel_distro.lifecycle.others import Others
from otel_distro.lifecycle.runtime import Runtime
from otel_distro.otlp.export import Exporter
from otel_distro.roles import is_interactive
from otel_distro.upstream.threads import start
from otel_distro.workers.taken import taken

if TYPE_CHECKING:
    from otel_distro.metrics.families import Family
    from otel_distro.metrics.local import LocalMetrics

Signal = Literal["traces", "logs"]
_LONGER_THAN_A_SCRIPT_SECONDS = 1.0


def traces(runtime: Runtime, exporter: Exporter | None) -> None:
    """Make every span of the process ours; the provider flushes and ends the exporter with its processors."""
    from otel_distro import tracing
    from otel_distro.logs.redaction.redact import redact_attribute

    provider = get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        raise TypeError(f"another tracer provider was set before: {type(provider).__qualname__}")
    if not providers.may_export(provider):
        exporter = None  # the application's own sends them: twice would be too often
    redact = redact_attribute if runtime.settings.redaction.enabled else None
    # "ids" and "false" let nobody else decide what is sampled; text, so only the whole trust is True.
    tracing.adopt(provider, exporter, redact, follows_callers=runtime.settings.http.trust_incoming is True)
    addresses = _others(runtime, "traces", provider)
    if exporter is not None:
        runtime.on_flush("spans", exporter.force_flush)
        runtime.on_close("spans", exporter.shutdown)
        addresses = [runtime.settings.traces.otlp.address, *addresses]
    if addresses:
        runtime.facts["traces"] = ", ".join(addresses)


def metrics(runtime: Runtime, exporters: Mapping[Signal, Exporter | None]) -> None:
    """Collect this process's metrics and serve them on the admin port, or through the process that owns it."""
    from otel_distro import admin, metrics
    from otel_distro.messaging.state import state as messages

    settings = runtime.settings
    runtime.on_close("instruments", lambda _seconds: metrics.uninstall())
    providers.join_meter_provider()
    if settings.redaction.enabled:
        from otel_distro.logs.redaction.redact import redact_attribute
        from otel_distro.tracing.redaction import Redaction

        metrics.redact_with(Redaction(redact_attribute).mapping)
    served = metrics.install(settings) if "prometheus" in settings.metrics.exporters else None
    if served is not None:
        served.add("messages", messages.families)
    if served is not None and settings.metrics.internal_metrics:
        _observe(served, exporters)
    if not settings.admin.enabled:
        return
    try:
        port = admin.start(settings, served, runtime.role)
    except OSError as error:
        address = f"{settings.admin.host}:{settings.admin.port}"
        _say_later(
            runtime,
            f"the admin port {address} is off, /metrics and /health are not served: {error}; "
            "OTEL_EXPORTER_PROMETHEUS_PORT chooses another",
        )
        return
    if port.problem:
        _say_later(runtime, port.problem)
    taken.here, runtime.allowance.taken_by_relatives = (lambda: runtime.allowance.taken), taken.by_workers
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


def push(runtime: Runtime) -> None:
    """Push what is left at the end, if metrics are pushed anywhere."""
    provider = get_meter_provider()
    if isinstance(provider, MeterProvider) and (addresses := _others(runtime, "metrics", provider)):
        runtime.facts["metrics"] = ", ".join(addresses)


def _others(runtime: Runtime, signal: str, provider: Any) -> list[str]:
    """Hold what the provider exports without us to the end's deadline; return where that goes."""
    others = Others(signal, provider)
    runtime.on_flush(f"{signal} of upstream", others.flush)
    runtime.on_close(f"{signal} of upstream", others.close)
    return others.addresses


def _say_later(runtime: Runtime, problem: str) -> None:
    """A short script beside a running service finds the port taken too, and ends before it needs to know."""
    if runtime.settings.strict:
        runtime.problems.append(problem)
        return
    start(partial(_report_after_a_script, problem), "otel-distro-later")  # a thread without a name takes Thread-1


def _report_after_a_script(problem: str) -> None:
    time.sleep(_LONGER_THAN_A_SCRIPT_SECONDS)
    report(problem)


def logs(runtime: Runtime, exporter: Exporter | None, others: Sequence[str] = ()) -> None:
    """Take the process's logging over; each event also goes to our exporter, and through the SDK to those of others."""
    from otel_distro import logs

    if runtime.settings.logs.stream == "auto" and is_interactive():
        return  # who types at a prompt gets lines and tracebacks as Python writes them
    submit = None if exporter is None else _submit_to(exporter)
    undo = logs.install(runtime.settings, submit, others)
    runtime.on_close("logs", lambda _seconds: undo())
    if exporter is not None:
        runtime.on_flush("log records", exporter.force_flush)
        runtime.on_close("log records", exporter.shutdown)
    destinations = [runtime.settings.logs.otlp.address] if exporter else []
    runtime.facts["logs"] = ", ".join([_stream(runtime), *destinations, *others])


def _stream(runtime: Runtime) -> str:
    stream = runtime.settings.logs.stream
    return "stdout" if stream == "auto" else stream


def records(runtime: Runtime) -> None:
    """Hold upstream's exporters of log records, which the SDK's configurator has built, to the end's deadline."""
    provider = get_logger_provider()
    if isinstance(provider, LoggerProvider):
        _others(runtime, "logs", provider)


def _submit_to(exporter: Exporter) -> Callable[..., bool]:
    """Log records carry the resource of the tracer provider, which stands later and is renewed in a forked child."""
    from otel_distro.logs.export import encode_record

    exporter.encode = encode_record

    def submit(scope: Any, record: Any) -> bool:
        provider = get_tracer_provider()
        resource = provider.resource if isinstance(provider, TracerProvider) else Resource.get_empty()
        return exporter.submit(resource, scope, record)

    return submit
