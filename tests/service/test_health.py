# SPDX-License-Identifier: Apache-2.0
"""Readiness of real servers: not before the application has started, not without its dependencies, not from SIGTERM on."""

import http.client
import json
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.fleet import APPS, SERVERS
from testbed.processes import Process, free_port
from testbed.services import LAUNCHER

ENDING = {"uvicorn", "uvicorn workers", "gunicorn uvicorn"}  # whose processes say at once that they shall end


class Service(Process):
    """The application with the slow lifespan, under a server; nobody waits for its start here."""

    def __init__(self, server: str, folder: Path, application: str = "slow_lifespan:app", **environment: str) -> None:
        shutil.copy(APPS / "slow_lifespan.py", folder)
        self.folder, self.port, self.admin = folder, free_port(), free_port()
        variables = {
            "OTEL_SERVICE_NAME": "slow",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_EXPORTER_PROMETHEUS_PORT": str(self.admin),
            "OTEL_DISTRO_HEALTH_INTERVAL_SECONDS": "0.2",
            "PYTHONPATH": str(folder),
            **environment,
        }
        command = [part.format(port=self.port) for part in SERVERS[server]]
        super().__init__([LAUNCHER, *command, application], variables, folder)

    def get(self, path: str, port: int | None = None) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.admin, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def until(self, status: str, path: str = "/health/ready", port: int | None = None) -> tuple[int, dict]:
        """Return the first answer that has a status."""
        deadline, last = time.monotonic() + 60, None
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                last = self.get(path, port)
                if last[1].get("status") == status:
                    return last
            time.sleep(0.05)
        raise TimeoutError(f"never {status}, but {last}; output:\n{self.output}")


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn workers", "gunicorn uvicorn", "hypercorn", "granian"])
def test_a_server_is_ready_from_the_end_of_its_start_to_the_signal(server, tmp_path):
    with Service(server, tmp_path) as service:
        assert service.until("starting")[0] == 503
        time.sleep(2.5)  # longer than a process is young: what is not known yet must not count as ready
        assert service.get("/health/ready")[1]["status"] == "starting"
        assert service.get("/health")[0] == 200  # alive all the time
        (tmp_path / "gate").touch()
        status, answer = service.until("ok")
        assert (status, answer["checks"]) == (200, {"payments": "up"})
        (tmp_path / "broken").touch()
        status, answer = service.until("unavailable")
        assert (status, answer["checks"], answer["details"]["payments"]["reason"]) == (
            503,
            {"payments": "down"},
            "RuntimeError",
        )
        assert service.get("/health")[0] == 200
        (tmp_path / "broken").unlink()
        service.until("ok")
        if server in ENDING:
            _ends_unready(service, tmp_path)


def _ends_unready(service, folder):
    """A request is still being served, so the process stays: it must say that it is stopping all the while."""
    requester = threading.Thread(target=lambda: service.get("/slow", service.port))
    requester.start()
    while not (folder / "slow").exists():
        time.sleep(0.02)
    service.send_signal(signal.SIGTERM)
    assert service.until("stopping")[0] == 503
    (folder / "gate").unlink()
    requester.join(20)


def test_dependencies_by_environment_alone(tmp_path):
    """A second service is the dependency: absent, starting, up, hanging, gone; the answer never waits for it."""
    (tmp_path / "gate").touch()
    (tmp_path / "other").mkdir()
    other = Service("uvicorn", tmp_path / "other")
    environment = {
        "OTEL_DISTRO_HEALTH_HTTP": f"auth=http://127.0.0.1:{other.port}/health, gone=http://127.0.0.1:1/",
        "OTEL_DISTRO_HEALTH_OPTIONAL": "gone",
        "OTEL_DISTRO_HEALTH_TIMEOUT_SECONDS": "0.5",
        "OTEL_DISTRO_APP_HEALTH_PATH": "/healthz",
    }
    with other, Service("uvicorn workers", tmp_path, **environment) as service:
        status, answer = service.until("unavailable")
        assert (status, answer["checks"]["auth"], answer["checks"]["gone"]) == (503, "down", "down")
        assert service.get("/health")[0] == 200
        (tmp_path / "other" / "gate").touch()
        assert service.until("degraded")[1]["checks"]["auth"] == "up"
        status, answer = service.until("degraded", "/healthz/ready", service.port)
        assert (status, sorted(answer)) == (200, ["checks", "status"])  # strangers hear no reason
        assert service.get("/healthz", service.port) == (200, {"status": "ok"})
        other.send_signal(signal.SIGSTOP)
        assert service.until("unavailable")[1]["details"]["auth"]["reason"] == "no answer within 0.5 s"
        began = time.monotonic()
        answers = [service.get("/health/ready")[0] for _ in range(20)]
        assert answers == [503] * 20
        assert time.monotonic() - began < 20 * 0.5  # none has waited for what hangs
        other.send_signal(signal.SIGCONT)
        service.until("degraded")
        page = _page(service)
        assert 'health_check_status{check="auth"} 1.0' in page
        assert 'health_check_status{check="gone"} 0.0' in page
        assert 'health_check_status{check="payments"} 1.0' in page
        assert "/healthz" not in page
    assert not [line for line in service.stdout if "/healthz" in line]
    assert sum('"a dependency is down"' in line and '"check":"auth"' in line for line in service.stdout) == 2


def _page(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.admin, timeout=10)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


def test_a_route_of_the_application_is_never_hidden(tmp_path):
    (tmp_path / "gate").touch()
    with Service("uvicorn", tmp_path, OTEL_DISTRO_APP_HEALTH_PATH="/health") as service:
        service.until("ok")
        assert service.get("/health", service.port) == (200, {"status": "the application's own"})
        assert service.until("ok", "/health/ready", service.port)[0] == 200
        assert [line for line in service.stdout if "stays the application's" in line]


def test_a_script_that_serves_nothing_is_ready_when_it_is_no_longer_young(tmp_path):
    """A consumer has no server that says anything."""
    (tmp_path / "consumer.py").write_text("import threading; threading.Event().wait(60)")
    admin = free_port()
    variables = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(admin), "OTEL_TRACES_EXPORTER": "none"}
    with Process([LAUNCHER, "python", "consumer.py"], variables, tmp_path) as consumer:
        consumer.wait_for_port(admin)
        service = Service.__new__(Service)
        service.admin, service.output_of = admin, consumer
        deadline, seen = time.monotonic() + 30, []
        while "ok" not in seen and time.monotonic() < deadline:
            seen.append(service.get("/health/ready")[1]["status"])
            time.sleep(0.05)
        assert seen[0] == "starting"
        assert seen[-1] == "ok"
