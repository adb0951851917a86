# SPDX-License-Identifier: Apache-2.0
"""Observe the same work twice, under contrib's instrumentation and under ours, and find where the spans differ."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from support.differential_rules import Difference

Spans = Mapping[str, list[dict[str, Any]]]
Found = tuple[str, str, Any, Any]


def observe(script: Path, *arguments: str, path: str = "") -> dict[str, Any]:
    """Run a script in a process of its own and return what it saw; `path` is where more packages are to be found."""
    environment = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http", "PATH": "/usr/bin:/bin", "PYTHONPATH": path}
    environment["PYTHONHASHSEED"] = "0"  # FastAPI walks sets of methods when it writes its OpenAPI document
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


def differing(contrib: Spans, ours: Spans) -> Iterator[Found]:
    """Yield what was done, the field and both values wherever its spans differ; spans are given by what was done."""
    for done, theirs in contrib.items():
        for their_span, our_span in zip(theirs, ours[done], strict=True):
            left, right = _flat(their_span), _flat(our_span)
            for field in left.keys() | right.keys():
                if left.get(field) != right.get(field):
                    yield done, field, left.get(field), right.get(field)


def unexplained(found: Iterable[Found], differences: Iterable[Difference]) -> list[Found]:
    """Return the differences that are not on a list."""
    listed = tuple(differences)
    return [each for each in found if not any(one.field == each[1] and one.expected(*each[2:]) for one in listed)]


def _flat(span: Mapping[str, Any]) -> dict[str, Any]:
    """Return a span's fields with its attributes among them."""
    return {**{name: value for name, value in span.items() if name != "attributes"}, **span["attributes"]}
