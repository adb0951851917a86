# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL and a real Redis on free ports, gone with their `with` block."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from testbed.debian import debian
from testbed.processes import Process, free_port


class PostgreSql:
    """A running PostgreSQL, which may be stopped and started again.

    Attributes:
        url: What clients call its URL.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="otel-distro-postgresql-"))
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        initdb, self._server = debian("initdb", "postgresql"), debian("postgres", "postgresql")
        if self._as:
            shutil.chown(self.folder, "postgres")
        made = Process([*self._as, str(initdb), "-U", "postgres", "-A", "trust", "-N", "-D", f"{self.folder}/data"])
        if made.wait(120):
            raise RuntimeError(f"initdb failed:\n{made.output}")
        self.start()

    def start(self) -> None:
        """Start it with the data that it has."""
        options = ["-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off", "-h", "127.0.0.1"]
        command = [*self._as, str(self._server), "-D", f"{self.folder}/data", "-p", str(self.port), *options]
        self.process = Process(command, directory=self.folder)
        self.process.wait_for_line("ready to accept connections", timeout=60)

    def stop(self) -> None:
        """Stop it at once, though in good order; its data stay."""
        if self.process.exit_code is None:
            os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
            self.process.wait(60)

    def __enter__(self) -> "PostgreSql":  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self.process.kill()
            _remove(self.folder)


class Redis:
    """A running Redis.

    Attributes:
        url: What clients call its URL.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="otel-distro-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = Process([str(debian("redis-server", "redis-server")), *options])
        self.process.wait_for_port(self.port, timeout=60)

    def __enter__(self) -> "Redis":  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        _remove(self.folder)


def _remove(folder: Path) -> None:
    for _ in range(50):  # files may be on their way out
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
