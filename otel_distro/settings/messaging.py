# SPDX-License-Identifier: Apache-2.0
"""Messages: what is believed of them, and how their processing is told."""

from __future__ import annotations

from collections.abc import Mapping

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts
from otel_distro.settings.declare import EMPTY, variable


@dataclass(frozen=True)
class MessagingSettings:
    """The instrumentation of Kafka's clients."""

    trust: bool = variable(
        "OTEL_DISTRO_TRUST_MESSAGES",
        casts.boolean,
        True,
        "Whether the ids of a message are believed; `false` starts a new trace for each one. "
        "Apart from OTEL_DISTRO_TRUST_INCOMING, since who may write to a broker is known.",
    )
    links_only: bool = variable(
        "OTEL_DISTRO_KAFKA_LINKS_ONLY",
        casts.boolean,
        False,
        "Has each message processed in a trace of its own, with a link to its producer's, instead of within that one.",
    )
    lag: bool = variable(
        "OTEL_DISTRO_KAFKA_LAG",
        casts.boolean,
        True,
        "Measures how far the groups of this process's consumers are behind: `kafka_consumer_lag`.",
    )
    lag_interval_seconds: float = variable(
        "OTEL_DISTRO_KAFKA_LAG_INTERVAL_SECONDS",
        casts.number(0.1, 3600, "seconds"),
        30.0,
        "Seconds between two measurements.",
    )
    envelope: tuple[str, ...] = variable(
        "OTEL_DISTRO_MESSAGE_ENVELOPE",
        casts.names_among(
            "traceparent", "tracestate", "baggage", "correlation_id", "request_id", "trace_id", "pipeline_start"
        ),
        (),
        "What is also put into messages that are mappings, where the client serialises them: comma-separated, of `traceparent`, "
        "`tracestate`, `baggage`, `correlation_id`, `request_id`, `trace_id`, `pipeline_start`. Keys of the application stay; a "
        "consumer that refuses unknown keys would refuse these.",
    )
    stages: Mapping[str, str] = variable(
        "OTEL_DISTRO_PIPELINE_STAGES",
        casts.pairs,
        EMPTY,
        "The stages of a pipeline, `topic=stage` in their order, comma-separated: processing a message of a topic is measured as "
        "that stage, and the last one's success ends what is measured from end to end.",
    )
