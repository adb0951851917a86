# SPDX-License-Identifier: Apache-2.0
"""A real Collector (ours) in one of its roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from testbed.processes import free_port
from testbed.programs import program
from testbed.scrape import TEXT, Scrape, scrape
from testbed.server import REPOSITORY, Server

CONFIGURATION = REPOSITORY / "collector"
# The order matters to nobody but the reader: the parts are merged.
ROLES: Mapping[str, Sequence[str]] = {
    "standalone": ("parts/base.yaml", "parts/files.yaml", "parts/loki.yaml", "standalone.yaml"),
    "agent": ("parts/base.yaml", "parts/files.yaml", "agent.yaml"),
    "gateway": ("parts/base.yaml", "parts/loki.yaml", "gateway.yaml"),
}
# Without it lines are held in memory while their offsets are on disk already (collector/parts/files.yaml).
SYNCHRONOUS = "--feature-gates=stanza.synchronousLogEmitter"


def arguments(role: str) -> list[str]:
    """Return the command line of a role, without the program."""
    return [SYNCHRONOUS, *(f"--config={CONFIGURATION / part}" for part in ROLES[role])]


class Destination(Protocol):
    """A store, as far as a Collector needs to know it."""

    @property
    def variables(self) -> dict[str, str]: ...


def reading(logs: Path, store: Destination | str) -> dict[str, str]:
    """Return the variables that let a Collector read `logs/log` as it would a node's /var/log, and write to a store or endpoint.

    The patterns are the default ones: nothing but their root differs from what a node has.
    """
    to = {"LOKI_OTLP_ENDPOINT": store} if isinstance(store, str) else store.variables
    return {"COLLECTOR_LOG_ROOT": str(logs / "log"), "COLLECTOR_HOST_NAME": "test-host", **to}


class Collector(Server):
    """The Collector with the configuration of `collector/`, on free ports of the loopback interface.

    Args:
        directory: where queue and offsets are kept.
        variables: what the configuration reads, beside ports and storage.
        role: standalone, agent or gateway.
    """

    def __init__(self, directory: Path, variables: Mapping[str, str], role: str = "standalone") -> None:
        super().__init__(directory, free_port())
        self.role = role
        self.variables = dict(variables)
        self._metrics_port, self._http_port, self._grpc_port = free_port(), free_port(), free_port()
        self.otlp_http = f"http://127.0.0.1:{self._http_port}"
        self.otlp_grpc = f"127.0.0.1:{self._grpc_port}"

    def command(self) -> Sequence[str]:
        return [str(program("collector")), *arguments(self.role)]

    def environment(self) -> dict[str, str]:
        return {
            "COLLECTOR_STORAGE": str(self.directory),
            "COLLECTOR_HEALTH_ADDRESS": f"127.0.0.1:{self.port}",
            "COLLECTOR_METRICS_HOST": "127.0.0.1",
            "COLLECTOR_METRICS_PORT": str(self._metrics_port),
            "COLLECTOR_OTLP_HOST": "127.0.0.1",
            "COLLECTOR_OTLP_HTTP_PORT": str(self._http_port),
            "COLLECTOR_OTLP_GRPC_PORT": str(self._grpc_port),
            **self.variables,
        }

    def ready_url(self) -> str:
        return self.url

    @property
    def metrics_address(self) -> str:
        """Where Prometheus scrapes it."""
        return f"127.0.0.1:{self._metrics_port}"

    def metrics(self) -> Scrape:
        """Return its own metrics."""
        return scrape(f"http://{self.metrics_address}", TEXT)
