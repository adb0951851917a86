# SPDX-License-Identifier: Apache-2.0
"""The quick way to a span for instrumentation of our own."""

from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import SpanContext, SpanKind
from opentelemetry.trace import Tracer as ApiTracer

from otel_distro.tracing.tracer import Tracer


def start_trusted_span(  # noqa: PLR0913, PLR0917 - what a span is made of
    tracer: ApiTracer,
    name: str,
    context: Context,
    parent: SpanContext | None,
    kind: SpanKind,
    attributes: dict[str, Any],
) -> ApiSpan:
    """Start a span whose parts are known to be right.

    Args:
        tracer: any tracer; one of ours takes the short way, any other its ordinary one.
        name: the span's name.
        context: the context that holds the parent, for samplers and processors that look at it.
        parent: the parent's span context as it stands in `context`; None, or an invalid one, makes a root span.
        kind: the span's kind.
        attributes: names and str, bool, int or float values, fewer than the limits allow. The span keeps this very dict:
            who calls may go on writing to it until the span ends, and must not use it for another span.

    """
    if type(tracer) is Tracer:
        return tracer.start_trusted(name, context, parent, kind, attributes)
    return tracer.start_span(name, context, kind, attributes)
