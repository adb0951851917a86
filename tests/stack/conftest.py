# SPDX-License-Identifier: Apache-2.0
"""One store, one Loki's door (or a real Loki) and one real Collector for all tests that do not break them.

With `OTEL_DISTRO_TEST_LOKI=http://…` the same tests run against a real Loki: started with a configuration of `collector/loki/`
and `-auth.enabled=true`, so that every test file has a tenant of its own. It takes the place of both.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from testbed.collector import Collector, reading
from testbed.loki import GivenLoki, Loki, given_loki, loki_for_tests
from testbed.no_loss import Store
from testbed.victoria_logs import VictoriaLogs


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Where lines are counted."""
    if given_loki():
        yield GivenLoki(given_loki())
        return
    with VictoriaLogs(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(scope="session")
def loki(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    """What answers as Loki does; its door hands what it accepts on to the store."""
    with loki_for_tests(tmp_path_factory.mktemp("loki"), store.url) as running:
        yield running


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose `log` is to the shared Collector what /var/log is on a node: pods/, containers/ and one for each application."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def collector(loki: Loki, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """The standalone Collector between those files, OTLP, and Loki."""
    with Collector(tmp_path_factory.mktemp("collector"), reading(logs, loki)) as running:
        yield running
