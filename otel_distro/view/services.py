# SPDX-License-Identifier: Apache-2.0
"""The services that were started with the viewer: it ends a while after the last of them."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from otel_distro.view.receive.tee import Tee
from otel_distro.view.scrape import Scraper


class Service(NamedTuple):
    """A process that `otel-distro run --view` became."""

    pid: int
    name: str
    admin: str | None
    tees: Mapping[str, Tee]


class Services:
    """Those that run, by a number that nobody can guess: it stands in the address that they send to."""

    def __init__(self, scraper: Scraper) -> None:
        self._scraper = scraper
        self._running: dict[str, Service] = {}

    def __len__(self) -> int:
        return len(self._running)

    def add(self, pid: int, name: str, admin: str | None, tees: Mapping[str, Tee]) -> str:
        """Note a service that is about to begin, and return its number."""
        self.forget_ended()
        number = secrets.token_hex(8)
        if admin and all(admin != other.admin for other in self._running.values()):
            self._scraper.add(admin, name, time.time_ns())
        self._running[number] = Service(pid, name, admin, tees)
        return number

    def tee(self, number: str, signal: str) -> Tee | None:
        """Return the way to the collector of a service, if there is one."""
        service = self._running.get(number)
        return service.tees.get(signal) if service else None

    def listed(self) -> list[dict[str, Any]]:
        """Return who runs."""
        return [{"pid": s.pid, "name": s.name, "admin": s.admin, "tee": sorted(s.tees)} for s in self._running.values()]

    def forget_ended(self) -> int:
        """Let go of those whose process has ended; return how many are left."""
        for number, service in list(self._running.items()):
            if not _runs(service.pid):
                del self._running[number]
                if service.admin and all(service.admin != other.admin for other in self._running.values()):
                    self._scraper.remove(service.admin)
                for tee in service.tees.values():
                    tee.close()
        return len(self._running)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:  # another user's, or a system without /proc
        return True
