# SPDX-License-Identifier: Apache-2.0
"""Envelopes: messages that are mappings, such as `{"event_id": …, "payload": …}`, and carry their origin themselves.

Where an envelope is a CloudEvent (it has a `specversion`) names are CloudEvents', which have no underscores:
https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_distro.http.correlation import TRACE_ID_HEADER
from otel_distro.messaging.headers import START, TRACE_FIELDS

_NAMES = {TRACE_ID_HEADER: "trace_id", START: "pipeline_start"}


def key_of(header: str, *, cloud_event: bool) -> str:
    """Return what a header is called in an envelope: `x-correlation-id` is `correlation_id`."""
    name = _NAMES.get(header) or header.removeprefix("x-").replace("-", "_")
    return name.replace("_", "") if cloud_event else name


def is_cloud_event(envelope: Mapping[Any, Any]) -> bool:
    """Whether an envelope is a CloudEvent."""
    return "specversion" in envelope


def enveloped(value: Any, fields: Mapping[str, str], wanted: frozenset[str]) -> Any:
    """Return a copy of an envelope that says where it comes from; what is no envelope, as it is.

    Args:
        value: What the application sends.
        fields: The headers that would say so.
        wanted: The keys that may be put into envelopes, by their plain names.
    """
    if not isinstance(value, Mapping):
        return value
    event = is_cloud_event(value)
    ours: dict[Any, Any] = {}
    stale = set()
    for header, text in fields.items():
        if key_of(header, cloud_event=False) in wanted:
            key = key_of(header, cloud_event=event)
            ours[key] = text
            if key in TRACE_FIELDS:
                stale.add(key)
    if not ours:
        return value
    if "traceparent" in stale:
        stale |= TRACE_FIELDS & wanted
    return {**ours, **{key: given for key, given in value.items() if key not in stale}}


def headers_in(envelope: Mapping[Any, Any], headers: tuple[str, ...]) -> dict[str, Any]:
    """Return what an envelope, or a mapping of headers, says, by the names of headers."""
    event, found = is_cloud_event(envelope), {}
    for header in headers:
        for name in (header, key_of(header, cloud_event=event)):
            value = envelope.get(name)
            if isinstance(value, str | bytes | float | int):
                found[header] = value if isinstance(value, str | bytes) else str(value)
                break
    return found
