# SPDX-License-Identifier: Apache-2.0
"""docs/start.md typed literally: every command, and what it prints."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from testbed.processes import Process, clean_environment, free_port, located

PAGE = Path(__file__).parents[2] / "docs" / "start.md"
PATIENCE_SECONDS = 60


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command with the lines that it prints."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = shown.splitlines()
            yield command, printed


def fits(printed: list[str], text: str) -> bool:
    """Whether lines are a text's, in their order; a line of its own that is `…` stands for any number of them."""
    pattern = "\n".join(".*" if line == "…" else _pattern(line) for line in printed)
    return re.search(f"^{pattern}$", text, re.DOTALL | re.MULTILINE) is not None


def _pattern(line: str) -> str:
    return r"[^\n]*?".join(re.sub(r"(\\ )+", r"\\s+", re.escape(part)) for part in line.split("…"))


def test_a_newcomer_gets_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0])
    port, admin = free_port(), free_port()
    environment = {
        "TMPDIR": str(tmp_path),
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(admin),
        "PATH": f"{Path(located('otel-distro')).parent}:{os.environ['PATH']}",
    }
    typed = [
        (command.replace("8000", str(port)).replace("9464", str(admin)), printed) for command, printed in commands()
    ]
    assert [command.split()[0] for command, _ in typed] == [
        "pip",
        *["otel-distro"],
        "curl",
        "curl",
        *["otel-distro"] * 2,
        "curl",
        "otel-distro",
    ]
    launch, printed = typed[1]
    with Process(launch.removesuffix(" &").split(), environment, tmp_path) as service:
        try:
            service.wait_for_port(port, timeout=PATIENCE_SECONDS)
            assert fits(printed, "\n".join(service.stderr))
            for command, expected in typed[2:]:
                _types(command, expected, environment, tmp_path)
        finally:
            service.stop()
            _end_viewer(tmp_path)


def _types(command: str, expected: list[str], environment: dict[str, str], folder: Path) -> None:
    """Type a command until it prints what it should: what was just sent is on its way."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        done = subprocess.run(
            command,
            shell=True,
            env=clean_environment(environment),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if fits(expected, done.stdout):
            return
        assert time.monotonic() < deadline, f"{command}\n{done.stdout}\n{done.stderr}"
        time.sleep(0.2)


def _end_viewer(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        about = json.loads((folder / f"otel-distro-view-{os.getuid()}" / "viewer.json").read_text())
        os.kill(about["pid"], signal.SIGTERM)
