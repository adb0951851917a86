# SPDX-License-Identifier: Apache-2.0
"""Every file, every variable and every path of the admin port that the documentation names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_distro.settings.known import exists_elsewhere
from otel_distro.settings.model import SDK_VARIABLES, Settings, declared

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "otel_distro|tests|tools|docs|collector|helm|examples|compose"
NAMES = {name for one in (*declared(Settings), *SDK_VARIABLES) for name in (one.name, *one.older)}
# Of tests and tools, wrong on purpose, or explained as what does not work.
OTHERS = {
    "OTEL_DISTRO_FOO",
    "OTEL_EXPORTER_OTLP_ENDPONT",
    "OTEL_DISTRO_LOG_LEVL",
}


def texts() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield page, page.read_text(encoding="utf-8")


def test_every_variable_that_is_named_exists() -> None:
    named = [
        (page, name)
        for page, text in texts()
        for name in re.findall(r"\bOTEL_[A-Z0-9_]+[A-Z0-9](?![A-Z0-9_*…{])", text)
    ]
    unknown = {(page.name, name) for page, name in named if name not in NAMES | OTHERS and not exists_elsewhere(name)}
    assert len(named) > 200
    assert unknown == set()


def test_every_link_leads_somewhere() -> None:
    links = [(page, target) for page, text in texts() for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text)]
    local = [(page, target) for page, target in links if "://" not in target]
    assert len(local) > 80
    assert [(page.name, target) for page, target in local if not (page.parent / target).exists()] == []


def test_every_heading_that_is_linked_exists() -> None:
    wrong = []
    for page, text in texts():
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
            there = page if not target else page.parent / target
            if "://" not in target and anchor not in anchors(there):
                wrong.append((page.name, f"{target}#{anchor}"))
    assert wrong == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_file_that_is_named_exists() -> None:
    named = [(page, path) for page, text in texts() for path in re.findall(rf"`((?:{FOLDERS})/[\w./*{{}},-]+)`", text)]
    assert len(named) > 40
    missing = {
        (page.name, path) for page, path in named if not any(list(ROOT.glob(one)) for one in spelled(path.rstrip("/")))
    }
    assert missing == set()


def spelled(path: str) -> list[str]:
    """Spell braces out as shells do."""
    found = re.match(r"(.*)\{(.*)\}(.*)", path)
    return [found[1] + one + found[3] for one in found[2].split(",")] if found else [path]


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_no_page_of_the_admin_port_is_invented(path: str) -> None:
    below = {(page.name, found) for page, text in texts() for found in re.findall(rf"(?<![\w/.]){path}/\w+", text)}
    served = {"/health/live", "/health/ready"}
    assert {(page, found) for page, found in below if found not in served} == set()
