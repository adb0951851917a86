# SPDX-License-Identifier: Apache-2.0
import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span

from otel_distro import logs
from otel_distro.logs.contract import check
from otel_distro.logs.redaction import redact
from otel_distro.settings.model import LogSettings, RedactionSettings, ServiceSettings, Settings


class Output:
    """What was written to standard output, and to standard error."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._out = self._err = ""

    def _read(self) -> None:
        out, err = self._captured.readouterr()
        self._out += out
        self._err += err

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        self._read()
        return self._out.splitlines()

    @property
    def errors(self) -> str:
        """What stands on standard error."""
        self._read()
        return self._err

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines, each of which must keep the contract."""
        lines = self.lines
        assert list(check(lines)) == []
        return [json.loads(line) for line in lines]

    @property
    def event(self) -> dict[str, Any]:
        """The only line."""
        (event,) = self.events
        return event


Install = Callable[..., Output]


@pytest.fixture
def install(capfd: pytest.CaptureFixture[str]) -> Iterator[Install]:
    """Installs the log room with settings of its own, as in a server; undone with the test."""
    handlers, level = list(logging.root.handlers), logging.root.level
    # pytest's own handlers would see every record too; the application of these tests has none.
    logging.root.handlers = []
    logging.root.setLevel(logging.WARNING)
    with contextlib.ExitStack() as stack:

        def start(submit: Any = None, redaction: RedactionSettings | None = None, **options: Any) -> Output:
            options = {"json": True, "stream": "stdout", **options}
            settings = Settings(
                service=ServiceSettings(name="unit", version="1.2.3", environment="test"),
                logs=LogSettings(**options),
                redaction=redaction or RedactionSettings(),
            )
            stack.callback(logs.install(settings, submit))
            return Output(capfd)

        yield start
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    redact.configure(RedactionSettings())
    logging.root.handlers = handlers
    logging.root.setLevel(level)


@pytest.fixture
def output(install: Install) -> Output:
    """Standard output under the default settings."""
    return install()


@pytest.fixture
def span() -> Iterator[Span]:
    """A current span of the SDK's."""
    with TracerProvider().get_tracer("unit").start_as_current_span("work") as current:
        yield current
