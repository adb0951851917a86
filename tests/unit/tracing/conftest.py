# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from testbed.otlp_receiver import OtlpReceiver

from otel_distro.otlp.export import Exporter
from otel_distro.settings.model import OtlpSettings, QueueSettings
from otel_distro.tracing import adopt


@pytest.fixture
def exporter(receiver: OtlpReceiver) -> Iterator[Exporter]:
    """An exporter of spans to the receiver."""
    exporter = Exporter("traces", OtlpSettings(endpoint=f"{receiver.endpoint}/v1/traces"), QueueSettings())
    yield exporter
    exporter.shutdown(1)


@pytest.fixture
def provider(exporter: Exporter) -> TracerProvider:
    """The SDK's provider, adopted, with the exporter."""
    provider = TracerProvider(resource=Resource({"service.name": "tested"}), shutdown_on_exit=False)
    adopt(provider, exporter)
    return provider
