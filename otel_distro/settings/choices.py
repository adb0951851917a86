# SPDX-License-Identifier: Apache-2.0
"""Casts of variables that take words of their own, or a list: the labels of older metrics, the levels of loggers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from otel_distro.settings import casts

# As `prometheus-fastapi-instrumentator` has them: `status` is `2xx`, and a route that nothing matched is `none`.
INSTRUMENTATOR: Final = "prometheus-fastapi-instrumentator"
USUAL_LABELS: Final = ("method", "endpoint", "status_code")
LEGACY_LABELS: Final = ("method", "endpoint", "handler", "path", "status", "status_code", "code")


def legacy_http_names(value: str) -> tuple[str, ...]:
    """Take true, false, an instrumentator's name, or a list of labels; the result is the list, empty for false."""
    if value.lower() == INSTRUMENTATOR:
        return (INSTRUMENTATOR,)
    try:
        return USUAL_LABELS if casts.boolean(value) else ()
    except ValueError:
        return casts.listed(value, _legacy_label)


def _legacy_label(name: str) -> None:
    if name not in LEGACY_LABELS:
        known = ", ".join(LEGACY_LABELS)
        raise ValueError(f"true, false, {INSTRUMENTATOR}, or labels out of {known}, but {name!r} is none of them")


def levels(value: str) -> Mapping[str, str]:
    """Take ``logger=level`` pairs separated by commas."""
    found: dict[str, str] = {}
    complaints = []
    for part in casts.names(value):
        try:
            name, level = _pair(part)
            found[name] = casts.log_level(level)
        except ValueError:
            complaints.append(f"logger=level pairs such as aiokafka=WARNING, but {part!r} is none")
    if complaints:
        expected = "; and ".join(complaints)
        raise casts.PartlyRefused(expected, MappingProxyType(found)) if found else ValueError(expected)
    return MappingProxyType(found)


def _pair(part: str) -> tuple[str, str]:
    name, _, level = map(str.strip, part.partition("="))
    if not name:
        raise ValueError(part)
    return name, level
