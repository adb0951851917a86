# SPDX-License-Identifier: Apache-2.0
"""What this process observes of its messages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from functools import partial
from importlib import import_module
from typing import Any

from otel_distro import __version__
from otel_distro.imports import when_imported
from otel_distro.messaging.state import state
from otel_distro.settings.model import HttpSettings, MessagingSettings
from otel_distro.upstream.messaging import already_instrumented

# Our module of a client -> the library's module that it waits for, and the name that switches it off: contrib's.
_CLIENTS = {
    "aiokafka": ("aiokafka", "aiokafka"),
    "confluent_kafka": ("confluent_kafka", "confluent_kafka"),
    "confluent_kafka_aio": ("confluent_kafka.aio", "confluent_kafka"),
    "kafka": ("kafka", "kafka"),
    "faststream_kafka": ("faststream.kafka", "faststream"),
    "faststream_confluent": ("faststream.confluent", "faststream"),
}
_CONTRIB = {
    "aiokafka": "AIOKafkaInstrumentor",
    "confluent_kafka": "ConfluentKafkaInstrumentor",
    "kafka": "KafkaInstrumentor",
}


def install(settings: MessagingSettings, http: HttpSettings, switched_off: Collection[str] = ()) -> Callable[[], None]:
    """Observe each client of a broker when the application imports it; return the undo.

    Args:
        settings: What is believed, how it is told.
        http: The correlation headers that travel.
        switched_off: Names of clients that shall not be observed; `*` for all.
    """
    undos: list[Callable[[], None]] = []
    state.use(partial(_telemetry, settings, http))
    for client, (library, name) in _CLIENTS.items():
        if not {name, "*"}.intersection(switched_off):
            undos.append(when_imported(library, partial(_observe, client, undos), again=True))
    for name, instrumentor in _CONTRIB.items():
        if not {name, "*"}.intersection(switched_off):
            contrib = f"opentelemetry.instrumentation.{name}"
            undos.append(when_imported(contrib, partial(_stand_in, undos, contrib, instrumentor), again=True))

    def undo() -> None:
        while undos:
            undos.pop()()
        if state.is_made:
            from otel_distro.messaging.handed import stop_all

            stop_all()
        state.close()

    return undo


def _observe(name: str, undos: list[Callable[[], None]]) -> None:
    """Observe a library that has just been imported."""
    client = import_module(f"otel_distro.messaging.clients.{name}")
    undos.append(client.install(state.telemetry()))


def _stand_in(undos: list[Callable[[], None]], contrib: str, instrumentor: str) -> None:
    """Have contrib's instrumentor know that somebody is at work: an application may instrument by hand as well."""
    undos.append(already_instrumented(getattr(sys.modules[contrib], instrumentor)))


def _telemetry(settings: MessagingSettings, http: HttpSettings) -> Any:
    from opentelemetry.metrics import get_meter
    from opentelemetry.trace import get_tracer

    from otel_distro.messaging.telemetry import SCHEMA, SCOPE, Telemetry

    tracer = get_tracer(SCOPE, __version__, schema_url=SCHEMA)
    return Telemetry(settings, http, tracer, get_meter(SCOPE, __version__, schema_url=SCHEMA))
