# SPDX-License-Identifier: Apache-2.0
"""Documents of OTLP's JSON: what the page exports, and what the Collector's `file` exporter writes, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson
from google.protobuf.message import Message

from otel_distro.view.receive.decode import parse

_PARTS: Final = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}


def batches(path: Path) -> Iterator[tuple[str, Message]]:
    """Yield the requests in a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no such file; the message names it.
    """
    text = path.read_bytes()
    try:
        documents = [orjson.loads(text)]
    except orjson.JSONDecodeError:
        documents = [_line(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for document in documents:
        for part, signal in _PARTS.items():
            if isinstance(document, dict) and document.get(part):
                yield signal, parse(signal, orjson.dumps({part: document[part]}), json=True)


def _line(path: Path, number: int, line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path}, line {number}: expected OTLP's JSON: {error}") from error
