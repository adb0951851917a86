# SPDX-License-Identifier: Apache-2.0
"""Put one fault after the other into a copy of the package and run the test that is to notice: `python -m mutants [PART]`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mutants.survivors import SURVIVORS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "otel_distro"


def killed(mutant: Mutant, copy: Path) -> bool:
    """Whether the test fails with the fault in the copy.

    Raises:
        ValueError: The code has changed: the text is not there, or more than once.
    """
    original = (PACKAGE / mutant.file).read_text()
    if original.count(mutant.before) != 1:
        raise ValueError(
            f"{mutant.file}: expected once, found {original.count(mutant.before)} times: {mutant.before!r}"
        )
    file = copy / "otel_distro" / mutant.file
    file.write_text(original.replace(mutant.before, mutant.after))
    try:
        return _fails(str(ROOT / "tests" / "unit" / mutant.test), copy)
    finally:
        file.write_text(original)


def _fails(test: str, copy: Path) -> bool:
    # Python's first place for modules is the working directory: the copy, and not the repository.
    options = ["-x", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}"]
    command = [sys.executable, "-m", "pytest", *options, test]
    done = subprocess.run(
        command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, timeout=300, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{test} did not run: {done.stdout.decode()[-1000:]}")
    return done.returncode == 1


def main(part: str) -> int:
    """Print what became of each mutant; the exit status is 1 if any survived."""
    chosen = [mutant for mutant in SURVIVORS if part in mutant.file]
    alive = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(PACKAGE, copy / "otel_distro", ignore=shutil.ignore_patterns("__pycache__"))
        for mutant in chosen:
            dead = killed(mutant, copy)
            alive += [] if dead else [mutant]
            print(f"{'killed  ' if dead else 'SURVIVED'} {mutant.file}: {mutant.before.strip()[:60]!r}", flush=True)
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants killed")
    return 1 if alive or not chosen else 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
