# SPDX-License-Identifier: Apache-2.0
"""Twenty secrets planted in every place: none of them leaves the process, by any way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from support import planted
from support.planted import SECRETS, Secret
from testbed.otlp_receiver import OtlpReceiver
from testbed.services import Service

SUPPORT = Path(planted.__file__).parent
EVENTS = ("structlog value", "nested value", "f-string", "argument", "extra", "structlog exception", "standard library")


class Output(NamedTuple):
    """Everything that came out of the service, as text."""

    lines: str
    records: str
    spans: str


@pytest.fixture(scope="module")
def output() -> Iterator[Output]:
    """What a real service says and exports while every secret is planted, in its headers and URLs too."""
    with OtlpReceiver() as receiver:
        environment = {
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": ".*",
            "PYTHONPATH": str(SUPPORT),
        }
        with Service("planted:app", SUPPORT, environment) as service:
            for number, secret in enumerate(SECRETS):
                _plant(service.url, number, secret)
        spans = receiver.wait_for(lambda r: r.spans() if len(r.spans()) >= 2 * len(SECRETS) else None)
        yield Output("\n".join(service.stdout + service.stderr), repr(receiver.logs()), repr(spans))


def _plant(url: str, number: int, secret: Secret) -> None:
    headers = {secret.name.replace("_", "-"): secret.text.replace("\n", " ")}
    for fail in (False, True):
        query = {secret.name: secret.text, "fail": str(fail)}
        response = httpx.get(f"{url}/plant/{number}", params=query, headers=headers, timeout=60)
        assert response.status_code == (500 if fail else 200)


def test_every_place_was_written(output: Output) -> None:
    messages = [json.loads(line)["message"] for line in output.lines.splitlines()]
    for event in EVENTS:
        assert len([message for message in messages if message.startswith(event)]) == len(SECRETS), event
        assert event in output.records
    assert "Exception in ASGI application" not in output.lines  # the application has logged each, with its traceback
    assert output.lines.count("ValueError: got ") >= len(SECRETS)
    assert "http.request.header.x_api_key" in output.spans
    assert "app.client_secret" in output.spans


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: f"{secret.name} {secret.text[:12]}")
@pytest.mark.parametrize("place", Output._fields)
def test_a_planted_secret_is_in_no_output(secret: Secret, place: str, output: Output) -> None:
    text = getattr(output, place)
    assert "[REDACTED]" in text
    assert secret.core not in text
