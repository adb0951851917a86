# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every kind of test may want."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from otlp_receiver import OtlpReceiver


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """A real OTLP/HTTP receiver on a free port."""
    with OtlpReceiver() as running:
        yield running


@pytest.fixture(scope="session")
def chat_directory() -> Path:
    """Where the two example services lie."""
    return Path(__file__).parents[1] / "examples" / "chat"
