# SPDX-License-Identifier: Apache-2.0
"""How often a part of ours really ran: a suite that passes without it says nothing."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

uses: Counter[str] = Counter()


def count(owner: Any, name: str, label: str) -> None:
    """Count the calls of `owner.name` under a label."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        uses[label] += 1
        return original(*args, **kwargs)

    setattr(owner, name, counted)
