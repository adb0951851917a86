# SPDX-License-Identifier: Apache-2.0
"""Run the unit suite with the oldest version of everything that it is to work with; CI runs the newest anyway.

Of our dependencies that is the lower bound in pyproject.toml; of what applications bring, `BESIDE`.

`python tools/oldest.py [ARGUMENT...]`; arguments go to pytest.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "oldest"
# What applications bring, in the oldest version that is supported: releases of the first half of 2024. FastAPI 0.110 is the
# last to stay below Starlette 0.37. Older ones of FastAPI (0.92) cannot be imported under pytest's `error` filter.
BESIDE = (
    "fastapi==0.110.0",
    "starlette==0.36.3",
    "httpx==0.27.0",
    "uvicorn==0.30.0",
    "prometheus-client==0.20.0",
)
# FastAPI's releases that report the route that they have chosen (0.142) want a newer API than the oldest: there we fall
# back to what contrib does, which does not follow mounts. The rest is what SDK 1.43 does otherwise, of itself.
DESELECTED = {
    "tests/unit/http/test_mounts.py": "FastAPI does not report routes before 0.142",
    "tests/unit/http/test_routes.py": "the same",
    "tests/unit/http/test_websocket.py": "the same",
    "tests/unit/http/test_endings.py::test_an_unhandled_exception_is_a_500_with_one_exception_event": "the same, of exceptions",
    "tests/unit/http/test_endings.py::test_an_exception_after_the_first_byte_keeps_the_status_that_was_sent": "the same",
    "tests/unit/tracing/test_adopt.py::test_a_forked_child_draws_other_ids_and_sends_its_own_spans": (
        "the SDK has no service.instance.id of its own before 1.45"
    ),
    "tests/unit/tracing/test_span.py::test_a_value_that_cannot_be_read_is_dropped_and_counted_as_a_fault": (
        "the SDK does not ask objects for their text before 1.45"
    ),
}


def lowest() -> list[str]:
    """Return a constraint for each dependency: its lower bound."""
    section = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert section is not None
    found = re.findall(r'"([\w.-]+) >= ([\w.]+)', section[1])
    assert found, "no lower bounds in pyproject.toml"
    return [f"{name}=={version}" for name, version in found]


def unpinned(group: str) -> list[str]:
    """Return the requirements of a group of pyproject.toml, those of `BESIDE` without their pins."""
    text = (ROOT / "pyproject.toml").read_text()
    section = re.search(rf"^{group} = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    found = re.findall(r'^  "([^"]+)"', section[1], re.MULTILINE)
    beside = {requirement.partition("==")[0] for requirement in BESIDE}
    names = ((re.split(r"[ \[]", requirement)[0], requirement) for requirement in found)
    return [name if name in beside else requirement for name, requirement in names]


def main(arguments: list[str]) -> int:
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    constraints = HOME / "constraints.txt"
    constraints.write_text("\n".join([*lowest(), *BESIDE]) + "\n")
    needed = dict.fromkeys([*unpinned("examples"), *unpinned("unit"), "prometheus-client"])
    python = HOME / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-e", ROOT, *needed, "-c", constraints], check=True)
    subprocess.run([python, "-m", "pip", "list"], check=True)
    left_out = [part for test in DESELECTED for part in ("--deselect", test)]
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *left_out, *(arguments or ["tests/unit"])],
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
