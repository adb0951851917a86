# SPDX-License-Identifier: Apache-2.0
"""What runs: a gateway and four workers under the launcher, an OTLP receiver, Kafka, PostgreSQL, Redis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from testbed.databases import PostgreSql, Redis
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, free_port, json_objects
from testbed.scrape import Scrape, scrape
from testbed.services import LAUNCHER, Service

EXAMPLE = Path(__file__).parents[2] / "examples" / "pipeline"
TOPICS = ("audio.raw", "text.original", "text.translated", "audio.translated", "dead.letters")
WORKERS = ("stt", "translate", "tts", "egress")
# All that the environment says of the pipeline; the same for every process of it.
SETTINGS = {
    "OTEL_DISTRO_PIPELINE_STAGES": "audio.raw=stt,text.original=translate,text.translated=tts,audio.translated=egress",
    "OTEL_DISTRO_MESSAGE_ENVELOPE": "correlation_id,traceparent",
    "OTEL_DISTRO_KAFKA_LAG_INTERVAL_SECONDS": "1",
    "OTEL_DISTRO_LOG_STREAM": "stdout",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
}


@dataclass
class Pipeline:
    """The running parts."""

    receiver: OtlpReceiver
    kafka: str
    postgresql: PostgreSql
    redis: Redis
    environment: Mapping[str, str]
    launcher: Sequence[str] = (LAUNCHER,)
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    _written: list[dict[str, object]] = field(default_factory=list)

    @property
    def gateway(self) -> Service:
        """The service that has the websockets."""
        found = self.processes["gateway"]
        assert isinstance(found, Service)
        return found

    def start_worker(self, name: str, as_name: str = "") -> None:
        """Start a worker, or start it again; under another name, a second one of its group."""
        known = as_name or name
        self.ports.setdefault(known, free_port())
        variables = {**self.environment, "OTEL_SERVICE_NAME": name}
        variables["OTEL_EXPORTER_PROMETHEUS_PORT"] = str(self.ports[known])
        self.processes[known] = Process([*self.launcher, "python", f"{name}.py"], variables, EXAMPLE)
        self.processes[known].wait_for_port(self.ports[known], timeout=90)

    def keep_lines(self, name: str) -> None:
        """Keep what a worker has written, which is about to be replaced."""
        self._written += json_objects(self.processes[name].stdout)

    def start_gateway(self) -> None:
        """Start the gateway."""
        port = free_port()
        variables = {**self.environment, "OTEL_SERVICE_NAME": "gateway", "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}
        gateway = Service("gateway:app", EXAMPLE, variables, launcher=self.launcher, timeout=90)
        self.processes["gateway"], self.ports["gateway"] = gateway, port

    def page(self, name: str) -> Scrape:
        """Read /metrics of a process."""
        return scrape(f"http://127.0.0.1:{self.ports[name]}")

    def lines(self) -> list[dict[str, object]]:
        """Return all JSON lines of all processes, as they were written."""
        found = [*self._written]
        found += [line for process in self.processes.values() for line in json_objects(process.stdout)]
        return sorted(found, key=lambda line: str(line["timestamp"]))

    def close(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.kill()


def create_topics(kafka: str) -> None:
    """Create the topics of the pipeline, unless they are there."""
    admin = AdminClient({"bootstrap.servers": kafka})
    there = admin.list_topics(timeout=60).topics
    missing = [NewTopic(name, 2, 1) for name in TOPICS if name not in there]
    for made in admin.create_topics(missing).values() if missing else ():
        made.result(60)


@contextmanager
def running(
    kafka: str, environment: Mapping[str, str] | None = None, launcher: Sequence[str] = (LAUNCHER,)
) -> Iterator[Pipeline]:
    """Run the pipeline against a Kafka while the block lasts; the launcher is the command before that of each process."""
    with ExitStack() as stack:
        receiver = stack.enter_context(OtlpReceiver())
        postgresql, redis = stack.enter_context(PostgreSql()), stack.enter_context(Redis())
        create_topics(kafka)
        variables = {
            **SETTINGS,
            "KAFKA": kafka,
            "DATABASE_URL": postgresql.url,
            "REDIS_URL": redis.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_DISTRO_HEALTH_POSTGRESQL": "$DATABASE_URL",
            "OTEL_DISTRO_HEALTH_REDIS": "$REDIS_URL",
            "OTEL_DISTRO_HEALTH_KAFKA": kafka,
            "OTEL_DISTRO_HEALTH_INTERVAL_SECONDS": "1",
            **(environment or {}),
        }
        pipeline = Pipeline(receiver, kafka, postgresql, redis, variables, launcher)
        stack.callback(pipeline.close)
        pipeline.start_gateway()
        for name in WORKERS:
            pipeline.start_worker(name)
        yield pipeline
