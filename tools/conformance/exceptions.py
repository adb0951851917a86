# SPDX-License-Identifier: Apache-2.0
"""Tests of upstream that cannot apply to ours, each with its reason. Everything else must pass.

A test that is listed here and passes fails the run, so the list cannot outlive its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping

_ADDRESS = (
    "where the server does not say at which address it listens, contrib makes up `0.0.0.0:80`; ours leaves it out"
)
_HANDSHAKE = "a websocket's handshake is answered with status 101; contrib says 200"
_PORT = "expects no `server.port` where the URL has the scheme's own; the convention requires it"
_NO_PEER = (
    "contrib gives the URL's host as `network.peer.address`, which is defined as the address of the connection's other "
    "end; ours knows none of a call that raised"
)
_EMPTY_LABELS = 'expects labels that a point does not have with the value `""`, which to Prometheus are no labels'

_ASGI = "tests.test_asgi_middleware.TestAsgiApplication::"
_PROMETHEUS = "tests.test_prometheus_exporter.TestPrometheusMetricReader::"
_HTTPX = "tests.test_httpx_integration.Test"

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "opentelemetry-instrumentation-asgi": {
        f"{_ASGI}test_websocket_new_semconv": _HANDSHAKE,
        f"{_ASGI}test_behavior_with_scope_server_as_none_new_semconv": _ADDRESS,
    },
    "opentelemetry-instrumentation-httpx": {
        f"{_HTTPX}{kind}InstrumentationIntegration::{test}": reason
        for test, reason in (
            ("test_nonstandard_http_method_new_semconv", _PORT),
            ("test_requests_timeout_exception_new_semconv", _NO_PEER),
        )
        for kind in ("Sync", "Async")
    },
    "opentelemetry-instrumentation-fastapi": {
        "tests.test_fastapi_instrumentation.TestAutoInstrumentationLogic::test_instrumentation": (
            "asks for another class in place of fastapi.FastAPI; ours is changed in place, for those who have it already"
        ),
    },
    "opentelemetry-exporter-prometheus": {
        f"{_PROMETHEUS}test_resource_attr_filter_with_scope_labels_text_format": _EMPTY_LABELS,
        f"{_PROMETHEUS}test_scope_info_labels_text_format": _EMPTY_LABELS,
        f"{_PROMETHEUS}test_multiple_data_points_with_different_label_sets": _EMPTY_LABELS,
    },
}
