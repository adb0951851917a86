# SPDX-License-Identifier: Apache-2.0
"""What is set apart from garbage collection comes back at the end: files and finalizers of the host end as bare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
if {launched}:
    from otel_distro.launch.garbage import exempt_from_collection
    exempt_from_collection()
rows = open("rows.csv", "w")
rows.write("1,2\\n")
class Last:
    def __del__(self, write=os.write):
        write(2, b"finalized")
last = Last()
def main():  # holds the module's namespace, which holds it
    return rows
{end}
"""
ENDS = {
    "by itself": "",
    "sys.exit": "sys.exit(3)",
    "an exception": "raise ValueError('x')",
    "a forked child": "import time\nif os.fork(): rows.close(); os.wait()",
}


def outcome(end: str, directory: Path, *, launched: bool) -> tuple[str, int, int]:
    """Return the file, how often the finalizer ran, and the exit status."""
    program = PROGRAM.format(end=ENDS[end], launched=launched)
    done = subprocess.run([sys.executable, "-c", program], cwd=directory, capture_output=True, text=True, check=False)
    return (directory / "rows.csv").read_text(), done.stderr.count("finalized"), done.returncode


@pytest.mark.parametrize("end", ENDS)
def test_files_and_finalizers_end_as_without_us(end: str, tmp_path: Path):
    bare = outcome(end, tmp_path, launched=False)
    assert bare[1] >= 1
    assert outcome(end, tmp_path, launched=True) == bare
