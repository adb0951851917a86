# SPDX-License-Identifier: Apache-2.0
"""The order in which the parts start, told once: logs, providers, traces, metrics, HTTP, the process's end.

Logs come first and go last, so that whatever there is to say has the format of all other lines.

Each part imports its own room, so that a room that cannot be imported is one part that is off.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from otel_distro.imports import when_imported
from otel_distro.lifecycle import providers, telemetry, termination
from otel_distro.lifecycle.exporters import Plan, plan
from otel_distro.lifecycle.preflight import other_distributions
from otel_distro.lifecycle.replaced import REPLACED
from otel_distro.lifecycle.runtime import Runtime
from otel_distro.otlp.export import Exporter
from otel_distro.roles import begin_to_serve
from otel_distro.settings.environ import overridden
from otel_distro.settings.resource import resource_attributes
from otel_distro.upstream import names_of

SERVERS = frozenset(("uvicorn", "hypercorn", "granian", "daphne", "gunicorn"))


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
    providers.explain_overriding()
    runtime.on_close("providers", lambda _seconds: providers.stop_explaining())
    runtime.part("HTTP", lambda: _http(runtime))
    runtime.part("messages", lambda: _messages(runtime))
    runtime.part("the flush at the end", lambda: _termination(runtime))


def _declarative(runtime: Runtime) -> None:
    """With OTEL_CONFIG_FILE the SDK ignores all arguments: its providers are used, our exporters stay off."""
    runtime.part("logs", lambda: telemetry.logs(runtime, None))
    runtime.part("the SDK", lambda: _declared(runtime))
    runtime.facts["configuration"] = f"{runtime.settings.config_file}: upstream's exporters, none of ours"


def _declared(runtime: Runtime) -> None:
    providers.configure()
    runtime.part("traces", lambda: telemetry.traces(runtime, None))
    runtime.part("exported logs", lambda: telemetry.records(runtime))
    runtime.part("pushed metrics", lambda: telemetry.push(runtime))


def _environment(runtime: Runtime, chosen: Plan, launcher: dict[str, Any]) -> None:
    settings = runtime.settings
    runtime.problems.extend([*chosen.problems, *other_distributions()])
    spans = Exporter("traces", settings.traces.otlp, settings.traces.queue) if chosen.own_traces else None
    records = Exporter("logs", settings.logs.otlp, settings.logs.queue) if chosen.own_logs else None
    runtime.part("logs", lambda: telemetry.logs(runtime, records, others=chosen.logs))
    runtime.part("the SDK", lambda: _sdk(runtime, chosen, launcher))
    runtime.part("traces", lambda: telemetry.traces(runtime, spans))
    runtime.part("metrics", lambda: telemetry.metrics(runtime, {"traces": spans, "logs": records}))
    runtime.part("pushed metrics", lambda: telemetry.push(runtime))
    runtime.part("exported logs", lambda: telemetry.records(runtime))


def _sdk(runtime: Runtime, chosen: Plan, launcher: dict[str, Any]) -> None:
    """Configure the SDK without the exporters that we serve: passing names would only add to the environment's."""
    ours_left_out = {
        "OTEL_TRACES_EXPORTER": names_of(chosen.traces),
        "OTEL_METRICS_EXPORTER": names_of(chosen.metrics),
        "OTEL_LOGS_EXPORTER": names_of(chosen.logs),
    }
    with overridden(ours_left_out):
        problem = providers.configure(resource_attributes=resource_attributes(runtime.settings.service), **launcher)
    if problem is not None:
        runtime.problems.append(problem)


def _http(runtime: Runtime) -> None:
    from otel_distro import http
    from otel_distro.ground import phase
    from otel_distro.http.server import phases
    from otel_distro.logs.access import event as access

    settings = runtime.settings
    ended = access.emit if settings.logs.access else None
    began = access.started if ended and settings.logs.access_start else None
    undo = http.install(settings.http, ended, began, access.take_over)
    forget = when_imported("fastapi", partial(_fastapi, runtime), needs=REPLACED["fastapi"], again=True)
    phase.expect(phases.will_be_told)
    forget_uvicorn = when_imported("uvicorn", partial(_uvicorn, runtime), again=True)
    forget_ids = when_imported("asgi_correlation_id.middleware", partial(_follow_middleware, runtime))
    runtime.on_close("HTTP", lambda _seconds: (forget_ids(), forget_uvicorn(), forget(), undo()))


def _uvicorn(runtime: Runtime) -> None:
    from otel_distro.http.server import phases

    undo = phases.ask_uvicorn()
    runtime.on_close("uvicorn's phases", lambda _seconds: undo())


def _messages(runtime: Runtime) -> None:
    from otel_distro.messaging import install

    settings = runtime.settings
    close = install.install(settings.messaging, settings.http, runtime.switched_off)
    runtime.on_close("messages", lambda _seconds: close())


def _follow_middleware(runtime: Runtime) -> None:
    from otel_distro.http.server import adopting

    undo = adopting.follow()
    runtime.on_close("asgi-correlation-id", lambda _seconds: undo())


def _fastapi(runtime: Runtime) -> None:
    from otel_distro.http.server import fastapi

    fastapi.prepare()
    runtime.on_close("FastAPI's class", lambda _seconds: fastapi.undo())


def _served() -> None:
    """An application has met its first scope: of a server, or of whatever else runs applications."""
    if SERVERS.intersection(sys.modules):
        begin_to_serve()


def _termination(runtime: Runtime) -> None:
    """Hear of every way in which the process ends, and of the server's start."""
    from otel_distro.http.server import lifespan

    handler = termination.install(runtime)
    hooks = (
        (lifespan.on_application_built, handler.install),
        (lifespan.on_serving, _served),
        (lifespan.on_serving, runtime.announce),
        (lifespan.on_lifespan_startup, runtime.allowance.renew),
        (lifespan.on_lifespan_shutdown, runtime.flush_at_end),
    )
    for callbacks, callback in hooks:
        callbacks.append(callback)

    def unhook(_seconds: float) -> None:
        for callbacks, callback in hooks:
            callbacks.remove(callback)

    runtime.on_close("lifespan", unhook)
