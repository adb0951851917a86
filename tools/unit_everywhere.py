# SPDX-License-Identifier: Apache-2.0
"""Build the wheel and run the unit suite against it on every Python from 3.10, with the source tree out of the way.

The Python that this runs on is left out if there are others: `make suite` has the unit tests on it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "unit"
OLDEST = (3, 10)
NEEDED = ("tests", "tools", "examples", "docs", "pyproject.toml")


def interpreters() -> dict[str, Path]:
    """Return minor version -> interpreter: those on PATH, and pyenv's."""
    found: dict[str, Path] = {}
    for minor in range(OLDEST[1], 30):
        version = f"3.{minor}"
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        on_path = shutil.which(f"python{version}")
        candidates = [*pyenv, *([Path(on_path)] if on_path else [])]
        usable = [path for path in candidates if version_of(path) == version]
        if usable:
            found[version] = usable[-1]
    return found


def version_of(python: Path) -> str:
    """Return the minor version that an interpreter reports; pyenv's shims exist for absent ones."""
    asked = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"Python (3\.\d+)\.\d+$", asked.stdout.strip())
    return match[1] if match else ""


def build_wheel() -> Path:
    """Build the wheel from a clean folder."""
    shutil.rmtree(BUILD, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", BUILD, ROOT], check=True)
    (wheel,) = BUILD.glob("*.whl")
    return wheel


def copy_tests() -> Path:
    """Copy what the tests read, but not the package."""
    suite = BUILD / "suite"
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, suite / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        elif source.exists():
            suite.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, suite / name)
    return suite


def environment(version: str, python: Path, wheel: Path) -> Path:
    """Return an interpreter that has the wheel and what the unit tests need, made anew when either has changed."""
    home = ROOT / ".venvs" / version
    wanted = (ROOT / "pyproject.toml").read_text()
    stamp = home / ".installed"
    pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "install", "-q"]
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([python, "-m", "venv", "--clear", home], check=True)
        subprocess.run([*pip, "--upgrade", "pip"], check=True)
        subprocess.run([*pip, wheel, "--group", f"{ROOT / 'pyproject.toml'}:unit"], check=True)
        stamp.write_text(wanted)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", wheel], check=True)
    return home / "bin" / "python"


def main() -> int:
    """Run the suite on each interpreter; the exit status is 1 if any failed."""
    wheel, found = build_wheel(), interpreters()
    if not found:
        print("no Python from 3.10 found")
        return 1
    suite, failed = copy_tests(), []
    here = "{}.{}".format(*sys.version_info)
    chosen = {version: python for version, python in found.items() if version != here} or found
    for version, python in chosen.items():
        print(f"unit suite on Python {version}, from the wheel", flush=True)
        runner = environment(version, python, wheel)
        outcome = subprocess.run(
            [runner, "-I", "-m", "pytest", "-q", "-n", "2", "tests/unit", "-p", "no:cacheprovider"],
            cwd=suite,
            check=False,
        )
        failed += [version] if outcome.returncode else []
    print(f"unit suite: {', '.join(chosen)}" + (f"; failed on {', '.join(failed)}" if failed else ": all passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
