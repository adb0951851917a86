# SPDX-License-Identifier: Apache-2.0
"""What is generated is fresh, and the environment is read in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import reference

import otel_distro
from otel_distro.settings.model import SDK_VARIABLES, Settings, declared

PACKAGE = Path(otel_distro.__file__).parent


def test_the_reference_page_is_fresh() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run `make docs`"


def test_no_variable_is_declared_twice() -> None:
    names = [variable.name for variable in (*declared(Settings), *SDK_VARIABLES)]
    assert len(names) == len(set(names)) > 80


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb", "putenv"}
    ]
    assert set(readers) == {"settings/environ.py"}
