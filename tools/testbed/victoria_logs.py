# SPDX-License-Identifier: Apache-2.0
"""A real VictoriaLogs, the store that counts the lines of every test of loss and volume, and questions to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from testbed.processes import free_port
from testbed.programs import program
from testbed.server import Server, fetch


class VictoriaLogs(Server):
    """VictoriaLogs as a laptop runs it."""

    ready_path = "/health"

    def __init__(self, directory: Path, port: int | None = None) -> None:
        super().__init__(directory, port or free_port())

    def command(self) -> Sequence[str]:
        return [
            str(program("victoria-logs")),
            f"-storageDataPath={self.directory / 'data'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-loggerLevel=WARN",
            # A record is found as soon as it is in; 5 s is for those who write much and ask little.
            "-inmemoryDataFlushInterval=1s",
        ]

    @property
    def otlp(self) -> str:
        """The endpoint for LOKI_OTLP_ENDPOINT."""
        return f"{self.url}/insert/opentelemetry"

    @property
    def variables(self) -> dict[str, str]:
        """What tells a Collector to write here."""
        return {"LOKI_OTLP_ENDPOINT": self.otlp}

    def stored(self, service: str) -> int:
        """Return how many lines it holds of a service."""
        query = {"query": f"{_of(service)} | stats count() lines"}
        found = json.loads(fetch(f"{self.url}/select/logsql/query", query) or b"{}")
        return int(found.get("lines", 0))

    def numbers(self, service: str) -> list[int]:
        """Return the `number` of every line that it holds of a service.

        Lines of equal time and text count once, as in Loki: what was sent twice is the same line.
        """
        query = {"query": f"{_of(service)} | uniq by (_time, _msg, number) | fields _msg, number"}
        lines = fetch(f"{self.url}/select/logsql/query", query).splitlines()
        return [
            int(row["number"]) if "number" in row else json.loads(row["_msg"])["number"]
            for row in map(json.loads, lines)
        ]


def _of(service: str) -> str:
    """By OTLP the attribute keeps its dot; Loki's door hands on Loki's name."""
    return f'("service.name":="{service}" or service_name:="{service}")'
