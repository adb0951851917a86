# SPDX-License-Identifier: Apache-2.0
"""The systems' own files are run by the tests beside them, not collected; other languages are tested where their tools are."""

import shutil
from collections.abc import Callable

import pytest
from support.surroundings import surroundings

collect_ignore_glob = ["apps/*"]
collect_ignore = [] if all(map(shutil.which, ("node", "npm", "cargo"))) else ["test_languages.py"]


@pytest.fixture(scope="session")
def around(request: pytest.FixtureRequest) -> Callable[[str], dict[str, str]]:
    """What a system needs of others where it runs, started when the first asks for it: system -> variables."""
    return lambda system: surroundings(system, lambda: str(request.getfixturevalue("kafka")))
