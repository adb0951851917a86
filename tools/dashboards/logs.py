# SPDX-License-Identifier: Apache-2.0
"""Logs: recent lines, volume, errors, and one trace's lines across services."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.board import SERVICE_LOGS, Board, Logs, Metric, service_variables

_TEXT = " |~ `(?i)$search`"

logs = Board(
    "otel-logs",
    "Logs",
    "Log lines of services: volume, errors, and the lines of one trace across all services.",
    {
        "Volume": (
            Metric(
                "Lines per second, by level",
                "Levels are metadata of each line, so no line is parsed for this.",
                "short",
                {"{{level}}": f"sum by (level) (rate({SERVICE_LOGS} [$__auto]))"},
                stacked=True,
                logs=True,
            ),
            Metric(
                "Errors per second, by service",
                "Lines of level error and critical.",
                "short",
                {
                    "{{service_name}}": f'sum by (service_name) (rate({SERVICE_LOGS} | level=~"error|critical" [$__auto]))'
                },
                logs=True,
            ),
            Metric(
                "Bytes per second, by service",
                "What a service costs in Loki.",
                "Bps",
                {"{{service_name}}": f"sum by (service_name) (bytes_rate({SERVICE_LOGS} [$__auto]))"},
                logs=True,
            ),
            Metric(
                "Slow requests per second",
                "Access events with a duration above one second.",
                "short",
                {
                    "{{service_name}} {{route}}": f"sum by (service_name, route) (rate({SERVICE_LOGS} | duration_ms > 1000 [$__auto]))"
                },
                logs=True,
            ),
        ),
        "Lines": (
            Logs(
                "Recent lines",
                "Lines that contain the search text. Open a line, then “Open the trace”.",
                SERVICE_LOGS + _TEXT,
            ),
            Logs("Errors", "Lines of level error and critical.", SERVICE_LOGS + ' | level=~"error|critical"' + _TEXT),
            Logs(
                "One trace, all services",
                "Every line of the trace whose id is in the field above, whatever service wrote it.",
                '{service_name=~".+"} | trace_id=`$trace`',
            ),
        ),
    },
    (
        *service_variables("up"),
        dashboard.TextBoxVariable("search").label("Search").default_value(""),
        dashboard.TextBoxVariable("trace").label("Trace id").default_value("00000000000000000000000000000000"),
    ),
)
