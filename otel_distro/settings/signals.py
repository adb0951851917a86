# SPDX-License-Identifier: Apache-2.0
"""Where the signals go: exporters, OTLP, queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import addresses, casts, choices
from otel_distro.settings.declare import EMPTY, group, variable
from otel_distro.settings.urls import without_credentials

MINUTE_MILLIS = 60_000
HOUR_MILLIS = 3_600_000


@dataclass(frozen=True)
class QueueSettings:
    """The bounded queue between the application and an exporter."""

    max_queue_size: int = variable(
        "OTEL_{queue}_MAX_QUEUE_SIZE",
        casts.integer(1, 10_000_000),
        2048,
        "Records that wait for export at most; further ones are dropped and counted.",
    )
    max_export_batch_size: int = variable(
        "OTEL_{queue}_MAX_EXPORT_BATCH_SIZE",
        casts.integer(1, 10_000_000),
        512,
        "Records in one request at most; not more than the queue holds.",
    )
    schedule_delay_millis: int = variable(
        "OTEL_{queue}_SCHEDULE_DELAY",
        casts.integer(1, HOUR_MILLIS, "milliseconds"),
        5000,
        "Milliseconds between two exports.",
    )
    export_timeout_millis: int = variable(
        "OTEL_{queue}_EXPORT_TIMEOUT",
        casts.integer(1, HOUR_MILLIS, "milliseconds"),
        30_000,
        "Milliseconds that one batch may take, retries included.",
    )


def _otlp(suffix: str, cast: casts.Cast, default: Any, doc: str, **more: Any) -> Any:
    """Declare an OTLP variable: the signal's own name wins over the general one."""
    name, general = f"OTEL_EXPORTER_OTLP_{{signal}}_{suffix}", f"OTEL_EXPORTER_OTLP_{suffix}"
    return variable(name, cast, default, doc, older=(general,), **more)


@dataclass(frozen=True)
class OtlpSettings:
    """How one signal travels to the collector.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    """

    protocol: str = _otlp("PROTOCOL", casts.one_of("http/protobuf", "grpc"), "http/protobuf", "The transport.")
    endpoint: str = _otlp(
        "ENDPOINT",
        addresses.endpoint,
        "http://localhost:4318",
        "The collector's URL. The signal's own is used as it is; to the general one `/v1/<signal>` is added (HTTP). "
        "A user and password in it are sent as `Authorization: Basic`. gRPC also takes `collector:4317`, `dns:///…`, `unix:…`.",
        default_text="http://localhost:4318 (4317 for gRPC)",
        credentials=True,
        cast_by="protocol",
    )
    headers: Mapping[str, str] = _otlp(
        "HEADERS", casts.header_pairs, EMPTY, "Headers as `key=value` pairs, comma-separated.", secret=True
    )
    timeout_seconds: float = _otlp(
        "TIMEOUT", casts.number(0.001, 3600, "seconds"), 10.0, "Seconds for one request (OpenTelemetry Python's unit)."
    )
    compression: str = _otlp(
        "COMPRESSION", casts.one_of("none", "gzip", "deflate"), "none", "Compression of the request's body."
    )
    certificate: str | None = _otlp("CERTIFICATE", casts.text, None, "File with the CA certificates to trust.")
    client_key: str | None = _otlp("CLIENT_KEY", casts.text, None, "File with the client's private key.")
    client_certificate: str | None = _otlp(
        "CLIENT_CERTIFICATE", casts.text, None, "File with the client's certificate."
    )
    insecure: bool = _otlp("INSECURE", casts.boolean, False, "gRPC without TLS when the endpoint has no scheme.")
    proxy: str | None = field(default=None, repr=False)  # the one that stands in between; follows from `ProxySettings`

    @property
    def address(self) -> str:
        """The endpoint as it may be shown: without credentials and query."""
        return without_credentials(self.endpoint.partition("?")[0])


@dataclass(frozen=True)
class TraceSettings:
    """Traces."""

    exporters: tuple[str, ...] = variable(
        "OTEL_TRACES_EXPORTER", casts.exporters, ("otlp",), "Exporters of spans, comma-separated, or `none`."
    )
    otlp: OtlpSettings = group(OtlpSettings, signal="TRACES")
    queue: QueueSettings = group(QueueSettings, queue="BSP")


@dataclass(frozen=True)
class MetricSettings:
    """Metrics."""

    exporters: tuple[str, ...] = variable(
        "OTEL_METRICS_EXPORTER",
        casts.exporters,
        ("prometheus",),
        "`prometheus` serves /metrics on the admin port, `otlp` pushes; both may be given; or `none`.",
    )
    otlp: OtlpSettings = group(OtlpSettings, signal="METRICS")
    export_interval_millis: int = variable(
        "OTEL_METRIC_EXPORT_INTERVAL",
        casts.integer(1, HOUR_MILLIS, "milliseconds"),
        MINUTE_MILLIS,
        "Milliseconds between two pushes of metrics.",
    )
    cardinality_limit: int = variable(
        "OTEL_DISTRO_METRICS_CARDINALITY_LIMIT",
        casts.integer(1, 1_000_000),
        2000,
        "Attribute sets per instrument at most; the rest goes into one series with `otel_metric_overflow`.",
    )
    prefix: str = variable(
        "OTEL_DISTRO_METRICS_PREFIX",
        casts.metric_name,
        "",
        "Begins the name of every instrument's metric on /metrics, an underscore follows; the dashboards know none.",
    )
    resource_labels: tuple[str, ...] = variable(
        "OTEL_DISTRO_METRICS_RESOURCE_LABELS",
        casts.names,
        (),
        "Resource attributes that become labels of every instrument's series; `*` stands for any characters.",
    )
    scope_labels: bool = variable(
        "OTEL_DISTRO_METRICS_SCOPE_LABELS", casts.boolean, False, "Adds the `otel_scope_*` labels to every series."
    )
    legacy_http_names: tuple[str, ...] = variable(
        "OTEL_DISTRO_METRICS_LEGACY_HTTP_NAMES",
        choices.legacy_http_names,
        (),
        "Also serves `http_requests_total`, `http_request_duration_seconds`, `http_requests_in_progress`: `true` for the labels "
        "`method,endpoint,status_code`, another list of labels, or `prometheus-fastapi-instrumentator`.",
        default_text="false",
    )
    worker_timeout_seconds: float = variable(
        "OTEL_DISTRO_METRICS_WORKER_TIMEOUT_SECONDS",
        casts.number(0.01, 10, "seconds"),
        0.5,
        "Seconds that a scrape waits for a worker; after that its last samples are served.",
    )
    multiprocess_dir: str | None = variable(
        "PROMETHEUS_MULTIPROC_DIR",
        casts.text,
        None,
        "`prometheus_client` merges its processes in files of this folder: its metrics are not on the admin port then.",
    )
    internal_metrics: bool = variable(
        "OTEL_DISTRO_METRICS_INTERNAL", casts.boolean, True, "Serves the distribution's own metrics (`otel_sdk_*`, …)."
    )
