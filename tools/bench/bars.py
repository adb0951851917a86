# SPDX-License-Identifier: Apache-2.0
"""A bar chart as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_LABEL, _BAR, _ROW, _NUMBER = 370, 420, 24, 60


def plot(values: Mapping[str, float]) -> str:
    """Return horizontal bars of microseconds; those of ours are blue."""
    longest = max(values.values()) or 1.0
    rows = "".join(_row(number, name, value, longest) for number, (name, value) in enumerate(values.items()))
    width, height = _LABEL + _BAR + _NUMBER, _ROW * len(values) + 10
    style = "text{font:13px sans-serif;fill:#777}.ours{fill:#2a78d6}.other{fill:#999}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><style>{style}</style>{rows}</svg>\n'
    )


def _row(number: int, name: str, value: float, longest: float) -> str:
    top, length = number * _ROW + 5, max(0.0, value) / longest * _BAR
    kind = "ours" if name.endswith("ours") else "other"
    return (
        f'<text x="{_LABEL - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_ROW - 6}"/>'
        f'<text x="{_LABEL + length + 6:.1f}" y="{top + 14}">{value:.0f} µs</text>'
    )
