# SPDX-License-Identifier: Apache-2.0
"""What was found, for people, for programs, and as a file that can be attached to an issue."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

from otel_distro import __version__
from otel_distro.doctor.findings import Finding, problem
from otel_distro.settings.reading import Reading

MARKS = {"ok": "✓", "note": "·", "warning": "!", "problem": "✗"}
_OF_INTEREST = ("opentelemetry", "otel-", "fastapi", "starlette", "uvicorn", "httpx", "structlog", "prometheus")


class Section(NamedTuple):
    """One part of the examination."""

    title: str
    findings: Sequence[Finding]


def examine(title: str, look: Callable[[], Iterable[Finding]]) -> Section:
    """Run one part; when it fails itself, that is what is found, and the others go on."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:  # noqa: BLE001 - the boundary: a fault of the doctor's must not hide what others find
        found.append(problem("OD901", title, f"{type(error).__name__}: {error}"))
    return Section(title, found)


def text(section: Section) -> Iterator[str]:
    """Yield the lines of one part."""
    yield f"\n{section.title}"
    for mark, subject, said, code, repair in section.findings:
        yield f"  {MARKS[mark]} {subject}: {said}"
        if code:
            yield f"      {code}: {repair}"


def verdict(sections: Iterable[Section]) -> str:
    """Return the last line."""
    marks = [finding.mark for section in sections for finding in section.findings]
    problems, warnings = marks.count("problem"), marks.count("warning")
    said = f"{problems} problem{'s' * (problems != 1)}, {warnings} warning{'s' * (warnings != 1)}"
    return f"\n{said}; docs/doctor.md tells more of each code" if problems or warnings else "\nnothing is wrong"


def is_ill(sections: Iterable[Section]) -> bool:
    """Whether anything is wrong for certain."""
    return any(finding.mark == "problem" for section in sections for finding in section.findings)


def as_json(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """Return everything as JSON values."""
    return [{"section": title, **finding._asdict()} for title, findings in sections for finding in findings]


def write_bundle(path: Path, sections: Iterable[Section], reading: Reading) -> None:
    """Write what an issue needs: findings, variables with their secrets masked, versions.

    Raises:
        OSError: the file cannot be written.
    """
    versions = {item.metadata["Name"]: item.version for item in distributions()}
    known = {name: found for name, found in sorted(versions.items()) if name and name.lower().startswith(_OF_INTEREST)}
    bundle = {
        "otel_distro": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "variables": dict(reading.given),
        "packages": known,
        "findings": as_json(sections),
    }
    path.write_text(json.dumps(bundle, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
