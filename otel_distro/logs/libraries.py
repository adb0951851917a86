# SPDX-License-Identifier: Apache-2.0
"""Which loggers are a library's: those named after a package that was installed from an index, or is Python's own."""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

_PLACES = ("stdlib", "platstdlib", "purelib", "platlib")


@lru_cache(maxsize=1024)
def is_library(logger: str) -> bool:
    """Whether a logger is called after a module of a library that has been imported.

    What was installed from a folder, a file or a repository is the application itself: installers leave word of that.
    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    package = logger.partition(".")[0]
    places = _places_of(package)
    if package == "__main__" or not places:
        return package in sys.builtin_module_names
    return any(place.startswith(_folders()) for place in places) and package not in _own()


def _places_of(package: str) -> list[str]:
    module = sys.modules.get(package)
    path = getattr(module, "__path__", None)
    file = getattr(module, "__file__", None)
    return [str(place) for place in ([file] if file else path or ())]


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    return tuple({str(Path(found)) for name in _PLACES if (found := sysconfig.get_path(name))})


@lru_cache(maxsize=1)
def _own() -> frozenset[str]:
    """Return the packages that were installed from elsewhere than an index."""
    records = [record for folder in _folders() for record in Path(folder).glob("*.dist-info/direct_url.json")]
    return frozenset(name for record in records for name in _packages(record.with_name("RECORD")))


def _packages(record: Path) -> set[str]:
    try:
        lines = record.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {line.partition("/")[0].partition(",")[0].removesuffix(".py") for line in lines}
