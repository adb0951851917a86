# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes given targets and loads given rules, and a real Alertmanager."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed.processes import free_port
from testbed.programs import program
from testbed.server import Server, fetch_json


class Prometheus(Server):
    """Prometheus with OTLP receiver and exemplars on.

    Args:
        directory: where it keeps its data and the configuration that is written for it.
        targets: job name -> address.
        rules: rule files.
        alertmanager: address of an Alertmanager, if there is one.
        interval: seconds between two scrapes, and between two evaluations.
    """

    def __init__(  # noqa: PLR0913, PLR0917 -- what makes up a configuration
        self,
        directory: Path,
        targets: Mapping[str, str],
        rules: Sequence[Path] = (),
        alertmanager: str = "",
        interval: float = 1.0,
        port: int | None = None,
    ) -> None:
        super().__init__(directory, port or free_port())
        seconds = f"{int(interval * 1000)}ms"
        configuration = {
            "global": {"scrape_interval": seconds, "evaluation_interval": seconds},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()
            ],
        }
        if alertmanager:
            configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        # JSON is YAML.
        (directory / "prometheus.yaml").write_text(json.dumps(configuration, indent=1))

    def command(self) -> Sequence[str]:
        return [
            str(program("prometheus")),
            f"--config.file={self.directory / 'prometheus.yaml'}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]

    def query(self, promql: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the instant vector of a query: labels (sorted) -> value."""
        found = fetch_json(f"{self.url}/api/v1/query", {"query": promql})["data"]["result"]
        return {tuple(sorted(series["metric"].items())): float(series["value"][1]) for series in found}


class Alertmanager(Server):
    """Alertmanager with one silent receiver."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        super().__init__(directory, port or free_port())
        (directory / "alertmanager.yaml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")

    def command(self) -> Sequence[str]:
        return [
            str(program("alertmanager")),
            f"--config.file={self.directory / 'alertmanager.yaml'}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
