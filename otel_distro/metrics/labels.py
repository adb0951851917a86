# SPDX-License-Identifier: Apache-2.0
"""Label sets as text, `method="GET",http_route="/"`: what may stand there, and how one more label is added."""

from __future__ import annotations

import re

# What Prometheus itself says: a bucket's bound, a summary's quantile, and all that begins so, such as the metric's name.
BOUND, QUANTILE, RESERVED = "le", "quantile", "__"

# How many label sets are remembered at most, and how long ones.
MEMORY_ENTRIES, MEMORY_LONGEST = 16_384, 512

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\\n]|\\[\\n"])*"(?:,|$)')
_FAMILY_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def with_label(labels: str, name: str, value: str) -> str:
    """Return the text with one more label, whose value needs no escaping.

    The application's own label of that name stays as it is, ours then has another one: a name that stands twice makes
    Prometheus refuse the page.
    """
    while has_label(labels, name):
        name = f"otel_distro_{name}"
    return f'{labels},{name}="{value}"' if labels else f'{name}="{value}"'


def has_label(labels: str, name: str) -> bool:
    """Whether a label of that name stands in the text, in which every quote inside a value is escaped."""
    return labels.startswith(f'{name}="') or f',{name}="' in labels


def exported(name: str, *reserved: str) -> str:
    """Return the name for a label of the application's, as Prometheus does it when a name is its own."""
    return f"exported_{name}" if name in reserved or name.startswith(RESERVED) else name


def checked_labels(labels: str) -> str:
    """Return a label set of another process.

    Raises:
        ValueError: it is none: a forged one could begin a line of its own.
    """
    return _checked[labels]


class _Checked(dict[str, str]):
    """Label sets that are some, remembered while they are short and not too many."""

    def __missing__(self, labels: str) -> str:
        _check(labels)
        if len(self) >= MEMORY_ENTRIES:
            self.clear()
        if len(labels) <= MEMORY_LONGEST:
            self[labels] = labels
        return labels


_checked = _Checked()


def _check(labels: str) -> None:
    names, position = [], 0
    while position < len(labels):
        found = _LABEL.match(labels, position)
        if found is None:
            raise ValueError("not a label set")
        names.append(found[1])
        position = found.end()
    if labels.endswith(",") or len(names) != len(set(names)) or any(name.startswith(RESERVED) for name in names):
        raise ValueError("not a label set")


def checked_name(name: str) -> str:
    """Return the name of another process's metric.

    Raises:
        ValueError: it is none.
    """
    if not _FAMILY_NAME.fullmatch(name):
        raise ValueError("not a metric's name")
    return name
