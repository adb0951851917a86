# SPDX-License-Identifier: Apache-2.0
"""What the variants of `planted_late.py` share: each configures logging and returns what logs an event."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from planted import Secret, spoken

Log = Callable[[str], object]
VARIANTS: dict[str, Callable[[], Log]] = {}
current: ContextVar[Secret] = ContextVar("current")


def variant(build: Callable[[], Log]) -> Callable[[], Log]:
    """Register a variant."""
    VARIANTS[build.__name__.replace("_", " ")] = build
    return build


def added() -> dict[str, Any]:
    """Return what the parts of an application add: under the secret's own name, and in a text."""
    secret = current.get()
    return {secret.name: secret.text, "note": spoken(secret), "deep": [{"er": {secret.name: secret.text}}]}


def adding(_logger: Any, _name: str, event: Any) -> Any:
    """Add to structlog's event."""
    return {**event, **added()}


def dumping(event: Any, **options: Any) -> str:
    """Serialize, and add."""
    return json.dumps({**event, **added()}, **options)


def of_object(_value: Any) -> Any:
    """Say what an object is: `default` of JSON."""
    return added()


class Encoder(json.JSONEncoder):
    """Adds while it encodes."""

    def encode(self, o: Any) -> str:
        """Encode more than was given."""
        return super().encode({**o, **added()})


def handled(formatter: Any, handler_filter: Any = None) -> None:
    """Give the root logger one handler."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    if handler_filter:
        handler.addFilter(handler_filter)
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.INFO)
    logging.getLogger("items").filters.clear()
