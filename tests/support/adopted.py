# SPDX-License-Identifier: Apache-2.0
"""Four systems as people run them, each with its own telemetry: bare, left in under a launcher, and removed.

What is removed is what docs/adopt.md says (`adopt_page.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from support.adopt_page import prepared
from support.requests_of import ASKED, Ask
from testbed.otlp_receiver import OtlpReceiver, Span
from testbed.processes import free_port, json_objects
from testbed.scrape import TEXT, Scrape, scrape
from testbed.services import Service
from testbed.waiting import wait_until
from websockets.sync.client import connect

LAUNCHERS: Mapping[str, Sequence[str]] = {
    "opentelemetry-instrument": ("opentelemetry-instrument",),
    "otel-distro run": ("otel-distro", "run"),
}


@dataclass(frozen=True)
class System:
    """A system of several services.

    Attributes:
        name: of its folder, and of its section in docs/adopt.md.
        services: module -> the variable by which the others find it; callees first, the one that clients ask last.
        groups: how many groups of consumers of Kafka it has.
    """

    name: str
    services: Mapping[str, str]
    groups: int = 0

    @property
    def front(self) -> str:
        """The service that clients ask."""
        return list(self.services)[-1]


SYSTEMS = {
    system.name: system
    for system in (
        System("chat", {"auth": "AUTH_URL", "inference": "INFERENCE_URL", "chat_api": ""}),
        System("orchestrator", {"reflex": "REFLEX_URL", "orchestrator": ""}),
        System("devops", {"api": ""}),
        System("pipeline", {"api": ""}, groups=4),
    )
}


class Running:
    """A system at work."""

    def __init__(self, system: System, services: Mapping[str, Service], receiver: OtlpReceiver) -> None:
        self.system = system
        self.services = services
        self.receiver = receiver
        self.front = services[system.front]

    def ask(self, ask: Ask) -> Answer:
        """Ask the front service."""
        if not ask.is_request:
            return self._talk(ask)
        found = httpx.request(
            ask.method, self.front.url + ask.path, json=ask.json, headers=dict(ask.headers), timeout=60
        )
        return Answer(found.status_code, found.text, {name.lower(): value for name, value in found.headers.items()})

    def await_lines(self, times: int) -> None:
        """Wait until everything that was asked so many times is through: consumers go on when a client has its answer."""
        expected = Counter(
            (service, text)
            for ask in ASKED[self.system.name]
            for service, texts in [(self.system.front, ask.later), *ask.lines.items()]
            for text in texts
        )
        wait_until(lambda: all(self._count(*line) >= times * count for line, count in expected.items()), 120)

    def _count(self, service: str, text: str) -> int:
        return self.services[service].output.count(text)

    def _talk(self, ask: Ask) -> Answer:
        with connect(self.front.url.replace("http", "ws") + ask.path, open_timeout=60) as socket:
            socket.send(ask.json)
            text = str(socket.recv(timeout=60))
            assert socket.response is not None
            headers = {name.lower(): value for name, value in socket.response.headers.items()}
            return Answer(socket.response.status_code, text, headers)


@contextmanager
def running(
    system: System,
    folder: Path,
    launcher: Sequence[str] = (),
    *,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run a system from a folder, all services at once; no launcher: bare."""
    # By default uvicorn kills a worker that does not answer in 5 s, as on a machine that has more to do.
    options = ["--workers", str(workers), "--timeout-worker-healthcheck", "120"] if workers > 1 else []
    ports = {module: free_port() for module in system.services}
    with ExitStack() as parts, ThreadPoolExecutor() as starters:
        receiver = parts.enter_context(OtlpReceiver(free_port()))  # one that nobody else was given
        shared = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        shared |= {v: f"http://localhost:{ports[module]}" for module, v in system.services.items() if v}
        shared |= {"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}

        def start(module: str) -> Service:
            own = {"SERVICE_NAME": module.replace("_", "-"), **shared}
            several = options if module == system.front else []
            return Service(
                f"{module}:app", folder, own, launcher=launcher, options=several, port=ports[module], timeout=60
            )

        started = {module: starters.submit(start, module) for module in system.services}
        services = {module: parts.enter_context(each.result()) for module, each in started.items()}
        # Whoever has begun a moment before must not see the others' consumers come.
        services[system.front].wait_for(lambda p: p.output.count("Application startup complete") >= workers, 90)
        yield Running(system, services, receiver)


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Observed:
    """What was seen of a system that was asked everything that its clients ask, twice, and was stopped then.

    Attributes:
        answers: of the first time.
        page: the metrics then; `later` after the second time.
    """

    system: str
    way: str
    workers: int
    front: str
    answers: list[Answer]
    lines: Mapping[str, list[dict[str, Any]]]
    spans: list[Span]
    page: Scrape
    later: Scrape
    output: str
    exit_codes: Mapping[str, int]

    def trace_of(self, number: int) -> str:
        """Return the trace id of a request: what its client was told, or what stands for that in the lines."""
        said = self.answers[number].headers["x-trace-id"]
        roots = {span.trace_id for span in self.spans if span.parent_span_id is None}
        if said in roots:
            return said
        lines = [line for each in self.lines.values() for line in each]
        (found,) = {line["trace_id"] for line in lines if said in (line.get("correlation_id"), line.get("trace_id_"))}
        return str(found)

    def all_lines(self, trace: str) -> list[dict[str, Any]]:
        """Return the lines of a trace, of all services."""
        return [line for lines in self.lines.values() for line in lines if line.get("trace_id") == trace]


def observe(
    system: System,
    directory: Path,
    way: str,
    launcher: Sequence[str] = (),
    *,
    workers: int = 1,
    around: Mapping[str, str] | None = None,
) -> Observed:
    """Ask a system everything that its clients ask."""
    folder, variables = prepared(system.name, directory, None if way == "removed" else 1)
    variables = {**(around or {}), **(variables if launcher else {})}
    with running(system, folder, launcher, workers=workers, environment=variables) as work:
        answers = [work.ask(ask) for ask in ASKED[system.name]]
        work.await_lines(1)
        groups = system.groups if launcher else 0
        address = work.front.admin_url if launcher else work.front.url
        page = _settled(address, ASKED[system.name], 1, groups)
        for ask in ASKED[system.name]:
            work.ask(ask.anonymous())
        work.await_lines(2)
        later = _settled(address, ASKED[system.name], 2, groups)
        codes = {module: service.stop() for module, service in work.services.items()}
    services = work.services
    return Observed(
        system.name,
        way,
        workers,
        system.front,
        answers,
        {module: json_objects(service.stdout) for module, service in services.items()},
        work.receiver.spans(),
        page,
        later,
        "\n".join(service.output for service in services.values()),
        codes,
    )


def _settled(address: str, asked: Sequence[Ask], times: int, groups: int) -> Scrape:
    """Return the metrics once all is counted: the instrumentator counts when its client has the answer already."""
    pages: list[Scrape] = []

    def shows_all() -> bool:
        pages.append(scrape(address, TEXT))
        own = _requests(pages[-1], "orchestrator_http_requests_total"), sum(not ask.failed for ask in asked)
        found = _requests(pages[-1], "http_requests_total"), sum(ask.is_request for ask in asked)
        lag = [sample.value for sample in pages[-1].samples("kafka_consumer_lag")]
        measured = len(lag) >= groups and not any(lag)
        return measured and all(count >= times * number for count, number in (own, found) if count)

    wait_until(shows_all, 60)
    return pages[-1]


def _requests(page: Scrape, name: str) -> float:
    return sum(sample.value for sample in page.samples(name) if "/metrics" not in sample.labels.values())
