# SPDX-License-Identifier: Apache-2.0
"""An admin port in this process, and a client for it."""

import http.client
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from otel_distro import admin, metrics
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.settings.model import AdminSettings, Settings


@pytest.fixture
def start():
    """Starts admin ports that end with the test."""
    running = []

    def start(**options):
        settings = replace(Settings(), admin=AdminSettings(port=0, **options))
        reader = PrometheusReader()
        start.meters = MeterProvider([reader], shutdown_on_exit=False)
        running.append(admin.start(settings, metrics.install(settings, reader)))
        return running[-1].url

    yield start
    for port in running:
        port.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("otel-distro")]


def fetch(url, path="/metrics", method="GET", headers=None, context=None):
    scheme, _, address = url.partition("://")
    connection = (
        http.client.HTTPSConnection(address, context=context)
        if scheme == "https"
        else http.client.HTTPConnection(address)
    )
    connection.timeout = 10
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def descriptors():
    """Return the open descriptors, without the one that lists them."""
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def make_certificate(directory: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key."""
    directory.mkdir(exist_ok=True)
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem"
    options = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *options], cwd=directory, check=True, capture_output=True)
    return directory
