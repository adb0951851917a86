# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every kind of test may want."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from demo.stack import Stack, any_ports, running
from support.kept_state import kept_state
from testbed.kafka.shared import shared_kafka
from testbed.otlp_receiver import OtlpReceiver


def pytest_configure() -> None:
    """Let the programs that tests start hear SIGINT: a job in the background of a shell ignores it, and so do its children."""
    # On a machine that others load, the time of one example says nothing about the code.
    hypothesis.settings.register_profile(
        "loaded", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("loaded")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _process_as_found() -> Iterator[None]:
    """No test leaves variables or arguments behind: the next one would pass or fail by who ran before it."""
    environ, arguments = os.environ.copy(), list(sys.argv)
    yield
    left = os.environ.copy(), list(sys.argv)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv[:] = arguments
    for each in (environ, left[0]):
        each.pop("PYTEST_CURRENT_TEST", None)  # pytest's own, another one in each phase
    assert left == (environ, arguments)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """A real OTLP/HTTP receiver on a free port."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture
def process_state() -> Iterator[None]:
    """Whatever a test does to what the package keeps for the process, the next one finds it as this one did."""
    with kept_state():
        yield


@pytest.fixture(scope="module")
def chat() -> Iterator[Stack]:
    """Both example services under the launcher, and the receiver that they export to; shared by the tests of a file."""
    with running(any_ports(), {}) as stack:
        yield stack


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The address of a running Kafka: ours, or the one that OTEL_DISTRO_TEST_KAFKA names."""
    if "OTEL_DISTRO_TEST_KAFKA" in os.environ:
        return os.environ["OTEL_DISTRO_TEST_KAFKA"]
    base = tmp_path_factory.getbasetemp()
    if worker_id == "master":
        return shared_kafka(os.getpid(), base)
    return shared_kafka(os.getppid(), Path(base).parent)
