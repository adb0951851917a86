# SPDX-License-Identifier: Apache-2.0
"""What observing a message costs: bare, ours, contrib's and FastStream's, over the clients' own classes.

    python -m bench.messages [--rounds N] [--count N] [--kafka] [WORK …]

Each variant is a process of its own, set up as its users do it, and exports to a collector that forgets. They take turns,
so that all see the same machine, and what a variant adds is the median of its differences to bare in the same round.
Printed are CPU microseconds per message: of the application's thread, and of the process until all is exported.
`--kafka` measures with a real Kafka instead, whose network is in the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from testbed.kafka import Kafka
from testbed.processes import free_port

from bench.sink import Sink

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

ENVIRONMENT = ROOT / ".venvs" / "bench-messages"
CLIENTS = ["aiokafka == 0.14.0", "confluent-kafka == 2.16.1", "faststream == 0.7.8"]
# Their newest releases pin an instrumentation that is older than the one we are tested with, and run with it.
CONTRIB = [
    "opentelemetry-instrumentation-aiokafka == 0.66b1",
    "opentelemetry-instrumentation-confluent-kafka == 0.66b1",
]

PREPARED = {
    "getone": ("bare", "contrib", "ours"),
    "async-for": ("bare", "contrib", "ours"),
    "send": ("bare", "contrib", "ours"),
    "faststream": ("bare", "faststream's", "ours"),
    "confluent-poll": ("bare", "contrib", "ours"),
    "confluent-produce": ("bare", "contrib", "ours"),
}
REAL = dict.fromkeys(("kafka-async-for", "kafka-send"), ("bare", "contrib", "ours"))
BARS = {"getone": 10.0, "async-for": 10.0, "send": 8.0}
_WARM_UPS = 3
_LEAST_BYTES = 20  # of a span: they are compressed by some


class Spent(NamedTuple):
    """CPU microseconds per message: of the application's thread, and of the process with what exports."""

    thread: float
    process: float


class Variant:
    """A process that does one work in one way."""

    def __init__(self, work: str, variant: str, address: str, collector: str) -> None:
        launcher = [str(ENVIRONMENT / "bin" / "opentelemetry-instrument")] if variant == "ours" else []
        command = [
            *launcher,
            str(ENVIRONMENT / "bin" / "python"),
            str(HERE / "messages_client.py"),
            work,
            variant,
            address,
        ]
        ours = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port())} if variant == "ours" else {}
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector}/{variant}"}
        variables = {"PATH": os.environ["PATH"], "OTEL_SERVICE_NAME": "bench", **endpoint}
        self.name = variant
        self._process = subprocess.Popen(
            command, env=variables | ours, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._answer() != "ready\n":
            raise RuntimeError(f"{variant} cannot do {work}")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def round(self, count: int) -> Spent:
        """Have it process so many messages."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return Spent(**json.loads(self._answer()))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def rounds_of(
    work: str, variants: Sequence[str], rounds: int, count: int, where: tuple[str, str]
) -> dict[str, list[Spent]]:
    """Return what each variant spent in each round."""
    running: list[Variant] = []
    try:
        running += (Variant(work, name, *where) for name in variants)
        for _ in range(_WARM_UPS):
            for variant in running:
                variant.round(count)
        spent: dict[str, list[Spent]] = {variant.name: [] for variant in running}
        for _ in range(rounds):
            for variant in running:
                spent[variant.name].append(variant.round(count))
    finally:
        for variant in running:
            variant.close()
    least = rounds * count * _LEAST_BYTES
    silent = [name for name in variants if name != "bare" and Counting.received.pop(name, 0) < least]
    if silent:
        raise RuntimeError(f"{work}: not a span of each message has arrived from {', '.join(silent)}")
    return spent


def added(spent: dict[str, list[Spent]], name: str) -> Spent:
    """Return the medians of what a variant added to bare in the same round."""
    differences = [
        (theirs.thread - alone.thread, theirs.process - alone.process)
        for theirs, alone in zip(spent[name], spent["bare"], strict=True)
    ]
    return Spent(*map(statistics.median, zip(*differences, strict=True)))


def report(work: str, spent: dict[str, list[Spent]]) -> list[str]:
    """Return rows of a table."""
    rows = []
    for name, rounds in spent.items():
        thread, process = (statistics.median(each) for each in zip(*rounds, strict=True))
        more = Spent(0.0, 0.0) if name == "bare" else added(spent, name)
        bar = f"{BARS[work]:.0f}" if name == "ours" and work in BARS else ""
        rows.append(
            f"| {work} | {name} | {thread:.1f} | {more.thread:+.1f} | {process:.1f} | {more.process:+.1f} | {bar} |"
        )
    return rows


class Counting(Sink):
    """Counts the bytes of the spans that a variant has sent, whose name is the first part of its path."""

    received: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:  # noqa: N802 - the name that its server looks for
        variant, _, signal = self.path.strip("/").partition("/v1/")
        if signal == "traces":
            self.received[variant] += int(self.headers["Content-Length"])
        super().do_POST()


@contextmanager
def collector() -> Iterator[str]:
    """Run what forgets all that is exported; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def broker(count: int, *, real: bool) -> Iterator[str]:
    """Run a broker that has so many messages, Kafka or librdkafka's stand-in for it; yield its address."""
    from confluent_kafka import Producer

    from bench.messages_client import HEADERS, TOPIC, VALUE

    options: dict[str, Any] = {"linger.ms": 5}
    if not real:
        producer = Producer({**options, "test.mock.num.brokers": 1})
        (found,) = producer.list_topics(timeout=10).brokers.values()
        _fill(producer, count, TOPIC, VALUE, HEADERS)
        yield f"{found.host}:{found.port}"
        return
    with Kafka() as kafka:
        _fill(Producer({**options, "bootstrap.servers": kafka.address}), count, TOPIC, VALUE, HEADERS)
        yield kafka.address


def _fill(producer: Any, count: int, topic: str, value: bytes, headers: Any) -> None:
    for number in range(count):
        producer.produce(topic, value, headers=headers, partition=0)
        if number % 1000 == 0:
            producer.flush(30)
    producer.produce("sent", value, partition=0)  # so that the topic is there
    producer.flush(30)


def make() -> None:
    """Make the environment if it is not there."""
    done = ENVIRONMENT / ".made"
    if done.exists():
        return
    print("making the environment …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
    pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "-q"]
    subprocess.run([*pip, "-e", str(ROOT), *CLIENTS], check=True)
    subprocess.run([*pip, "--no-deps", *CONTRIB], check=True)
    done.touch()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("works", nargs="*")
    options = parser.parse_args()
    make()
    works = REAL if options.kafka else PREPARED
    print(f"{time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds of {options.count}")
    print("| work | variant | thread us | added | process us | added | bar |\n|---|---|---|---|---|---|---|")
    with broker(options.count + 1, real=options.kafka) as address, collector() as endpoint:
        for work in options.works or works:
            spent = rounds_of(work, works[work], options.rounds, options.count, (address, endpoint))
            print("\n".join(report(work, spent)), flush=True)


if __name__ == "__main__":
    main()
