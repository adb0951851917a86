# SPDX-License-Identifier: Apache-2.0
"""Draw faults over the package and see which ones no test notices: `python -m mutants.sampled [--seed N] [--count N]`.

Rooms and operators are drawn evenly, so that no room is spared for being small. Each fault is put into a copy of the tree,
with an environment of its own so that what tests start has the fault, too; the room's unit tests run first, then its
service tests. What survives is judged by a reader: `judged.py` names what changes nothing but time or cost, and why.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mutants.judged import JUDGED
from mutants.operators import Change, Place, changed, places

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.95
# The service tests that say most about a room in a minute or two.
SERVICE = {
    "admin": ("test_workers_app_path.py", "test_chat_metrics.py"),
    "doctor": ("test_doctor.py",),
    "health": ("test_health.py",),
    "http": ("test_chat_request.py", "test_http_correlation.py", "test_endings.py"),
    "__init__": ("test_imports_start.py",),
    "launch": ("test_launcher.py", "test_run.py", "test_view.py"),
    "lifecycle": ("test_chat_lifecycle.py", "test_faults.py", "test_exporters.py", "test_undone.py"),
    "logs": ("test_logs_access.py", "test_logs_streams.py", "test_logs_secrets.py"),
    "otlp": ("test_chat_otlp.py",),
    "testing": ("test_test_kit.py",),
    "tracing": ("test_chat_otlp.py",),
    "view": ("test_view.py",),
    "workers": ("test_workers_total.py", "test_workers_succession.py", "test_workers_end.py"),
}
_SECONDS = 600  # a change that hangs is noticed, too
_PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


@dataclass(frozen=True)
class Drawn:
    """One change of one file of the package."""

    file: str
    change: Change

    def __str__(self) -> str:
        change = self.change
        return f"{self.file}:{change.line} {change.operator}: {_short(change.before)} -> {_short(change.after)}"


def _short(code: str) -> str:
    return " ".join(code.split())[:90]


def draw(seed: int, count: int, part: str = "") -> list[Drawn]:
    """Return so many changes; the same seed draws the same ones of the same code."""
    chance = random.Random(seed)
    package = ROOT / "otel_distro"
    rooms: dict[str, dict[str, list[tuple[str, Place]]]] = {}
    for path in sorted(package.rglob("*.py")):
        file = str(path.relative_to(package))
        for place in places(path.read_text()) if part in file else ():
            rooms.setdefault(_room(file), {}).setdefault(place.operator, []).append((file, place))
    found: dict[tuple[str, Place], Drawn] = {}
    while len(found) < count:
        operators = rooms[chance.choice(sorted(rooms))]
        file, place = chance.choice(operators[chance.choice(sorted(operators))])
        found[file, place] = Drawn(file, changed((package / file).read_text(), place))
    return list(found.values())


def _room(file: str) -> str:
    """Return the folder, or the file's own name on the top level."""
    return file.partition("/")[0].removesuffix(".py")


def environment(home: Path) -> Path:
    """Copy the tree, and return a Python whose `otel_distro` is the copy's, in what it starts as well."""
    for name in ("otel_distro", "tests", "tools", "docs", "examples", "collector", "helm"):
        shutil.copytree(
            ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "target")
        )
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, home / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / ".venv"], check=True)
    (site,) = (home / ".venv" / "lib").glob("python*/site-packages")
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "copy.pth").write_text(f"{home}\nimport site; site.addsitedir({ours!r})\n")
    for script in Path(sys.executable).parent.iterdir():
        _take(script, home / ".venv" / "bin")
    return home / ".venv" / "bin" / "python"


def _take(script: Path, folder: Path) -> None:
    """Copy a console script, whose first line names its Python."""
    text = script.read_bytes() if script.is_file() and not script.is_symlink() else b""
    if text.startswith(b"#!") and not (folder / script.name).exists():
        place = folder / script.name
        place.write_bytes(text.replace(bytes(script.parent), bytes(folder)))
        place.chmod(0o755)


def killed_by(drawn: Drawn, home: Path, python: Path) -> str | None:
    """Return the test that has noticed the change, and passes without it; None if none has."""
    file = home / "otel_distro" / drawn.file
    original = file.read_text()
    for tests in _suites(drawn, home):
        file.write_text(drawn.change.source)
        try:
            failed = _first_failure(tests, home, python)
        finally:
            file.write_text(original)
        if failed is not None and _first_failure([failed], home, python) is None:
            return failed
    return None


def _suites(drawn: Drawn, home: Path) -> list[list[str]]:
    """Return what runs in turn: the tests of the file's own name, the room's, the room's service tests."""
    unit = home / "tests" / "unit"
    folder = unit / {"testing": "receiver"}.get(_room(drawn.file), _room(drawn.file))
    stem = Path(drawn.file).stem
    named = [str(path) for path in sorted(folder.glob(f"**/test_*{stem}*.py"))]
    room = [str(folder)] if folder.is_dir() else sorted(str(path) for path in unit.glob("test_*.py"))
    service = [str(home / "tests" / "service" / name) for name in SERVICE.get(_room(drawn.file), ("test_start.py",))]
    return [each for each in (named, room, service) if each]


def _first_failure(tests: list[str], home: Path, python: Path) -> str | None:
    """Return the first test that fails; all of them if they do not end in time."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OTEL_"))}
    command = [str(python), *_PYTEST, *tests]
    try:
        done = subprocess.run(
            command, cwd=home, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return tests[0]
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return found[1] if found else (tests[0] if done.returncode else None)


def main() -> int:
    """Print what became of each; the exit status is 1 where more survived than may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026, help="0 draws a fresh one")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--part", default="", help="of the files' names")
    parser.add_argument("--minutes", type=float, default=600, help="draw no further after that long")
    options = parser.parse_args()
    seed = options.seed or random.SystemRandom().randrange(1, 10**6)
    began = time.monotonic()
    alive: list[Drawn] = []
    tried = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        home = Path(folder)
        python = environment(home)
        for drawn in draw(seed, options.count, options.part):
            if time.monotonic() - began > options.minutes * 60:
                break
            if (drawn.file, drawn.change.text, drawn.change.after) in JUDGED:
                print(f"judged    {drawn}", flush=True)
                continue
            tried += 1
            test = killed_by(drawn, home, python)
            alive += [] if test else [drawn]
            print(f"{'killed  ' if test else 'SURVIVED'}  {drawn}{f'  by {test}' if test else ''}", flush=True)
    print(f"seed {seed}: {tried - len(alive)} of {tried} killed in {(time.monotonic() - began) / 60:.0f} minutes")
    return int(not tried or (tried - len(alive)) / tried < WANTED)


if __name__ == "__main__":
    sys.exit(main())
