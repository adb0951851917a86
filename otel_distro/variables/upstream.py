# SPDX-License-Identifier: Apache-2.0
"""Variables that the OpenTelemetry SDK reads: checked and documented here, obeyed there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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

_WITH_RATIO = frozenset({"traceidratio", "parentbased_traceidratio"})


def _sampler(value: str) -> str:
    """Take one of the SDK's samplers, or the entry point of another."""
    if value not in _SAMPLERS:
        from otel_distro.upstream import entry_point_names  # the search is for those who name another

        known = entry_point_names("opentelemetry_traces_sampler")
        if value not in known:
            raise ValueError(f"one of {', '.join(sorted({*_SAMPLERS, *known}))}")
    return value


def contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each variable that does not fit another, with what was expected."""
    ratio, sampler = values["OTEL_TRACES_SAMPLER_ARG"], values["OTEL_TRACES_SAMPLER"]
    if ratio is not None and sampler in _WITH_RATIO:
        try:
            casts.number(0, 1)(ratio)
        except ValueError as error:
            yield "OTEL_TRACES_SAMPLER_ARG", f"{error}, the ratio of {sampler}"


def ratio_is_missing(environ: Mapping[str, str]) -> bool:
    """Whether the SDK would warn that it takes 1.0, where the specification says that it is the default."""
    return environ.get("OTEL_TRACES_SAMPLER") in _WITH_RATIO and not environ.get("OTEL_TRACES_SAMPLER_ARG")


SDK_VARIABLES: tuple[Variable, ...] = (
    Variable(
        "OTEL_TRACES_SAMPLER",
        _sampler,
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
