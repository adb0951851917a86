# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin that puts our parts in place: `-p conformance.plugin`, with `CONFORMANCE_COUNTS` naming a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from conformance.counts import uses
from conformance.encoding import patch_log_encoder, patch_trace_encoder
from conformance.http import patch_asgi, patch_fastapi, patch_httpx
from conformance.imports import install
from conformance.metrics import limit_every_instrument
from conformance.prometheus import patch_prometheus
from conformance.tracing import patch_sdk_trace

PARTS = {
    "tracing": {"opentelemetry.sdk.trace": patch_sdk_trace},
    "metrics": {},
    "encoding": {
        "opentelemetry.exporter.otlp.proto.common._internal.trace_encoder": patch_trace_encoder,
        "opentelemetry.exporter.otlp.proto.common._internal._log_encoder": patch_log_encoder,
    },
    "asgi": {"opentelemetry.instrumentation.asgi": patch_asgi},
    "fastapi": {"opentelemetry.instrumentation.fastapi": patch_fastapi},
    "prometheus": {"opentelemetry.exporter.prometheus": patch_prometheus},
    "httpx": {"opentelemetry.instrumentation.httpx": patch_httpx},
}

_parts = os.environ["CONFORMANCE_PARTS"].split(",")
install({module: patch for part in _parts for module, patch in PARTS[part].items()})
if "metrics" in _parts:
    limit_every_instrument()


def pytest_sessionfinish() -> None:
    Path(os.environ["CONFORMANCE_COUNTS"]).write_text(json.dumps(uses), encoding="utf-8")
