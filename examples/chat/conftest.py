# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the telemetry of an application under test; pytest needs no plugin for them (docs/test-kit.md)."""

import pytest
from fastapi.testclient import TestClient

import otel_distro.testing


@pytest.fixture(scope="session")
def _started():
    with otel_distro.testing.started({"OTEL_SERVICE_NAME": "chat_api"}) as telemetry:
        yield telemetry


@pytest.fixture
def telemetry(_started):
    _started.clear()
    return _started


@pytest.fixture
def client(telemetry):  # noqa: ARG001  the application is observed from its import on
    import chat_api

    return TestClient(chat_api.app, raise_server_exceptions=False)
