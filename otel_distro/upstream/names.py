# SPDX-License-Identifier: Apache-2.0
"""Every private name of other packages that this package stands on, by owner (`module` or `module:class`).

Nothing imports this at run time. `tests/unit/upstream/test_names.py` looks each of them up in what is installed, functions
with the names of their parameters, and finds that there are no others: when a new version of upstream moves one, a test of its name says
which. A `?` marks what only some of the supported versions have; where it is missing, the code does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PRIVATE: Final[Mapping[str, str]] = {
    # The launcher, the configurator, contrib.
    "opentelemetry.util._importlib_metadata": "entry_points(**params) EntryPoint",
    "opentelemetry.instrumentation.auto_instrumentation._load": "_load_instrumentors(distro)",
    "opentelemetry.instrumentation.dependencies:DependencyConflict": "_log(self, logger, instrumentor_name)",
    "opentelemetry.instrumentation.distro:BaseDistro": "_configure(self, **kwargs)",
    "opentelemetry.sdk._configuration:_BaseConfigurator": "_configure(self, **kwargs)",
    "opentelemetry.sdk._configuration:_OTelSDKConfigurator": "_configure(self, **kwargs)",
    "opentelemetry.instrumentation._semconv": "_OpenTelemetryStabilitySignalType _StabilityMode",
    "opentelemetry.instrumentation._semconv:_OpenTelemetrySemanticConventionStability": (
        "_initialize() _initialized _get_opentelemetry_stability_opt_in_mode(signal_type)"
    ),
    "opentelemetry.instrumentation.instrumentor:BaseInstrumentor": (
        "_instance _is_instrumented_by_opentelemetry _instrument(self, **kwargs) _uninstrument(self, **kwargs)"
    ),
    "opentelemetry.instrumentation.fastapi:FastAPIInstrumentor": "_original_fastapi",
    "opentelemetry.instrumentation.fastapi:_InstrumentedFastAPI": "_instrument_kwargs",
    "opentelemetry.instrumentation.httpx:HTTPXClientInstrumentor": "_module? _module_name?",
    "opentelemetry.util.http:ExcludeList": "_excluded_urls",
    "wrapt:FunctionWrapper": "_self_wrapper",
    # The API.
    "opentelemetry.context": "_RUNTIME_CONTEXT _SUPPRESS_INSTRUMENTATION_KEY _SUPPRESS_HTTP_INSTRUMENTATION_KEY",
    "opentelemetry.context.contextvars_context:ContextVarsRuntimeContext": "_current_context",
    "opentelemetry.trace.propagation": "_SPAN_KEY",
    "opentelemetry.baggage": "_BAGGAGE_KEY",
    "opentelemetry.propagators.composite:CompositePropagator": "_propagators",
    "opentelemetry.attributes:BoundedAttributes": "_dict _set_items?(self, attributes)",
    # The SDK's spans: ours are of its class, and keep what it keeps under the same names.
    "opentelemetry.sdk.trace:_Span": (
        "_name _context _parent _kind _attributes _resource _instrumentation_scope _limits _span_processor _lock "
        "_start_time _end_time _events _links _status _record_exception _set_status_on_exception _instrumentation_info "
        "_sampler _trace_config _record_end_metrics? _add_event _add_link _new_links(self, links) "
        "_readable_span(self)"
    ),
    "opentelemetry.sdk.trace:TracerProvider": "_tracers? _tracers_lock? _active_span_processor _resource",
    "opentelemetry.sdk.trace:Tracer": "_span_limits _tracer_metrics? _tracer_config? _is_enabled?(self)",
    "opentelemetry.sdk.trace:SpanProcessor": "_on_ending(self, span)",
    "opentelemetry.sdk.trace:SynchronousMultiSpanProcessor": "_span_processors _lock _on_ending(self, span)",
    "opentelemetry.sdk.trace": "_UnsetLimits",
    "opentelemetry.sdk.trace._tracer_metrics": "NoOpTracerMetrics",
    "opentelemetry.sdk.trace.sampling": "_AlwaysOff _AlwaysOn _ParentBasedAlwaysOff _ParentBasedAlwaysOn",
    "opentelemetry.sdk.trace.sampling:StaticSampler": "_decision",
    "opentelemetry.sdk.trace.sampling:ParentBased": (
        "_root _remote_parent_sampled _remote_parent_not_sampled _local_parent_sampled _local_parent_not_sampled"
    ),
    # The SDK's exporters.
    "opentelemetry.sdk.trace.export:BatchSpanProcessor": "_batch_processor",
    "opentelemetry.sdk._logs.export:BatchLogRecordProcessor": "_batch_processor",
    "opentelemetry.sdk._shared_internal:BatchProcessor": (
        "_exporter _queue _shutdown _shutdown_timeout_exceeded _worker_awaken"
    ),
    "opentelemetry.exporter.otlp.proto.http.trace_exporter:OTLPSpanExporter": "_endpoint",
    "opentelemetry.sdk.metrics.export:PeriodicExportingMetricReader": "_exporter _export_timeout_millis",
    "opentelemetry.sdk._logs:LoggerProvider": "_multi_log_record_processor",
    "opentelemetry.sdk._logs._internal:SynchronousMultiLogRecordProcessor": "_log_record_processors",
    # The SDK's metrics.
    "opentelemetry.sdk.metrics:MeterProvider": "_metric_readers?",
    "opentelemetry.sdk.metrics._internal.metric_reader_storage": "_ViewInstrumentMatch",
    "opentelemetry.sdk.metrics._internal.metric_reader_storage:MetricReaderStorage": (
        "_lock _instrument_view_instrument_matches _get_or_init_view_instrument_match(self, instrument)"
    ),
    "opentelemetry.sdk.metrics._internal._view_instrument_match": "_hash_attributes?(value)",
    "opentelemetry.sdk.metrics._internal._view_instrument_match:_ViewInstrumentMatch": (
        "_view _name _description _instrument _lock _aggregation _attributes_aggregation _instrument_class_aggregation "
        "_cardinality_limit? _reset_on_collect? _previous_collection_start_nanos?"
    ),
    "opentelemetry.sdk.metrics._internal.aggregation": (
        "_ExplicitBucketHistogramAggregation _ExponentialBucketHistogramAggregation _SumAggregation"
    ),
    "opentelemetry.sdk.metrics._internal.aggregation:_Aggregation": "_lock",
    "opentelemetry.sdk.metrics._internal.aggregation:_SumAggregation": "_instrument_is_monotonic",
    "opentelemetry.sdk.metrics._internal.aggregation:_ExplicitBucketHistogramAggregation": "_boundaries",
    "opentelemetry.sdk.metrics._internal.aggregation:DefaultAggregation": (
        "_create_aggregation(self, instrument, attributes, reservoir_factory, start_time_unix_nano)"
    ),
    "opentelemetry.sdk.metrics._internal.measurement": "Measurement",
    "opentelemetry.sdk.metrics._internal.measurement_consumer:SynchronousMeasurementConsumer": (
        "_lock _async_instruments _reader_storages _sdk_config"
    ),
    "opentelemetry.sdk.metrics.view:View": "_attribute_keys _aggregation _exemplar_reservoir_factory",
    "opentelemetry.sdk.metrics.export:MetricReader": "_collect _instrument_class_aggregation _metrics? _receive_metrics(self, metrics_data, timeout_millis, **kwargs)",
    "opentelemetry.sdk.metrics:Counter": "_measurement_consumer _is_enabled?(self)",
    "opentelemetry.metrics._internal.instrument:_ProxyCounter": "_real_instrument",
    "opentelemetry.semconv._incubating.attributes.otel_attributes": "OtelComponentTypeValues",
    # Web.
    "fastapi.telemetry._api": "_RequestTelemetry? _REQUEST_TELEMETRY_KEY? _get_request_telemetry?(context)",
    "starlette.background:BackgroundTask": "_otel_original_call?",
    "httpx:URL": "_uri_reference",
    "httpx:Headers": "_list _encoding",
    "httpx:Client": "_transport _mounts",
    # Logging.
    "logging:Formatter": "_fmt",
    "logging:PercentStyle": "_defaults? _fmt",
    "logging:Logger": "_log(self, level, msg, args, exc_info, extra, stack_info, stacklevel)",
    "structlog._output": "stdout?",
    "structlog.contextvars": "_CONTEXT_VARS",
    "structlog._frames": "_find_first_app_frame_and_name(additional_ignores, *, stacklevel, _getframe)",
    "structlog._log_levels": "NAME_TO_LEVEL add_log_level(logger, method_name, event_dict)",
    "structlog.processors:JSONRenderer": "_dumps _dumps_kw",
    "structlog._base:BoundLoggerBase": (
        "_process_event(self, method_name, event, event_kw) _proxy_to_logger(self, method_name, event, **event_kw) "
        "_processors"
    ),
    "structlog._config": (
        "_CONFIG _BUILTIN_DEFAULT_PROCESSORS _BUILTIN_DEFAULT_WRAPPER_CLASS _BUILTIN_DEFAULT_LOGGER_FACTORY BoundLoggerLazyProxy"
    ),
    "structlog:PrintLogger": "_file",
    "loguru._colorizer": "Colorizer",
    "loguru._handler": "Message",
    "loguru._handler:Handler": (
        "_serialize_record(text, record) _sink _is_formatter_dynamic _serialize _formatter _levelno _filter"
    ),
    "loguru._simple_sinks:StreamSink": "_stream",
    # Others.
    "prometheus_client.registry:CollectorRegistry": "_collector_to_names",
    "prometheus_client.metrics": "_use_created",
    "prometheus_client:Counter": (
        "_name _type _documentation _unit _labelnames _lock _metrics _value _created _is_parent(self) _child_samples(self) "
        "_multi_samples(self) _samples(self)"
    ),
    "prometheus_client:Gauge": "_multiprocess_mode",
    "prometheus_client:Histogram": "_buckets _upper_bounds _sum",
    "prometheus_client:Summary": "_count",
    "prometheus_client.values:MutexValue": "_value _exemplar",
    "aiokafka:AIOKafkaConsumer": "_group_id _client _coordinator _auto_offset_reset",
    "aiokafka.client:AIOKafkaClient": "_client_id",
    "aiokafka:AIOKafkaProducer": "_value_serializer",
    "_queue": "SimpleQueue",
}

# They begin with an underscore and are documented all the same.
DOCUMENTED: Final = frozenset(
    (
        "opentelemetry._logs",
        "opentelemetry.sdk._logs",
        "_thread",
        "_exit",  # of os
        "_getframe",  # of sys
        "_asdict",  # of named tuples
        "_fields",
        "_replace",
        "_value_",  # of enumerations
    )
)
