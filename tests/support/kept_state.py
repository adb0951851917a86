# SPDX-License-Identifier: Apache-2.0
"""What the package keeps for the whole process, put back: `otel_distro/ground/process_state.py` says where that is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from otel_distro.ground.process_state import STATE

PutBack = Callable[[], object]


@contextmanager
def kept_state() -> Iterator[None]:
    """Put everything back at the end; modules that are first imported in between keep what they then have."""
    steps = [step for place in STATE for step in _of_place(place)]
    yield
    for step in steps:
        step()


def _of_place(place: str) -> Iterator[PutBack]:
    name, _, attribute = place.partition(":")
    module = sys.modules.get(f"otel_distro.{name}")
    if module is None:
        return
    value = getattr(module, attribute)
    yield lambda: setattr(module, attribute, value)
    yield from _of_container(value)
    for inside, content in list(_attributes(value).items()):
        yield lambda inside=inside, content=content: setattr(value, inside, content)  # type: ignore[misc]
        yield from _of_container(content)


def _attributes(value: Any) -> dict[str, Any]:
    """Return what an object or a class has of its own: no methods."""
    own = vars(value) if hasattr(value, "__dict__") else {}
    if not isinstance(own, MappingProxyType):
        return dict(own)
    return {
        name: content for name, content in own.items() if not name.startswith("__") and not hasattr(content, "__get__")
    }


def _of_container(value: Any) -> Iterator[PutBack]:
    if isinstance(value, MutableMapping):
        before = dict(value)
        yield lambda: (value.clear(), value.update(before))
    elif type(value) in (list, set):
        items = list(value)
        yield lambda: (value.clear(), value.extend(items) if type(value) is list else value.update(items))
