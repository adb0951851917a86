# SPDX-License-Identifier: Apache-2.0
"""Variables that the OpenTelemetry SDK reads: checked and documented here, obeyed there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_distro.settings import casts
from otel_distro.settings.components import component, components
from otel_distro.settings.declare import Contradiction, Variable

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

_CONVENTIONS = (  # of the specification; those without an effect here may be meant for other languages
    "http",
    "database",
    "messaging",
    "rpc",
    "code",
    "k8s",
    "jvm",
    "system",
    "hardware",
    "gen_ai",
    "gen_ai_latest_experimental",
    "default",
)
_CAPTURED = "Headers that become attributes of spans, comma-separated: names or regular expressions."

WITH_RATIO = frozenset({"traceidratio", "parentbased_traceidratio"})
WITHOUT_ARGUMENT = frozenset(_SAMPLERS) - WITH_RATIO


def contradictions(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Yield each variable that does not fit another, with what was expected."""
    ratio, sampler = values["OTEL_TRACES_SAMPLER_ARG"], values["OTEL_TRACES_SAMPLER"]
    if ratio is not None and sampler in WITH_RATIO:
        try:
            casts.number(0, 1)(ratio)
        except ValueError as error:
            yield Contradiction("OTEL_TRACES_SAMPLER_ARG", f"{error}, the ratio of {sampler}", "using 1")


def _conventions(value: str) -> tuple[str, ...]:
    """Take the opt-ins of semantic conventions, each also as `…/dup`."""
    known = {*_CONVENTIONS, *(f"{name}/dup" for name in _CONVENTIONS)}

    def check(name: str) -> None:
        if name not in known:
            raise ValueError(f"a list of {', '.join(_CONVENTIONS[:-1])}, each also as …/dup, but {name!r} is none")

    return casts.listed(value.lower(), check)


def ratio_is_missing(environ: Mapping[str, str]) -> bool:
    """Whether the SDK would warn that it takes 1.0, where the specification says that it is the default."""
    return environ.get("OTEL_TRACES_SAMPLER") in WITH_RATIO and not environ.get("OTEL_TRACES_SAMPLER_ARG")


SDK_VARIABLES: tuple[Variable, ...] = (
    Variable(
        "OTEL_TRACES_SAMPLER",
        component("opentelemetry_traces_sampler", *_SAMPLERS),
        "The sampler: " + ", ".join(_SAMPLERS) + ", or the entry point of another.",
        default_text="parentbased_always_on",
    ),
    Variable("OTEL_TRACES_SAMPLER_ARG", casts.text, "Its argument, such as the ratio 0.1."),
    Variable(
        "OTEL_PROPAGATORS",
        components("opentelemetry_propagator", "tracecontext", "baggage", "none", made=True),
        "Propagators, comma-separated, or `none`.",
        default_text="tracecontext,baggage",
    ),
    Variable(
        "OTEL_PYTHON_ID_GENERATOR",
        component("opentelemetry_id_generator", "random", made=True),
        "The generator of ids.",
        default_text="random",
    ),
    Variable(
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
        components("opentelemetry_resource_detector", "otel", "service_instance", "process", "os", "host", "*"),
        "What finds out further attributes of the resource, comma-separated: process, os, host, or of other packages.",
        default_text="service_instance,otel",
    ),
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
    Variable("OTEL_SEMCONV_STABILITY_OPT_IN", _conventions, "Semantic conventions.", default_text="http"),
    Variable("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", casts.patterns, _CAPTURED),
    Variable("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE", casts.patterns, _CAPTURED),
    Variable("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST", casts.patterns, _CAPTURED),
    Variable("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE", casts.patterns, _CAPTURED),
    Variable(
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS",
        casts.patterns,
        "Captured headers whose values are replaced, comma-separated: names or regular expressions.",
    ),
    Variable(
        "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
        casts.names,
        "HTTP methods that are told by name, comma-separated, case-sensitive; others are `_OTHER`.",
        default_text="those of the standards",
    ),
    Variable(
        "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED",
        casts.boolean,
        "The SDK's own metrics about itself, for pushed ones.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        casts.one_of("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
        "Aggregation of pushed histograms.",
        default_text="explicit_bucket_histogram",
    ),
    Variable(
        "OTEL_PYTHON_TRACER_CONFIGURATOR",
        component("_opentelemetry_tracer_configurator"),
        "Which tracers are on: the entry point of a configurator.",
    ),
    Variable(
        "OTEL_PYTHON_METER_CONFIGURATOR",
        component("_opentelemetry_meter_configurator"),
        "Which meters are on: the entry point of a configurator.",
    ),
    Variable(
        "OTEL_PYTHON_LOGGER_CONFIGURATOR",
        component("_opentelemetry_logger_configurator"),
        "Which OTLP loggers are on: the entry point of a configurator.",
    ),
    Variable(
        "OTEL_PYTHON_EXPORTER_OTLP_GRPC_RETRYABLE_ERROR_CODES",
        casts.names,
        "Names of gRPC's status codes after which upstream's exporter tries again, comma-separated.",
    ),
    *(
        Variable(
            f"OTEL_PYTHON_EXPORTER_OTLP_{transport}_{signal}CREDENTIAL_PROVIDER",
            casts.text,
            "Entry point that gives upstream's exporters their session or credentials.",
        )
        for transport in ("HTTP", "GRPC")
        for signal in ("", "TRACES_", "METRICS_", "LOGS_")
    ),
    *(
        Variable(
            f"OTEL_PYTHON_{kind.upper()}_PROVIDER",
            component(f"opentelemetry_{kind}_provider", f"default_{kind}_provider", f"sdk_{kind}_provider"),
            "Entry point of the API's provider, until ours is set.",
        )
        for kind in ("tracer", "meter", "logger")
    ),
    Variable(
        "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS",
        casts.boolean,
        "Keeps the names of HTTP methods that no standard knows, in instrumentations of contrib's beside ours.",
    ),
    Variable(
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        casts.boolean,
        "Adds the SDK's handler to the root logger. Not needed: OTEL_LOGS_EXPORTER exports every event once.",
    ),
    Variable(
        "OTEL_PYTHON_CONTEXT",
        component("opentelemetry_context", "contextvars_context"),
        "How the API keeps the context.",
        default_text="contextvars_context",
    ),
    Variable(
        "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH",
        casts.one_of("patch_all"),
        "Has upstream's launcher patch the standard library for gevent.",
    ),
    *(Variable(name, _COUNT, doc) for name, doc in _LIMITS),
)
