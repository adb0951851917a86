# SPDX-License-Identifier: Apache-2.0
"""One real Loki and one real Collector for all tests that do not break them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.collector import Collector, reading
from stack.loki import Loki


@pytest.fixture(scope="session")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    """Loki as a laptop runs it."""
    with Loki(tmp_path_factory.mktemp("loki")) as running:
        yield running


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files the shared Collector reads: pods/, containers/ and log/ as on a node."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def collector(loki: Loki, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """The standalone Collector between those files, OTLP, and Loki."""
    with Collector(tmp_path_factory.mktemp("collector"), reading(logs, loki.otlp)) as running:
        yield running
