# SPDX-License-Identifier: Apache-2.0
"""The tests that an application has for its telemetry: those of examples/chat, run by a pytest without a plugin of ours."""

import re
import shutil
from pathlib import Path

from demo.stack import CHAT_DIRECTORY
from testbed.processes import run

PAGE = Path(__file__).parents[2] / "docs" / "test-kit.md"


def pytest_in(folder):
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -p no:randomly\n")
    return run(["python", "-m", "pytest", "-q"], directory=folder, timeout=180)


def test_the_tests_of_the_example_pass_and_fail_when_the_application_is_silent(tmp_path):
    shutil.copytree(CHAT_DIRECTORY, tmp_path / "chat", ignore=shutil.ignore_patterns("__pycache__"))
    passed = pytest_in(tmp_path / "chat")
    assert passed.stdout.splitlines()[-1].startswith("3 passed"), passed.stdout + passed.stderr
    application = tmp_path / "chat" / "chat_api.py"
    silent = application.read_text().replace(
        '    log.info("message received", room=room, user_id=message.user_id)\n', ""
    )
    application.write_text(silent.replace("    raise RuntimeError(", "    print("))
    failed = pytest_in(tmp_path / "chat")
    assert failed.stdout.splitlines()[-1].startswith("2 failed, 1 passed"), failed.stdout + failed.stderr


def test_the_page_shows_what_the_example_does():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    example = "".join((CHAT_DIRECTORY / name).read_text() for name in ("conftest.py", "test_chat_api.py"))
    assert len(blocks) >= 3
    assert [block for block in blocks if block.strip() not in example] == []
