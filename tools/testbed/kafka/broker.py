# SPDX-License-Identifier: Apache-2.0
"""Kafka 4 in KRaft mode: broker and controller in one process, in a folder of its own, gone with whoever started it."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from testbed.processes import Process, free_port
from testbed.programs import program

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=1000
{more}
"""


class Kafka:
    """A running Kafka; the end of a `with` block stops it and removes what it stored.

    Args:
        more: Settings of the server beside, or instead of, ours.

    Attributes:
        address: What clients call `bootstrap_servers`.
    """

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="otel-distro-kafka-"))
        self.port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        lines = "\n".join(f"{key}={value}" for key, value in (more or {}).items())
        self._properties = self.folder / "server.properties"
        self._properties.write_text(
            _PROPERTIES.format(port=self.port, controller=controller, folder=self.folder, more=lines)
        )
        self._command = str(program("kafka"))
        self._run("kafka.tools.StorageTool", "format", "-t", "b3RlbC1kaXN0cm8tdGVzdA", "-c", str(self._properties))
        self.process = self._start()

    def _run(self, *command: str) -> None:
        process = Process([self._command, *command], directory=self.folder)
        if process.wait(60):
            raise RuntimeError(f"{command[0]} failed:\n{process.output}")

    def _start(self) -> Process:
        process = Process([self._command, "kafka.Kafka", str(self._properties)], directory=self.folder)
        try:
            process.wait_for_port(self.port, timeout=90)
        except BaseException:
            process.kill()
            raise
        return process

    def stop(self) -> None:
        """Stop the server; its data stay."""
        self.process.stop(timeout=60)

    def start(self) -> None:
        """Start it again, on the same port and with the same data."""
        self.process = self._start()

    def close(self) -> None:
        """Stop it for good."""
        self.process.kill()
        for _ in range(50):  # its files may be on their way out
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)

    def __enter__(self) -> "Kafka":  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
