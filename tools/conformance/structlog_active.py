# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin that runs structlog's own tests with our log room active: `-p conformance.structlog_active`.

What was used is counted into the file that `CONFORMANCE_COUNTS` names: a suite that passes without us says nothing.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

from otel_distro.imports import when_imported
from otel_distro.logs import install
from otel_distro.logs.emit import Emitter
from otel_distro.settings.model import LogSettings, Settings

_counts: Counter[str] = Counter()


def _count(owner: type, method: str, what: str) -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        _counts[what] += 1
        return original(*args, **kwargs)

    setattr(owner, method, counted)


def _count_own_renderers() -> None:
    from otel_distro.logs.structlog.own import OwnRenderer

    _count(OwnRenderer, "__call__", "events with a renderer of their own")


_count(Emitter, "event", "events of the contract")
# Not imported here: structlog looks at standard output when it is imported, which pytest has yet to replace.
when_imported("structlog", _count_own_renderers)
# As in a server, whose lines are ours to write. The suite logs at every level, and reads its own standard output, where
# asyncio's debug lines would stand too.
install(Settings(logs=LogSettings(level="DEBUG", stream="stdout")))
logging.getLogger("asyncio").setLevel(logging.INFO)


def pytest_sessionfinish() -> None:
    Path(os.environ["CONFORMANCE_COUNTS"]).write_text(json.dumps(_counts), encoding="utf-8")
