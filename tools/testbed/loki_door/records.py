# SPDX-License-Identifier: Apache-2.0
"""What a record of OTLP is in Loki: labels, a line, structured metadata.

Source: https://grafana.com/docs/loki/latest/send-data/otel/ (format considerations).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from testbed.loki_door.configuration import Limits
from testbed.loki_door.levels import detected_level

# https://grafana.com/docs/loki/latest/get-started/labels/#service_name-label: where the name is looked for when nobody gave it.
_SERVICE: Final = (
    "service",
    "app",
    "application",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
)


@dataclass(slots=True)
class Entry:
    """One line of a stream.

    Attributes:
        time: nanoseconds since the epoch.
        line: the body.
        metadata: structured metadata.
    """

    time: int
    line: str
    metadata: dict[str, str]


Labelled = tuple[Mapping[str, str], Entry]


@lru_cache(maxsize=10_000)
def label_name(name: str) -> str:
    """Return an attribute's name as a label: every special character is an underscore, and a digit does not come first."""
    plain = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    if plain[:1].isdigit():
        return f"key_{plain}"
    return f"key{plain}" if plain.startswith("_") and not plain.startswith("__") else plain


def entries(request: ExportLogsServiceRequest, limits: Limits, now: int) -> Iterator[Labelled]:
    """Yield labels and entry of each record of an export request."""
    for group in request.resource_logs:
        labels, common = _resource(group.resource.attributes, limits)
        for scope in group.scope_logs:
            ours = common | _scope(scope.scope.name, scope.scope.version, scope.scope.attributes)
            yield from ((labels, _entry(record, ours, limits, now)) for record in scope.log_records)


def _resource(attributes: Iterable[KeyValue], limits: Limits) -> tuple[dict[str, str], dict[str, str]]:
    """Split a resource into labels and metadata. A map under a label's name becomes one label for each of its leaves."""
    labels: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for attribute in attributes:
        if attribute.key not in limits.dropped:
            target = labels if attribute.key in limits.labels else metadata
            target.update(_flat(attribute.key, attribute.value))
    if "service_name" not in labels:
        known = labels | metadata
        labels["service_name"] = next((known[name] for name in _SERVICE if known.get(name)), "unknown_service")
    return labels, metadata


def _scope(name: str, version: str, attributes: Iterable[KeyValue]) -> dict[str, str]:
    given = {"scope_name": name, "scope_version": version}
    return {key: value for key, value in given.items() if value} | _flattened(attributes)


def _entry(record: LogRecord, common: Mapping[str, str], limits: Limits, now: int) -> Entry:
    metadata = _flattened(record.attributes)
    own = {
        "severity_number": str(record.severity_number or ""),
        "severity_text": record.severity_text,
        "observed_timestamp": str(record.observed_time_unix_nano or ""),
        "flags": str(record.flags or ""),
        "dropped_attributes_count": str(record.dropped_attributes_count or ""),
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
    }
    metadata |= {**common, **{name: value for name, value in own.items() if value}}
    line = _text(record.body)
    if limits.discover_log_levels and "detected_level" not in metadata:
        metadata["detected_level"] = detected_level(metadata, line)
    return Entry(record.time_unix_nano or record.observed_time_unix_nano or now, line, metadata)


def _flattened(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {name: value for attribute in attributes for name, value in _flat(attribute.key, attribute.value)}


def _flat(name: str, value: AnyValue) -> Iterator[tuple[str, str]]:
    """Yield the leaves of a map, their names joined by underscores; any other value as it is."""
    if value.WhichOneof("value") == "kvlist_value":
        for inner in value.kvlist_value.values:
            yield from _flat(f"{name}_{inner.key}", inner.value)
    else:
        yield label_name(name), _text(value)


def _text(value: AnyValue) -> str:
    found = plain(value)
    if isinstance(found, str):
        return found
    return "" if found is None else json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def plain(value: AnyValue) -> Any:
    """Return a value of OTLP as Python has it; whole floating-point numbers as integers, as Go writes them."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {inner.key: plain(inner.value) for inner in value.kvlist_value.values}
    if kind == "array_value":
        return [plain(inner) for inner in value.array_value.values]
    found = getattr(value, kind) if kind else None
    if isinstance(found, float):
        return int(found) if math.isfinite(found) and found == int(found) and abs(found) < 1e21 else found
    return found.hex() if isinstance(found, bytes) else found
