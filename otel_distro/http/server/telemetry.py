# SPDX-License-Identifier: Apache-2.0
"""What all requests of one application share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import Tracer

from otel_distro.ground.asgi import Scope
from otel_distro.http.correlation import Policy
from otel_distro.http.installation import AccessEvent
from otel_distro.http.server.endings import Endings
from otel_distro.http.server.extras import ServerExtras
from otel_distro.http.server.metrics import ServerMetrics
from otel_distro.http.server.routes import NoReport
from otel_distro.http.spans import starter

SpanDetails = Callable[[Scope], tuple[str, dict[str, Any]]]


class ServerTelemetry:
    """What all requests of an application share.

    Attributes:
        start_span: Starts the span of a request; a root takes the caller's trace id, if it asked for one.
        endings: How requests end, by their outcome.
        report: Makes the object that the router tells the route to.
        details: Finds name and attributes by matching all routes, where they must be known before the router ran.
        extras: Hooks, captured headers and message spans, if any were asked for.
        access: Takes the access event; None if there is none.
        started: Takes the event of a request's begin; None if there is none.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        tracer: Tracer,
        metrics: ServerMetrics,
        policy: Policy,
        *,
        report: Callable[[str], Any] = NoReport,
        details: SpanDetails | None = None,
        extras: ServerExtras | None = None,
        access: AccessEvent | None = None,
        started: AccessEvent | None = None,
    ) -> None:
        self.start_span = starter(tracer)
        self.metrics = metrics
        self.endings = Endings(metrics)
        self.policy = policy
        self.report = report
        self.details = details
        self.extras = extras
        self.access = access
        self.started = started

    def detailed_name(self, scope: Scope, report: Any, attributes: dict[str, Any]) -> str:
        """Return the name that a span starts with where the route must be known from the start."""
        name, more = self.details(scope) if self.details is not None else ("HTTP", {})
        report.route = more.get("http.route")
        attributes.update(more)
        return name
