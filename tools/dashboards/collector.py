# SPDX-License-Identifier: Apache-2.0
"""Collector and Loki: whether telemetry arrives, and what is lost on the way."""

from dashboards.board import Board, Metric, query_variable

_POD = 'namespace=~"$namespace"'


def _sum(metric: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}{{{_POD}}}[$__rate_interval]))"


collector = Board(
    "otel-collector",
    "Collector health",
    "What the Collectors take in, send on, queue, refuse and lose; and what Loki refuses.",
    {
        "Flow": (
            Metric(
                "Log records in and out",
                "Accepted by receivers, sent by exporters.",
                "short",
                {
                    "{{app}} in {{receiver}}": _sum("otelcol_receiver_accepted_log_records_total", "app", "receiver"),
                    "{{app}} out {{exporter}}": _sum("otelcol_exporter_sent_log_records_total", "app", "exporter"),
                },
            ),
            Metric(
                "Spans in and out",
                "Accepted by receivers, sent by exporters.",
                "short",
                {
                    "{{app}} in {{receiver}}": _sum("otelcol_receiver_accepted_spans_total", "app", "receiver"),
                    "{{app}} out {{exporter}}": _sum("otelcol_exporter_sent_spans_total", "app", "exporter"),
                },
            ),
            Metric(
                "Queue",
                "How full the queue on disk is. It grows while the destination is away.",
                "percentunit",
                {
                    "{{app}} {{pod}} {{exporter}}": f"otelcol_exporter_queue_size{{{_POD}}} / otelcol_exporter_queue_capacity{{{_POD}}}"
                },
                {0.5: "orange", 0.8: "red"},
            ),
            Metric(
                "Refused and failed per second",
                "Refused: the sender tries again. Failed: the destination refused for good, the records are lost.",
                "short",
                # One query each: under one rate() the signals of a receiver would have the same labels.
                {
                    f"{{{{app}}}} {what} {signal}": _sum(f"otelcol_{metric}_{signal}_total", "app", by)
                    for what, metric, by in (
                        ("refused", "receiver_refused", "receiver"),
                        ("failed", "exporter_send_failed", "exporter"),
                    )
                    for signal in ("log_records", "spans", "metric_points")
                },
                {0.001: "red"},
            ),
        ),
        "Process": (
            Metric(
                "Memory",
                "Resident memory of each Collector.",
                "bytes",
                {"{{app}} {{pod}}": f"otelcol_process_memory_rss_bytes{{{_POD}}}"},
            ),
            Metric(
                "CPU",
                "Processor seconds per second of each Collector.",
                "short",
                {"{{app}} {{pod}}": _sum("otelcol_process_cpu_seconds_total", "app", "pod")},
            ),
        ),
        "Loki": (
            Metric(
                "Discarded lines per second",
                "What Loki refused for good, by reason. LokiDiscardsLogs fires above 0.",
                "short",
                {"{{reason}}": _sum("loki_discarded_samples_total", "reason")},
                {0.001: "red"},
            ),
            Metric(
                "Received by Loki",
                "Bytes per second that Loki took.",
                "Bps",
                {"received": _sum("loki_distributor_bytes_received_total", "namespace")},
            ),
            Metric(
                "Streams",
                "Streams in memory; restarts and requests must not make them more.",
                "short",
                {"streams": f"sum(loki_ingester_memory_streams{{{_POD}}})"},
            ),
            Metric(
                "Failing requests",
                "Share of Loki's answers that are 5xx. LokiRequestErrors fires at 10 % for 10 minutes.",
                "percentunit",
                {
                    "{{route}}": f'(sum by (route) (rate(loki_request_duration_seconds_count{{{_POD}, status_code=~"5.."}}[$__rate_interval]))'
                    f" or 0 * {_sum('loki_request_duration_seconds_count', 'route')})"
                    f" / {_sum('loki_request_duration_seconds_count', 'route')}"
                },
                {0.1: "red"},
            ),
        ),
    },
    (query_variable("namespace", "Namespace", "label_values(otelcol_process_uptime_seconds_total, namespace)"),),
)
