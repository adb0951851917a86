# SPDX-License-Identifier: Apache-2.0
"""`make stack`: real services, Collector, VictoriaLogs, Prometheus, Alertmanager, and three queries that have an answer."""

import re
import sys

from testbed.processes import Process
from testbed.server import REPOSITORY


def test_make_stack_shows_queries_that_have_an_answer() -> None:
    """The lines of one request are those of both services, found by its trace id; errors and requests are there."""
    command = [sys.executable, "-m", "stack", "--once"]
    with Process(command, {"PYTHONPATH": "", "PYTHONUNBUFFERED": "1"}, REPOSITORY / "tools") as stack:
        assert stack.wait(120) == 0, stack.output
    shown = "\n".join(stack.stdout)
    assert "lines of chat_api and inference" in shown
    counts = [int(count) for count in re.findall(r": (\d+) (?:lines|requests)", shown)]
    assert len(counts) == 3, shown
    assert min(counts) > 0
    for name in ("chat", "Prometheus", "Alertmanager", "VictoriaLogs", "Loki's door", "Collector"):
        assert re.search(rf"^  {name} +http://127\.0\.0\.1:\d+", shown, re.MULTILINE), name
