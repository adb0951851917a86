# SPDX-License-Identifier: Apache-2.0
"""Variables that the OpenTelemetry SDK reads: checked and documented here, obeyed there."""

from __future__ import annotations

from otel_distro import casts
from otel_distro.variables.declare import Variable

_COUNT = casts.integer(0, 2_147_483_647)
_SAMPLERS = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
_LIMITS = (
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", "Attributes per span, event, link or log record at most."),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "Characters of an attribute's value at most."),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "Attributes per span at most."),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "Characters of a span attribute's value at most."),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "Events per span at most."),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "Links per span at most."),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "Attributes per event at most."),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "Attributes per link at most."),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "Attributes per log record at most."),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "Characters of a log record attribute's value at most."),
)

SDK_VARIABLES: tuple[Variable, ...] = (
    Variable(
        "OTEL_TRACES_SAMPLER",
        casts.text,
        "The sampler: " + ", ".join(_SAMPLERS) + ", or the entry point of another.",
        default_text="parentbased_always_on",
    ),
    Variable("OTEL_TRACES_SAMPLER_ARG", casts.text, "Its argument, such as the ratio 0.1."),
    Variable("OTEL_PROPAGATORS", casts.names, "Propagators, comma-separated.", default_text="tracecontext,baggage"),
    Variable("OTEL_PYTHON_ID_GENERATOR", casts.text, "The generator of ids.", default_text="random"),
    Variable(
        "OTEL_METRICS_EXEMPLAR_FILTER",
        casts.one_of("always_on", "always_off", "trace_based"),
        "Which measurements become exemplars.",
        default_text="trace_based",
    ),
    Variable(
        "OTEL_METRIC_EXPORT_TIMEOUT", casts.number(1, 3_600_000), "Milliseconds for one push.", default_text="30000"
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        casts.one_of("cumulative", "delta", "lowmemory"),
        "Temporality of pushed metrics.",
        default_text="cumulative",
    ),
    Variable(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        casts.names,
        "Instrumentations that are not loaded, comma-separated; `*` for all.",
    ),
    Variable("OTEL_PYTHON_DISTRO", casts.text, "The distribution that the launcher loads.", default_text="otel_distro"),
    Variable("OTEL_PYTHON_CONFIGURATOR", casts.text, "Its configurator.", default_text="otel_distro"),
    Variable("OTEL_SEMCONV_STABILITY_OPT_IN", casts.names, "Semantic conventions.", default_text="http"),
    *(Variable(name, _COUNT, doc) for name, doc in _LIMITS),
)
