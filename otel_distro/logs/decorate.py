# SPDX-License-Identifier: Apache-2.0
"""Lines that the application's own handlers format: their shape stays, the ids are added, secrets are not."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Mapping

from otel_distro.diagnostics import fault
from otel_distro.logs.patch import standing_in
from otel_distro.logs.records import exported, ids_of
from otel_distro.logs.redact import UNREADABLE, redact_text

Format = Callable[[logging.Handler, logging.LogRecord], str]


def decorating(original: Format) -> Format:
    """Build the `Handler.format` that completes what a formatter made."""

    @standing_in("logging")
    @functools.wraps(original)
    def format_record(self: logging.Handler, record: logging.LogRecord) -> str:
        text = original(self, record)
        # A QueueHandler formats only so that the record can be pickled; it is formatted again behind the queue.
        if hasattr(self, "queue") or not isinstance(text, str):
            return text
        try:
            return with_ids(redact_text(text), ids_of(record), exported=exported(record))
        except Exception as error:  # noqa: BLE001 - the boundary: what could not be examined is not written
            fault("log formatting", error)
            return UNREADABLE

    return format_record


def with_ids(text: str, ids: Mapping[str, str], *, exported: bool = False) -> str:
    """Return a formatted line with the ids that it lacks.

    A JSON object gets them as keys; other text at the end of its first line, before a traceback.
    """
    if text.startswith("{") and text.endswith("}"):
        return _with_keys(text, ids, exported=exported)
    missing = " ".join(f"{name}={ids[name]}" for name in ("trace_id", "span_id") if name in ids)
    if not missing or ids["trace_id"] in text:
        return text
    first, feed, rest = text.partition("\n")
    return f"{first} {missing}{feed}{rest}"


def _with_keys(text: str, ids: Mapping[str, str], *, exported: bool) -> str:
    missing = {name: value for name, value in ids.items() if f'"{name}"' not in text}
    added = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in missing.items()]
    if exported and '"otlp"' not in text:
        added.append('"otlp": true')
    if not added:
        return text
    body = text[:-1].rstrip()
    return f"{body}{'' if body == '{' else ', '}{', '.join(added)}}}"
