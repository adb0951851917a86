# SPDX-License-Identifier: Apache-2.0
"""`/health/ready` and the real PostgreSQL, Redis and Kafka: stopped, starting, refusing, hanging, and back again."""

import http.client
import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from support.fleet import APPS
from testbed.databases import PostgreSql, Redis
from testbed.kafka.broker import Kafka
from testbed.processes import Process, free_port
from testbed.services import LAUNCHER

CHECKS = {"postgresql", "redis", "kafka"}


class Service(Process):
    """A service with three dependencies, by environment alone."""

    def __init__(self, **urls: str) -> None:
        self.admin = free_port()
        variables = {
            "OTEL_SERVICE_NAME": "ready",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(self.admin),
            "OTEL_DISTRO_HEALTH_INTERVAL_SECONDS": "0.2",
            "OTEL_DISTRO_HEALTH_TIMEOUT_SECONDS": "2",
            "PYTHONPATH": str(APPS),
            **urls,
        }
        super().__init__([LAUNCHER, "uvicorn", "counted:app", "--port", str(free_port())], variables, APPS)

    def answer(self) -> tuple[int, dict]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10)) as connection:
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def until(self, down: set[str], reason: str = "") -> None:
        """Wait until exactly these are down, and the status says so."""
        deadline, last = time.monotonic() + 60, None
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                status, last = self.answer()
                found = {name for name, word in last["checks"].items() if word == "down"}
                said = " ".join(detail.get("reason", "") for detail in last.get("details", {}).values())
                if found == down and reason in said and (status == 200) == (not down):
                    assert last["checks"].keys() == CHECKS
                    return
            time.sleep(0.05)
        raise TimeoutError(f"never {down} ({reason}), but {last}; {self.output}")


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Let a server accept connections, by its kernel, and say nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def session(port: int) -> socket.socket:
    """Open a session of PostgreSQL's and keep it."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    body = struct.pack(">i", 196608) + b"user\0postgres\0database\0postgres\0\0"
    connection.sendall(struct.pack(">i", len(body) + 4) + body)
    assert connection.recv(1)
    return connection


def command(port: int, *words: str) -> None:
    """Give Redis a command."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(" ".join(words).encode() + b"\r\n")
        assert connection.recv(100).startswith(b"+OK")


def test_each_dependency_in_each_state():
    with Kafka() as kafka, PostgreSql() as postgresql, Redis() as redis:
        urls = {
            "DATABASE_URL": postgresql.url.replace("postgresql://", "postgresql+asyncpg://"),
            "OTEL_DISTRO_HEALTH_POSTGRESQL": "$DATABASE_URL",
            "OTEL_DISTRO_HEALTH_REDIS": redis.url,
            "OTEL_DISTRO_HEALTH_KAFKA": kafka.address,
        }
        with Service(**urls) as service:
            service.until(set())

            with hanging(redis.process.pid):
                service.until({"redis"}, "no answer within 2 s")
            service.until(set())
            command(redis.port, "CONFIG SET requirepass secret")
            service.until({"redis"}, "it answers NOAUTH")
            redis.process.kill()
            service.until({"redis"}, "refused")

            with hanging(kafka.process.pid):
                service.until({"redis", "kafka"}, "no answer within 2 s")
            service.until({"redis"})
            kafka.stop()
            service.until({"redis", "kafka"}, "refused")
            kafka.start()
            service.until({"redis"})

            sessions = [session(postgresql.port) for _ in range(100)]
            service.until({"redis", "postgresql"}, "53300")
            for each in sessions[1:]:
                each.close()
            service.until({"redis"})
            main = int((postgresql.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(main, signal.SIGTERM)  # in good order: it waits for the session that is left
            service.until({"redis", "postgresql"}, "57P03")
            sessions[0].close()
            postgresql.process.wait(60)
            service.until({"redis", "postgresql"}, "refused")
            postgresql.start()
            service.until({"redis"})
            assert service.answer()[1]["status"] == "unavailable"

        said = [json.loads(line) for line in service.stdout if "a dependency is" in line]
        assert [(line["check"], line["message"]) for line in said].count(
            ("postgresql", "a dependency is up again")
        ) == 2
        assert [line["check"] for line in said if line["level"] == "warning"].count("redis") == 2
        assert "secret" not in service.output
