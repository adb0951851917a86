# SPDX-License-Identifier: Apache-2.0
"""What can be used and is hardly meant: said at the start and by `otel-distro check`, and used all the same."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from otel_distro.settings.declare import Given
from otel_distro.settings.sdk import WITH_RATIO, WITHOUT_ARGUMENT

if TYPE_CHECKING:
    from otel_distro.settings.model import Settings
    from otel_distro.settings.signals import OtlpSettings

Texts = Mapping[str, str]
GRPC_PORT, HTTP_PORT = 4317, 4318


def doubts(settings: Settings, upstream: Mapping[str, Any], given: Given) -> Iterator[str]:
    """Yield one sentence for each.

    Args:
        settings: As derived.
        upstream: What the SDK reads, by name.
        given: Where it comes from.
    """
    for name in given.quoted:
        yield f"{name} has quotes around its value, as `docker run --env-file` leaves them; it is used without them"
    yield from dict.fromkeys(
        _endpoints(settings, given.sources, given.texts)
    )  # a general endpoint is that of several signals
    yield from _aliases(given)
    ratio = upstream["OTEL_TRACES_SAMPLER_ARG"]
    sampler = upstream["OTEL_TRACES_SAMPLER"] or "parentbased_always_on"
    if ratio is not None and sampler in WITHOUT_ARGUMENT:
        expected = f"OTEL_TRACES_SAMPLER to be one of {', '.join(sorted(WITH_RATIO))}"
        yield f"OTEL_TRACES_SAMPLER_ARG={ratio!r} has no effect: expected {expected}, but it is {sampler}"
    if (
        "prometheus" in settings.metrics.exporters
        and not settings.admin.enabled
        and not settings.admin.app_metrics_path
    ):
        yield (
            "OTEL_DISTRO_ADMIN=false leaves the metrics exporter prometheus without a port: nobody can scrape; expected "
            "OTEL_DISTRO_APP_METRICS_PATH, or OTEL_METRICS_EXPORTER=otlp or none"
        )


def _endpoints(settings: Settings, sources: Texts, texts: Texts) -> Iterator[str]:
    for group, signal in ((settings.traces, "TRACES"), (settings.metrics, "METRICS"), (settings.logs, "LOGS")):
        own = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
        if any(name.startswith("otlp") for name in group.exporters) and own in sources:
            said = f"{sources[own]}={texts[own]!r}"
            yield from (f"{said}: expected {expected}; used as it is" for expected in _port(group.otlp))
            if group.otlp.protocol != "grpc" and sources[own] == own:
                yield from (f"{said}: expected {expected}; used as it is" for expected in _path(group.otlp, signal))


def _port(otlp: OtlpSettings) -> Iterator[str]:
    if otlp.protocol == "grpc":
        if otlp.endpoint.rstrip("/").endswith(f":{HTTP_PORT}"):
            yield f"port {GRPC_PORT}, {HTTP_PORT} is mostly that of HTTP and the protocol is grpc"
    elif urlsplit(otlp.endpoint).port == GRPC_PORT:
        yield (
            f"port {HTTP_PORT}, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc: {GRPC_PORT} is mostly that of gRPC and the "
            f"protocol is {otlp.protocol}"
        )


def _path(otlp: OtlpSettings, signal: str) -> Iterator[str]:
    """A signal's own endpoint is posted to as it is, which at most collectors is nothing but /v1/<signal>."""
    path = urlsplit(otlp.endpoint).path.rstrip("/")
    wanted = f"/v1/{signal.lower()}"
    others = {"/v1/traces", "/v1/metrics", "/v1/logs"} - {wanted}
    if not path or path.endswith(tuple(others)):
        yield f"a URL with a path such as {wanted}, which is added to OTEL_EXPORTER_OTLP_ENDPOINT only"


def _aliases(given: Given) -> Iterator[str]:
    """Two names of one thing with two values; those of one signal and of all of them are meant to differ."""
    for variable, names in given.several.items():
        chosen = given.sources.get(variable)
        if chosen is None or variable.startswith("OTEL_EXPORTER_OTLP_"):
            continue
        value = dict(names)[chosen]
        for name, other in names[[name for name, _ in names].index(chosen) + 1 :]:
            if other != value and not name.startswith("OTEL_PYTHON_EXCLUDED"):
                yield f"{chosen}={value!r} wins over {name}={other!r}: expected one of them, or the same"


def has_no_name(settings: Settings, sources: Container[str]) -> bool:
    """Whether the service goes by the name of nobody."""
    return settings.service.name == "unknown_service" and "OTEL_SERVICE_NAME" not in sources
