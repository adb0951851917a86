# SPDX-License-Identifier: Apache-2.0
"""Application performance: what users of a service notice, and what it costs."""

from dashboards.board import SERVICE, SERVICE_LOGS, Board, Logs, Metric, service_variables
from dashboards.now import Stat, Worst

_REQUESTS = "http_server_request_duration_seconds_count"
_BUCKETS = "http_server_request_duration_seconds_bucket"
_CLIENT = "http_client_request_duration_seconds"


def _quantile(quantile: float, by: str = "") -> str:
    return f"histogram_quantile({quantile}, sum by (le{by}) (rate({_BUCKETS}{{{SERVICE}}}[$__rate_interval])))"


def _share(codes: str, by: str = "") -> str:
    """Return the share of answers with these status codes; without any, none, instead of nothing."""
    group = f" by ({by})" if by else ""
    some = f'sum{group} (rate({_REQUESTS}{{{SERVICE}, http_response_status_code=~"{codes}"}}[$__rate_interval]))'
    every = f"sum{group} (rate({_REQUESTS}{{{SERVICE}}}[$__rate_interval]))"
    return f"({some} or 0 * {every}) / {every}"


_NOW = (
    Stat(
        "Requests per second now",
        "Of all chosen services together.",
        "reqps",
        f"sum(rate({_REQUESTS}{{{SERVICE}}}[$__rate_interval]))",
    ),
    Stat(
        "5xx now", "Share of requests answered with 5xx.", "percentunit", _share("5.."), {0.01: "orange", 0.05: "red"}
    ),
    Stat("4xx now", "Share of requests answered with 4xx.", "percentunit", _share("4.."), {0.2: "orange"}),
    Stat("p95 now", "95 of 100 requests were faster.", "s", _quantile(0.95), {2: "orange", 5: "red"}),
    Stat("p99 now", "99 of 100 requests were faster.", "s", _quantile(0.99), {2: "orange", 5: "red"}),
    Stat(
        "In flight now",
        "Requests that have begun and not ended.",
        "short",
        f"sum(http_server_active_requests{{{SERVICE}}})",
    ),
)
_WORST = (
    Worst(
        "Slowest routes",
        "The ten routes with the highest p95 now.",
        "s",
        f"topk(10, {_quantile(0.95, ', app, http_request_method, http_route')})",
    ),
    Worst(
        "Failing routes",
        "The ten routes with most answers of 5xx per second now; empty where there are none.",
        "reqps",
        "topk(10, sum by (app, http_request_method, http_route) "
        f'(rate({_REQUESTS}{{{SERVICE}, http_response_status_code=~"5.."}}[$__rate_interval])))',
    ),
)
_TRAFFIC = (
    Metric(
        "Requests per second, by route",
        "Requests that got an answer, by route template and method.",
        "reqps",
        {
            "{{http_request_method}} {{http_route}}": f"sum by (http_request_method, http_route) "
            f"(rate({_REQUESTS}{{{SERVICE}}}[$__rate_interval]))"
        },
    ),
    Metric(
        "Failed requests",
        "Share of requests answered with 5xx. HighErrorRate fires at 5 % for 5 minutes.",
        "percentunit",
        {
            "{{app}}": _share("5..", "app"),
        },
        {0.05: "red"},
    ),
    Metric(
        "Latency",
        "Quantiles over all routes. A dot is one request with its trace. HighP99Latency fires at 2 s, SlowRequests at p95 5 s.",
        "s",
        {"p50": _quantile(0.5), "p95": _quantile(0.95), "p99": _quantile(0.99)},
        {2: "orange", 5: "red"},
    ),
    Metric(
        "p95 latency, by route",
        "95 of 100 requests of the route were faster.",
        "s",
        {"{{http_route}}": _quantile(0.95, ", http_route")},
    ),
    Metric(
        "Refused requests",
        "Share of requests answered with 4xx: callers that ask for what is not there, or may not.",
        "percentunit",
        {"{{app}}": _share("4..", "app")},
    ),
    Metric(
        "Requests in flight",
        "Requests that have begun and not ended, by method.",
        "short",
        {
            "{{app}} {{http_request_method}}": f"sum by (app, http_request_method) (http_server_active_requests{{{SERVICE}}})"
        },
    ),
    Metric(
        "Answers, by status code",
        "Answers per second by HTTP status code.",
        "reqps",
        {
            "{{http_response_status_code}}": f"sum by (http_response_status_code) (rate({_REQUESTS}{{{SERVICE}}}[$__rate_interval]))"
        },
        stacked=True,
    ),
)
_CALLS = (
    Metric(
        "Outgoing calls per second",
        "Calls made with httpx, by host.",
        "reqps",
        {
            "{{app}} → {{server_address}}": f"sum by (app, server_address) (rate({_CLIENT}_count{{{SERVICE}}}[$__rate_interval]))"
        },
    ),
    Metric(
        "p95 of outgoing calls",
        "How long the services behind take, as seen from here.",
        "s",
        {
            "{{app}} → {{server_address}}": f"histogram_quantile(0.95, sum by (app, server_address, le) "
            f"(rate({_CLIENT}_bucket{{{SERVICE}}}[$__rate_interval])))"
        },
    ),
)
_PROCESS = (
    Metric(
        "CPU",
        "Processor seconds per second, all workers of a pod together.",
        "short",
        {"{{app}} {{pod}}": f"sum by (app, pod) (rate(process_cpu_seconds_total{{{SERVICE}}}[$__rate_interval]))"},
    ),
    Metric(
        "Memory",
        "Resident memory, all workers of a pod together.",
        "bytes",
        {"{{app}} {{pod}}": f"sum by (app, pod) (process_resident_memory_bytes{{{SERVICE}}})"},
    ),
    Metric(
        "Event loop lag",
        "How late the event loop wakes up: synchronous work on it makes every request wait. EventLoopBlocked fires at 1 s.",
        "s",
        {"{{app}} {{pod}}": f"max by (app, pod) (otel_distro_event_loop_lag_seconds{{{SERVICE}}})"},
        {1: "red"},
    ),
    Metric(
        "Workers",
        "Worker processes behind the admin port, by state.",
        "short",
        {"{{app}} {{state}}": f"sum by (app, state) (otel_distro_workers{{{SERVICE}}})"},
    ),
    Metric(
        "Garbage collections per second",
        "Collections of Python's garbage collector, by generation.",
        "ops",
        {
            "{{app}} generation {{generation}}": f"sum by (app, generation) "
            f"(rate(python_gc_collections_total{{{SERVICE}}}[$__rate_interval]))"
        },
    ),
    Metric(
        "Open file descriptors",
        "Open files and connections of the process.",
        "short",
        {"{{app}} {{pod}}": f"sum by (app, pod) (process_open_fds{{{SERVICE}}})"},
    ),
)

application = Board(
    "otel-application",
    "Application performance",
    "Rate, errors and duration of HTTP services, their outgoing calls and their processes.",
    {
        "Now": _NOW,
        "Requests": _TRAFFIC,
        "Routes": _WORST,
        "Outgoing calls": _CALLS,
        "Process": _PROCESS,
        "Errors": (
            Logs("Errors", "Log lines of level error and critical.", SERVICE_LOGS + ' | level=~"error|critical"'),
        ),
    },
    service_variables(_REQUESTS),
)
