# SPDX-License-Identifier: Apache-2.0
"""What the application's own handlers receive is the same with us and without, for a family of configurations."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import logging_family
from testbed.processes import run

PROGRAM = logging_family.__file__
CONFIGURATIONS = 600
VARIABLES = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}


def told(launcher: list[str], output: Path, variables: dict[str, str]) -> list[Any]:
    """Return what the handlers of every configuration received."""
    command = [*launcher, sys.executable, PROGRAM, "0", str(CONFIGURATIONS), str(output)]
    done = run(command, {**VARIABLES, **variables}, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.mark.parametrize("stream", ["auto", "stdout"], ids=["in a script", "as in a server"])
def test_handlers_receive_the_same_with_us_and_without(stream: str, tmp_path: Path) -> None:
    ours = {"OTEL_DISTRO_LOG_STREAM": stream}
    with ThreadPoolExecutor() as pool:
        bare = pool.submit(told, [], tmp_path / "bare", {})
        launched = pool.submit(told, ["otel-distro", "run"], tmp_path / "launched", ours)
    pairs = list(zip(bare.result(), launched.result(), strict=True))
    assert len(pairs) == CONFIGURATIONS
    assert [number for number, (without, with_us) in enumerate(pairs) if without != with_us] == []
    assert sum(bool(any(without)) for without, _ in pairs) > CONFIGURATIONS // 2, "most of them receive something"
