# SPDX-License-Identifier: Apache-2.0
"""Run applications of the world bare and with us: `python -m world [NAME…] [--write PAGE]`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from testbed.processes import free_port

from world.application import Application
from world.catalog import APPLICATIONS
from world.compare import differences
from world.environments import environment
from world.page import Row, write
from world.running import BARE, Outcome, run

LAUNCHERS = {"opentelemetry-instrument": ("opentelemetry-instrument",), "otel-distro run": ("otel-distro", "run")}


def main() -> int:
    """Return 1 if anything differs that is not explained."""
    options = _options()
    chosen = [APPLICATIONS[name] for name in options.names or APPLICATIONS]
    rows = []
    for application in chosen:
        rows.append(_row(application, options.launcher, options.keep))
        print(rows[-1], flush=True)
    if options.write:
        write(options.write, rows)
    return int(any(row.differences for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *APPLICATIONS], metavar="NAME")
    parser.add_argument("--launcher", choices=LAUNCHERS, default="opentelemetry-instrument")
    parser.add_argument("--write", type=Path, help="the page that gets the table")
    parser.add_argument("--keep", type=Path, help="a folder for what both runs printed")
    return parser.parse_args()


def _row(application: Application, launcher: str, keep: Path | None) -> Row:
    if application.needs and shutil.which(application.needs) is None:
        return Row(application, None, [f"{application.needs} is not on this machine"])
    try:
        home = environment(application)
        bare, ours = _both(application, home, launcher)
    except subprocess.CalledProcessError as error:
        return Row(application, None, [f"{error.cmd[:6]}: {(error.stderr or '')[-600:]}"])
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return Row(application, None, [f"{type(error).__name__}: {error}"])
    if keep:
        _keep(keep / application.name, bare, ours)
    return Row(application, ours, differences(application, bare, ours))


def _both(application: Application, home: Path, launcher: str) -> tuple[Outcome, Outcome]:
    with tempfile.TemporaryDirectory(prefix="world-") as scratch:
        folder, port = Path(scratch) / application.name, free_port()
        bare = run(application, home, folder, BARE, port)
        return bare, run(application, home, folder, LAUNCHERS[launcher], port)


def _keep(folder: Path, bare: Outcome, ours: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, outcome in (("bare", bare), ("ours", ours)):
        for stream in ("stdout", "stderr"):
            (folder / f"{name}.{stream}").write_text("\n".join(getattr(outcome, stream)) + "\n")


if __name__ == "__main__":
    sys.exit(main())
