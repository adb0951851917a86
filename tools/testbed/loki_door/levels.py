# SPDX-License-Identifier: Apache-2.0
"""`detected_level`, which Loki adds to every entry.

Source: https://grafana.com/docs/loki/latest/get-started/labels/#default-labels-for-all-users and `discover_log_levels`,
`log_level_fields` of https://grafana.com/docs/loki/latest/configure/#limits_config.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_FIELDS: Final = (
    "level", "LEVEL", "Level", "log_level", "severity", "SEVERITY", "Severity", "SeverityText", "severity_text", "lvl", "LVL", "Lvl",
)  # fmt: skip
_LEVELS: Final = {
    "trace": "trace", "trc": "trace",
    "debug": "debug", "dbg": "debug",
    "info": "info", "inf": "info", "information": "info",
    "warn": "warn", "wrn": "warn", "warning": "warn",
    "error": "error", "err": "error",
    "critical": "critical",
    "fatal": "fatal",
}  # fmt: skip
_FIELD_IN_LINE: Final = re.compile(r"""(?:^|[\s{,"])(?:level|severity|lvl)"?\s*[=:]\s*"?(\w+)""", re.IGNORECASE)
_WORD: Final = re.compile(r"\b(" + "|".join(_LEVELS) + r")\b", re.IGNORECASE)


def detected_level(metadata: Mapping[str, str], line: str) -> str:
    """Look in the metadata, then for a field in the line, then for a word in it."""
    for name in _FIELDS:
        if found := metadata.get(name):
            return _LEVELS.get(found.lower(), "unknown")
    head = line[:1000]
    for pattern in (_FIELD_IN_LINE, _WORD):
        if (match := pattern.search(head)) and (level := _LEVELS.get(match[1].lower())):
            return level
    number = int(metadata.get("severity_number") or 0)
    return (
        ("unknown", "trace", "debug", "info", "warn", "error", "fatal")[(number + 3) // 4]
        if 0 < number <= 24
        else "unknown"
    )
