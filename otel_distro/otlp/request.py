# SPDX-License-Identifier: Apache-2.0
"""Put encoded records together into one export request.

`ExportTraceServiceRequest` and `ExportLogsServiceRequest` are nested the same way with the same field numbers, so one
function serves both: resources, in each its scopes, in each its records.
"""

from collections.abc import Iterable

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.otlp.encode_common import field, utf8, varint
from otel_distro.otlp.inbox import Record

_resource_attributes = AttributesEncoder(b"\x0a").encode
_scope_attributes = AttributesEncoder(b"\x1a").encode


def build_request(records: Iterable[Record]) -> bytes:
    """Group records by resource and scope, and join them: each is copied once."""
    # By identity: hashing a Resource costs more than all the rest, and what is equal here is also the same object.
    resources: dict[int, Resource] = {}
    scopes: dict[tuple[int, int], tuple[InstrumentationScope | None, list[bytes]]] = {}
    for resource, scope, encoded in records:
        resources[id(resource)] = resource
        scopes.setdefault((id(resource), id(scope)), (scope, []))[1].append(encoded)
    parts: list[bytes] = []
    for identity, resource in resources.items():
        inner = [_resource(resource)]
        for (owner, _), (scope, encoded_records) in scopes.items():
            if owner == identity:
                inner += _nested(b"\x12", [_scope(scope), *encoded_records, _schema_url(scope)])
        parts += _nested(b"\x0a", [*inner, _schema_url(resource)])
    return b"".join(parts)


def _nested(tag: bytes, parts: list[bytes]) -> list[bytes]:
    return [tag + varint(sum(map(len, parts))), *parts]


def _resource(resource: Resource) -> bytes:
    return field(b"\x0a", _resource_attributes(resource.attributes))


def _scope(scope: InstrumentationScope | None) -> bytes:
    if scope is None:
        return b"\x0a\x00"
    version = field(b"\x12", utf8(scope.version)) if scope.version else b""
    return field(b"\x0a", field(b"\x0a", utf8(scope.name)) + version + _scope_attributes(scope.attributes or {}))


def _schema_url(owner: Resource | InstrumentationScope | None) -> bytes:
    return field(b"\x1a", utf8(owner.schema_url)) if owner is not None and owner.schema_url else b""
