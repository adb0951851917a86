# SPDX-License-Identifier: Apache-2.0
"""Every numbered event is found in Loki, whatever happened on the way.

Three writers run through each fault: a container's log rotated by rename, an application's file rotated by
copy-truncate, and an OTLP client that tries again. `make soak` runs the same for minutes.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from stack.collector import Collector, reading
from stack.faulty_proxy import DOWN, HEALTHY, Fault, FaultyProxy
from stack.lines import pod_log
from stack.loki import Loki, numbers
from stack.server import eventually
from stack.writers import FileWriter, OtlpWriter, Writer, by_copy_truncate, by_rename

LINES = 4000
RATE = 2000.0


class Line:
    """Writers, Collector, proxy: what stands before Loki in one test."""

    def __init__(self, directory: Path, loki: Loki, proxy: FaultyProxy, variables: dict[str, str]) -> None:
        self.proxy = proxy
        self.loki = loki
        everything = reading(directory, f"{proxy.url}/otlp") | variables
        self.collector = Collector(directory / "collector", everything)
        name = uuid4().hex[:8]
        app = directory / "log" / "app" / "app.log"
        self.writers: list[Writer] = [
            FileWriter(f"{name}-rename", pod_log(directory), LINES, RATE, by_rename),
            FileWriter(f"{name}-truncate", app, LINES, RATE, by_copy_truncate),
            OtlpWriter(f"{name}-otlp", self.collector.otlp_http, LINES // 4, RATE / 4),
        ]

    def missing(self) -> dict[str, int]:
        """Return how many events of each writer are not in Loki yet."""
        return {writer.service: writer.total - len(set(self.found(writer))) for writer in self.writers}

    def found(self, writer: Writer) -> list[int]:
        """Return the numbers that Loki holds of a writer."""
        return numbers(self.loki.rows(f'{{service_name="{writer.service}"}}'))


@pytest.fixture
def line(tmp_path: Path, loki: Loki, request: pytest.FixtureRequest) -> Iterator[Line]:
    """A whole line of its own; parameters are further variables of the Collector."""
    with FaultyProxy(loki.url) as proxy:
        made = Line(tmp_path, loki, proxy, getattr(request, "param", {}))
        with made.collector:
            for writer in made.writers:
                writer.start()
            yield made
        for writer in made.writers:
            writer.stop()


def outage(fault: Fault, seconds: float = 2.0) -> Callable[[Line], None]:
    """Return a script: the fault, for so long."""

    def script(line: Line) -> None:
        time.sleep(0.5)
        line.proxy.fault = fault
        time.sleep(seconds)
        line.proxy.fault = HEALTHY

    return script


def killed(line: Line) -> None:
    """SIGKILL, three times, each time under load."""
    for _ in range(3):
        time.sleep(0.7)
        line.collector.kill()
        line.collector.start()


def stopped(line: Line) -> None:
    """SIGTERM and a new start, twice, while Loki does not answer."""
    line.proxy.fault = DOWN
    for _ in range(2):
        time.sleep(0.8)
        line.collector.stop()
        line.collector.start()
    line.proxy.fault = HEALTHY


def killed_while_down(line: Line) -> None:
    """Loki is away, the Collector is killed meanwhile, and both come back."""
    line.proxy.fault = DOWN
    killed(line)
    line.proxy.fault = HEALTHY


def check(line: Line) -> None:
    """Every number is there; what came twice is at most what was under way at a fault."""
    for writer in line.writers:
        writer.join(60)
        assert writer.written == writer.total
    eventually(lambda: not any(line.missing().values()), 60.0, "every number")
    assert line.missing() == dict.fromkeys(line.missing(), 0)
    for writer in line.writers:
        assert len(line.found(writer)) <= 2 * writer.total


SCRIPTS = {
    "refused": outage(DOWN),
    "429": outage(Fault(429)),
    "503": outage(Fault(503)),
    "slow": outage(Fault(delay=0.8)),
    "killed": killed,
    "stopped-while-down": stopped,
    "killed-while-down": killed_while_down,
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_event_is_lost(line: Line, script: Callable[[Line], None]) -> None:
    """Through an outage of Loki or of the Collector, with files rotated meanwhile, every number arrives."""
    script(line)
    check(line)


@pytest.mark.parametrize("line", [{"COLLECTOR_QUEUE_BYTES": "300000"}], indirect=True, ids=["300 kB"])
@pytest.mark.parametrize("script", [outage(DOWN), stopped], ids=["refused", "stopped-while-down"])
def test_a_full_queue_makes_the_senders_wait(line: Line, script: Callable[[Line], None]) -> None:
    """When the disk queue is full, files are read later and OTLP clients are told to try again: nothing is dropped."""
    script(line)
    check(line)
