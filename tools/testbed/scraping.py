# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes one target."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from testbed.processes import Process, free_port
from testbed.programs import program
from testbed.waiting import wait_until

T = TypeVar("T")


class Prometheus(Process):
    """A running Prometheus with exemplar storage; the end of a `with` block stops it.

    Args:
        target: host:port of a /metrics page, scraped every 200 ms.
        directory: Where its configuration and data go.
        scrape: More settings of the scrape job.
        rule_files: Files of recording and alerting rules, evaluated every second unless they say otherwise.
    """

    def __init__(
        self, target: str, directory: Path, scrape: Mapping[str, Any] | None = None, rule_files: Sequence[str] = ()
    ) -> None:
        job = {"job_name": "service", "static_configs": [{"targets": [target]}], **(scrape or {})}
        intervals = {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "1s"}
        settings = {"global": intervals, "scrape_configs": [job], "rule_files": list(rule_files)}
        (directory / "prometheus.yml").write_text(yaml.safe_dump(settings))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            str(program("prometheus")),
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ]
        super().__init__(command)
        self.wait_for_port(port, 60)
        wait_until(lambda: httpx.get(f"{self.url}/-/ready", timeout=60).status_code == 200, 60)

    def get(self, path: str, **parameters: str | float) -> Any:
        """Return the data of an API answer, such as `query` or `query_exemplars`."""
        response = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=60)
        response.raise_for_status()
        return response.json()["data"]

    def query(self, expression: str) -> float | None:
        """Return the value of an instant query with one series, None as long as there is none."""
        result = self.get("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else None

    def until(self, probe: Callable[[Prometheus], T], timeout: float = 60.0) -> T:
        """Ask until the answer is true; raise TimeoutError with Prometheus' own output after so many seconds."""
        deadline = time.monotonic() + timeout
        while not (answer := probe(self)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {timeout} s: {answer}\n{self.output}")
            time.sleep(0.1)
        return answer
