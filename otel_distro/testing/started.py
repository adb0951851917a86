# SPDX-License-Identifier: Apache-2.0
"""Observe the process of the test itself, for applications that are tested in it: with a `TestClient`, say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import otel_distro
from otel_distro.lifecycle.runtime import Runtime
from otel_distro.lifecycle.start import standing
from otel_distro.settings.environ import overridden
from otel_distro.testing.lines import Lines, captured_lines
from otel_distro.testing.receiver import Receiver
from otel_distro.testing.records import LogRecord, Metric, Span


class Telemetry:
    """What this process has sent and written since the start, or since `clear`.

    Each question sends off what waits first, so that whatever has ended is there.

    Attributes:
        receiver: Where it is sent to.
        lines: What is written: `lines("room closed", room="lobby")`.
    """

    def __init__(self, receiver: Receiver, lines: Lines, runtime: Runtime) -> None:
        self.receiver = receiver
        self.lines = lines
        self._runtime = runtime

    def spans(self, name: str | None = None) -> list[Span]:
        """Return the spans that have ended, all or those of one name."""
        self._runtime.flush()
        return self.receiver.spans(name)

    def logs(self, body: Any = None) -> list[LogRecord]:
        """Return the log records, all or those of one body."""
        self._runtime.flush()
        return self.receiver.logs(body)

    def metrics(self, name: str | None = None) -> list[Metric]:
        """Return the metrics, all or those of one name; sums are cumulative: the newest, the last, has all of it."""
        self._runtime.flush()
        return self.receiver.metrics(name)

    def clear(self) -> None:
        """Forget spans, lines and records, as before each test; what metrics have added up stays."""
        self._runtime.flush()
        self.receiver.clear()
        self.lines.clear()


@contextmanager
def started(environ: Mapping[str, str] | None = None) -> Iterator[Telemetry]:
    """Start the distribution in this process, have it send to a receiver, and undo all of it at the end of the block.

    The application may be imported before or inside the block. Once in a session, with `clear` before each test: the SDK
    keeps what a process's first start gives it, the sampler and the way of the metrics among it.

    Args:
        environ: Variables of the service's, such as OTEL_SERVICE_NAME; they win over those of `Receiver.environment`.

    Raises:
        RuntimeError: It stands already, under a launcher, say: then the test does not decide where it sends to.
    """
    if standing() is not None:
        raise RuntimeError("otel-distro is started in this process already; it would go on sending where it does")
    with Receiver() as receiver, captured_lines() as lines:
        variables = {**receiver.environment, "OTEL_EXPORTER_PROMETHEUS_PORT": "0", **(environ or {})}
        with overridden(variables), otel_distro.start() as runtime:
            yield Telemetry(receiver, lines, runtime)
