# SPDX-License-Identifier: Apache-2.0
"""Serve an ASGI application under the launcher, with nothing but environment variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from testbed.processes import Process, free_port
from testbed.scrape import OPENMETRICS, Scrape, scrape

Server = Literal["uvicorn", "gunicorn"]
LAUNCHER = "opentelemetry-instrument"


class Service(Process):
    """A served application that accepts requests; the end of a `with` block stops it.

    Args:
        application: As the server names it: `module:attribute`.
        directory: Where the module lies.
        environment: Variables beside the ports; OTEL_EXPORTER_PROMETHEUS_PORT chooses the admin port, else a free one.
        server: uvicorn, or gunicorn with uvicorn's worker.
        options: More arguments for the server.
        launcher: The command before the server's; empty for a service without telemetry.
        port: Where to listen; 0 takes a free one.
        timeout: Seconds until the service must accept connections.

    Raises:
        RuntimeError: If the server ends at once; the message holds its output.
        TimeoutError: If it does not serve in time.
    """

    def __init__(  # noqa: PLR0913 -- one real choice each, all but two with a default
        self,
        application: str,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        *,
        server: Server = "uvicorn",
        options: Sequence[str] = (),
        launcher: Sequence[str] = (LAUNCHER,),
        port: int = 0,
        timeout: float = 20.0,
    ) -> None:
        self.port = port or free_port()
        variables = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()), **(environment or {})}
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{variables['OTEL_EXPORTER_PROMETHEUS_PORT']}"
        super().__init__([*launcher, *_command(server, application, self.port), *options], variables, directory)
        try:
            self.wait_for_port(self.port, timeout)
        except BaseException:
            self.kill()
            raise

    def scrape(self, accept: str = OPENMETRICS) -> Scrape:
        """Read the service's /metrics."""
        return scrape(self.admin_url, accept)

    def __enter__(self) -> Service:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self


def _command(server: Server, application: str, port: int) -> list[str]:
    if server == "gunicorn":
        worker = "uvicorn.workers.UvicornWorker"
        return ["gunicorn", "-k", worker, "-b", f"127.0.0.1:{port}", application]
    return ["uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
