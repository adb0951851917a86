# SPDX-License-Identifier: Apache-2.0
"""Scripts that end in a way of their own, and what of them is at the collector afterwards."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process
from testbed.services import LAUNCHER

# Nothing leaves before the end: what arrives was flushed. No admin port: none of these is asked for metrics.
AT_THE_END = {
    "OTEL_BSP_SCHEDULE_DELAY": "60000",
    "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    "OTEL_DISTRO_ADMIN": "false",
    "OTEL_METRICS_EXPORTER": "none",
    "PYTHONUNBUFFERED": "1",
}
SPANS = """
from opentelemetry import trace
def spans(count, name="work"):
    for _ in range(count):
        trace.get_tracer("ending").start_span(name).end()
"""


class Script(Process):
    """A script under the launcher, with `spans(count)` at hand; it says "up" when it may be ended.

    Args:
        folder: Where to write it.
        code: What it does.
        receiver: Where its spans go; None to run it bare, where `spans` does nothing that would leave.
        environment: Variables beside those that keep everything buffered until the end.
        before: The command in front of the launcher's.
    """

    def __init__(
        self,
        folder: Path,
        code: str,
        receiver: OtlpReceiver | None,
        *,
        environment: dict[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        program = folder / "program.py"
        program.write_text(SPANS + textwrap.dedent(code))
        target = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint} if receiver is not None else {}
        command = [*before, *([LAUNCHER] if receiver is not None else []), sys.executable, str(program)]
        super().__init__(command, AT_THE_END | target | (environment or {}), folder)

    def up(self) -> Script:
        """Wait until it may be ended."""
        self.wait_for_line("^up$", timeout=30)
        return self

    def printed(self) -> list[str]:
        """Return what Python and the script have printed to standard error, without our lines."""
        return [line for line in self.stderr if not line.startswith('{"timestamp":')]
