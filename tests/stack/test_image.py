# SPDX-License-Identifier: Apache-2.0
"""collector/Dockerfile, as far as it can be checked without a container engine: what it copies, builds and starts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from testbed.collector import arguments
from testbed.programs import program
from testbed.server import REPOSITORY

DOCKERFILE = (REPOSITORY / "collector" / "Dockerfile").read_text()
COPIES = [words.split() for words in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)]


def test_what_is_copied_is_enough_to_build_the_collector_of_the_tests(tmp_path: Path) -> None:
    """The build stage's files alone name the same program: manifest, builder and patches are all there."""
    build = [(source, target) for *sources, target in COPIES for source in sources if target.startswith("/src/")]
    assert len(build) == 2
    for source, target in build:
        copy = tmp_path / target.lstrip("/")
        copy.parent.mkdir(parents=True)
        (shutil.copytree if (REPOSITORY / source).is_dir() else shutil.copy)(REPOSITORY / source, copy)
    expected = str(program("collector"))
    command = [sys.executable, *re.findall(r"python3 (-m) (testbed\.programs) (collector)", DOCKERFILE)[0]]
    found = subprocess.run(command, cwd=tmp_path / "src" / "tools", capture_output=True, text=True, check=True)
    assert found.stdout.strip() == expected


def test_the_image_starts_what_is_tested_here() -> None:
    """The default command is the standalone role, from files that the image holds."""
    command = json.loads(DOCKERFILE.split("\nCMD ")[1])
    inside = {f"/etc/otelcol/{Path(source).name}" for *sources, _ in COPIES for source in sources}
    named = [argument.removeprefix("--config=") for argument in command if argument.startswith("--config=")]
    assert [path for path in named if path not in inside and str(Path(path).parent) not in inside] == []
    assert [argument.replace("/etc/otelcol", str(REPOSITORY / "collector")) for argument in command] == arguments(
        "standalone"
    )


def test_the_compiler_of_the_image_is_new_enough() -> None:
    """The image's Go is at least the one that the builder's module asks for."""
    image = re.findall(r"^FROM golang:(\d+)\.(\d+)", DOCKERFILE, re.MULTILINE)
    module = (REPOSITORY / "tools" / "testbed" / "programs" / "modules" / "ocb" / "go.mod").read_text()
    wanted = re.findall(r"^go (\d+)\.(\d+)", module, re.MULTILINE)
    assert len(image) == len(wanted) == 1
    assert tuple(map(int, image[0])) >= tuple(map(int, wanted[0]))
