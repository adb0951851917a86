# SPDX-License-Identifier: Apache-2.0
"""Inference and the translation pipeline: metrics that the applications define themselves."""

from dashboards.board import SERVICE, SERVICE_LOGS, Board, Logs, Metric, service_variables

_LLM = "llm_api_latency_seconds"
_STAGE = "pipeline_stage_duration_seconds"
_END_TO_END = "pipeline_end_to_end_duration_seconds"


def _quantile(quantile: float, metric: str, by: str = "") -> str:
    return f"histogram_quantile({quantile}, sum by (le{by}) (rate({metric}_bucket{{{SERVICE}}}[$__rate_interval])))"


_MODEL = ", provider, model"

inference = Board(
    "otel-inference",
    "Inference",
    "How often models are called, how long they take, and what they log.",
    {
        "Model": (
            Metric(
                "Model calls per second",
                "Calls by provider and model.",
                "reqps",
                {
                    "{{provider}} {{model}}": f"sum by (provider, model) (rate({_LLM}_count{{{SERVICE}}}[$__rate_interval]))"
                },
            ),
            Metric(
                "Model latency",
                "p50, p95 and p99 of llm_api_latency_seconds over all models.",
                "s",
                {f"p{round(q * 100)}": _quantile(q, _LLM) for q in (0.5, 0.95, 0.99)},
            ),
            Metric(
                "p95 latency, by model",
                "95 of 100 calls of the model were faster.",
                "s",
                {"{{provider}} {{model}}": _quantile(0.95, _LLM, _MODEL)},
            ),
            Metric(
                "Time in the model, by log line",
                "Mean of inference_time_ms of the log lines: the same time as the application logged it.",
                "ms",
                {
                    "{{service_name}} {{model}}": f"avg by (service_name, model) (avg_over_time({SERVICE_LOGS} "
                    "| inference_time_ms!=`` | unwrap inference_time_ms [$__auto]))"
                },
                logs=True,
            ),
        ),
        "Service": (
            Metric(
                "Instances that answer",
                "Targets that Prometheus reaches. InferenceServiceDown fires at 0 for services named …inference….",
                "short",
                {"{{app}}": f"sum by (app) (up{{{SERVICE}}})"},
            ),
            Metric(
                "Failed requests",
                "Share of requests answered with 5xx.",
                "percentunit",
                {
                    "{{app}}": "sum by (app) (namespace_app:http_server_errors:rate5m{" + SERVICE + "})"
                    " / sum by (app) (namespace_app:http_server_requests:rate5m{" + SERVICE + "})"
                },
                {0.05: "red"},
            ),
        ),
        "Logs": (Logs("Lines", "All lines of the chosen services.", SERVICE_LOGS),),
    },
    service_variables(f"{_LLM}_count"),
)

pipeline = Board(
    "otel-pipeline",
    "Pipeline",
    "The translation pipeline from end to end, its stages, and the queues between them.",
    {
        "End to end": (
            Metric(
                "End to end latency",
                "From the first to the last stage. HighTranslationLatency fires at p95 2 s for 5 minutes.",
                "s",
                {f"p{round(q * 100)}": _quantile(q, _END_TO_END) for q in (0.5, 0.95, 0.99)},
                {2: "orange"},
            ),
            Metric(
                "Finished per second",
                "Translations that reached the last stage.",
                "ops",
                {"{{app}}": f"sum by (app) (rate({_END_TO_END}_count{{{SERVICE}}}[$__rate_interval]))"},
            ),
        ),
        "Stages": (
            Metric(
                "p95 of each stage",
                "Where the time goes.",
                "s",
                {"{{stage}}": _quantile(0.95, _STAGE, ", stage")},
            ),
            Metric(
                "Errors per second",
                "errors_total of the applications, by component and type.",
                "ops",
                {
                    "{{component}} {{error_type}}": f"sum by (component, error_type) (rate(errors_total{{{SERVICE}}}[$__rate_interval]))"
                },
            ),
        ),
        "Queues": (
            Metric(
                "Kafka consumer lag",
                "Messages that wait for a consumer group. KafkaConsumerLagHigh fires at 1000 for 5 minutes.",
                "short",
                {
                    "{{consumer_group}} {{topic}}": 'max by (topic, consumer_group) (kafka_consumer_lag{namespace=~"$namespace"})'
                },
                {1000: "orange"},
                width=24,
            ),
        ),
        "Logs": (
            Logs("Errors", "Log lines of level error and critical.", SERVICE_LOGS + ' | level=~"error|critical"'),
        ),
    },
    service_variables(f"{_END_TO_END}_count"),
)
