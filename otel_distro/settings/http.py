# SPDX-License-Identifier: Apache-2.0
"""HTTP: which requests are observed, and which identifiers travel."""

from __future__ import annotations

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts
from otel_distro.settings.declare import variable


@dataclass(frozen=True)
class HttpSettings:
    """The server's and the client's instrumentation."""

    excluded_urls: tuple[str, ...] = variable(
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        casts.patterns,
        (),
        "Regular expressions, comma-separated; requests whose URL matches are not observed.",
        older=("OTEL_PYTHON_EXCLUDED_URLS",),
    )
    client_excluded_urls: tuple[str, ...] = variable(
        "OTEL_PYTHON_HTTPX_EXCLUDED_URLS",
        casts.patterns,
        (),
        "The same for calls made with httpx.",
        older=("OTEL_PYTHON_EXCLUDED_URLS",),
    )
    correlation_headers: tuple[str, ...] = variable(
        "OTEL_DISTRO_CORRELATION_HEADERS",
        casts.header_names,
        ("x-trace-id", "x-request-id", "x-correlation-id"),
        "Headers that are read, minted, echoed and sent on; `none` for none.",
    )
    correlation_hosts: tuple[str, ...] = variable(
        "OTEL_DISTRO_CORRELATION_HOSTS",
        casts.lower_names,
        ("inside",),
        "Hosts that get them with outgoing calls; `*` stands for any characters, `inside` for hosts of the same kind.",
    )
    trust_incoming: bool | str = variable(
        "OTEL_DISTRO_TRUST_INCOMING",
        casts.trust,
        "ids",
        "How far callers are believed: `ids` takes their ids, but under a ratio none decides what is sampled; `true` follows "
        "them there, too; `false`, for a public edge, believes nothing, `traceparent` included.",
    )
    websocket_connections: bool = variable(
        "OTEL_DISTRO_WEBSOCKET_CONNECTIONS",
        casts.boolean,
        False,
        "Serves `active_ws_connections_total`, the number of open websockets by `type`: the last fixed segment of the route "
        "before its parameters.",
    )
    native_telemetry: bool = variable(
        "OTEL_DISTRO_FASTAPI_NATIVE_TELEMETRY",
        casts.boolean,
        False,
        "Leaves the server spans to FastAPI's own telemetry.",
    )
    body_sizes: bool = variable(
        "OTEL_DISTRO_HTTP_BODY_SIZES",
        casts.boolean,
        False,
        "Adds the histograms `http.server.request.body.size` and `http.server.response.body.size`.",
    )
