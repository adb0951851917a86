# SPDX-License-Identifier: Apache-2.0
"""One Kafka for all processes of a test run: the first that asks starts it, and it ends when the run does.

`python -m testbed.kafka.shared PID FILE` serves while that process is there, and writes its address to the file.
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from testbed.kafka.broker import Kafka

_TOOLS = Path(__file__).parents[2]
_PATIENCE_SECONDS = 240.0


def shared_kafka(run: int, folder: Path) -> str:
    """Return the address of the Kafka of a test run.

    Args:
        run: The pid of the run; when it is gone, so is Kafka.
        folder: A folder that all processes of the run share.
    """
    address = folder / "kafka.address"
    with (folder / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            _start(run, address)
    return address.read_text()


def _start(run: int, address: Path) -> None:
    said = address.with_suffix(".log")
    with said.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "testbed.kafka.shared", str(run), str(address)],
            cwd=_TOOLS,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not address.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise RuntimeError(f"no Kafka: {said.read_text()}")
        time.sleep(0.05)
    server.returncode = 0  # it outlives us, and is not ours to wait for


def serve(run: int, address: Path) -> None:
    """Serve until the run is gone."""
    with Kafka() as kafka:
        scratch = address.with_suffix(".new")
        scratch.write_text(kafka.address)
        scratch.rename(address)
        while _is_there(run) and kafka.process.exit_code is None:
            time.sleep(0.2)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
