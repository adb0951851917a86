# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every kind of test may want."""

import signal
from collections.abc import Iterator

import pytest
from demo.stack import Stack, any_ports, running
from otlp_receiver import OtlpReceiver


def pytest_configure() -> None:
    """Let the programs that tests start hear SIGINT: a job in the background of a shell ignores it, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """A real OTLP/HTTP receiver on a free port."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="module")
def chat() -> Iterator[Stack]:
    """Both example services under the launcher, and the receiver that they export to; shared by the tests of a file."""
    with running(any_ports(), {}) as stack:
        yield stack
