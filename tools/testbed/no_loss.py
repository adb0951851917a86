# SPDX-License-Identifier: Apache-2.0
"""Writers, Collector, a proxy that fails, and a store in one line, the faults that it goes through, and the count at the end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol
from uuid import uuid4

from testbed.collector import Collector, reading
from testbed.faulty_proxy import DOWN, HEALTHY, Fault, FaultyProxy
from testbed.lines import pod_log
from testbed.server import eventually
from testbed.writers import FileWriter, OtlpWriter, Writer, by_copy_truncate, by_rename


class Store(Protocol):
    """Where lines end up and are counted: VictoriaLogs, or a Loki."""

    url: str

    @property
    def otlp(self) -> str: ...

    @property
    def variables(self) -> dict[str, str]: ...

    def stored(self, service: str) -> int: ...

    def numbers(self, service: str) -> list[int]: ...


@dataclass(frozen=True)
class Count:
    """What became of a writer's events: how many the store lacks, and how many it has more than once."""

    missing: int
    doubled: int


class Line:
    """Three writers (a file rotated by rename, one by copy-truncate, an OTLP client), the Collector, and the store.

    Args:
        directory: for log files, queue and offsets.
        store: a running one, reached through a proxy that can fail.
        events: of each file writer; the OTLP client sends a quarter of that.
        rate: events per second of each file writer.
        variables: further variables of the Collector.
    """

    def __init__(
        self, directory: Path, store: Store, events: int, rate: float, variables: Mapping[str, str] | None = None
    ) -> None:
        self.store = store
        self.proxy = FaultyProxy(store.url)
        through = store.otlp.replace(store.url, self.proxy.url)
        self.collector = Collector(
            directory / "collector",
            {**store.variables, **reading(directory, through), **(variables or {})},
        )
        name, app = uuid4().hex[:8], directory / "log" / "app" / "app.log"
        self.writers: list[Writer] = [
            FileWriter(f"{name}-rename", pod_log(directory), events, rate, by_rename),
            FileWriter(f"{name}-truncate", app, events, rate, by_copy_truncate),
            OtlpWriter(f"{name}-otlp", self.collector.otlp_http, events // 4, rate / 4),
        ]

    def stored(self, writer: Writer) -> int:
        """Return how many lines the store holds of a writer."""
        return self.store.stored(writer.service)

    def count(self, writer: Writer) -> Count:
        """Compare the numbers that were written with those that the store holds."""
        found = self.store.numbers(writer.service)
        return Count(writer.total - len(set(found)), len(found) - len(set(found)))

    def settle(self, timeout: float) -> dict[str, Count]:
        """Wait until all is written and stored, and return what became of each writer's events.

        Raises:
            TimeoutError: Something is missing after so many seconds.
        """
        for writer in self.writers:
            writer.join(timeout)
        eventually(lambda: all(self.stored(writer) >= writer.total for writer in self.writers), timeout, "every event")
        eventually(lambda: not any(self.count(writer).missing for writer in self.writers), timeout, "every number")
        return {writer.service: self.count(writer) for writer in self.writers}

    def __enter__(self) -> Line:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        self.proxy.__enter__()
        self.collector.start()
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for writer in self.writers:
            writer.stop()
        self.collector.__exit__(kind, error, traceback)
        self.proxy.__exit__()


Script = Callable[[Line, float], None]
"""Does something to a line for about so many seconds, and leaves it healthy."""


def outage(fault: Fault) -> Script:
    """The store fails in one way."""

    def script(line: Line, seconds: float) -> None:
        line.proxy.fault = fault
        time.sleep(seconds)
        line.proxy.fault = HEALTHY

    return script


def killed(line: Line, seconds: float) -> None:
    """The Collector is killed by SIGKILL, three times."""
    for _ in range(3):
        time.sleep(seconds / 3)
        line.collector.kill()
        line.collector.start()


def stopped_while_down(line: Line, seconds: float) -> None:
    """The Collector is stopped in order, twice, while the store does not answer."""
    line.proxy.fault = DOWN
    for _ in range(2):
        time.sleep(seconds / 2)
        line.collector.stop()
        line.collector.start()
    line.proxy.fault = HEALTHY


def killed_while_down(line: Line, seconds: float) -> None:
    """The Collector is killed while the store does not answer."""
    line.proxy.fault = DOWN
    killed(line, seconds)
    line.proxy.fault = HEALTHY


SCRIPTS: Mapping[str, Script] = {
    "refused": outage(DOWN),
    "429": outage(Fault(429)),
    "503": outage(Fault(503)),
    "slow": outage(Fault(delay=0.8)),
    "killed": killed,
    "stopped-while-down": stopped_while_down,
    "killed-while-down": killed_while_down,
}


def until(done: Callable[[], bool], scripts: Iterable[tuple[str, Script]]) -> Iterable[tuple[str, Script]]:
    """Go round and round through the scripts until something is done."""
    return itertools.takewhile(lambda _: not done(), itertools.cycle(scripts))
