# SPDX-License-Identifier: Apache-2.0
"""Each cause of "nothing arrives", made for real, and what the doctor says of it."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.fleet import APPS, Fleet
from testbed.certificates import issue
from testbed.http_proxy import http_proxy
from testbed.otlp_receiver import OtlpReceiver, PartialSuccess, Respond
from testbed.processes import free_port, run
from testbed.tls_proxy import tls_in_front_of

from otel_distro.doctor import address, environment, port
from otel_distro.doctor.address import Way, explain
from otel_distro.doctor.findings import REPAIRS, Finding
from otel_distro.doctor.reading_back import Stores, read_back
from otel_distro.doctor.report import examine
from otel_distro.doctor.sample import Sample
from otel_distro.doctor.sending import sent
from otel_distro.settings.reading import read

DOCUMENT = Path(__file__).parents[2] / "docs" / "doctor.md"


@pytest.fixture(autouse=True)
def _outside_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run in a container; what that changes is tested by saying so."""
    for module in (address, port):
        monkeypatch.setattr(module, "in_container", lambda: False)


def sending(**environ: str) -> list[Finding]:
    """Send one record of each signal with these variables alone."""
    reading = read(environ)
    return list(sent(reading, Sample(reading.settings)))


def codes(found: list[Finding]) -> list[str]:
    return [finding.code for finding in found if finding.code]


@contextmanager
def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> Iterator[int]:
    """Serve one answer to everything; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the standard library's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


# --- what is answered ---------------------------------------------------------------------------------------------


def test_all_signals_arrive_and_are_marked(receiver: OtlpReceiver):
    environ = {
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
    }
    reading = read(environ)
    sample = Sample(reading.settings)
    found = list(sent(reading, sample))
    assert [finding.mark for finding in found] == ["ok"] * 3
    (span,) = receiver.spans("otel_distro.doctor")
    (line,) = receiver.logs()
    assert (span.trace_id, line.trace_id) == (sample.trace_id, sample.trace_id)
    assert len(receiver.metrics("otel_distro.doctor")) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Respond(401), "OD301"),
        (Respond(403), "OD301"),
        (Respond(404), "OD302"),
        (PartialSuccess(1, "too old"), "OD303"),
        (Respond(413), "OD304"),
        (Respond(429), "OD305"),
        (Respond(503), "OD305"),
        (Respond(400), "OD308"),
    ],
)
def test_what_a_collector_refuses(receiver: OtlpReceiver, fault, code):
    receiver.fail_with(fault)
    found = sending(
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20abc123"
    )
    assert codes(found)[0] == code
    assert "abc123" not in str(found)
    if code == "OD301":
        assert "authorization: Bearer ***" in found[0].said
    if code == "OD303":
        assert "too old" in found[0].said


def test_a_redirection_is_not_followed():
    with answering(301, Location="http://elsewhere/v1/traces") as where:
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{where}")) == ["OD306"]


def test_clocks_that_differ():
    with answering(200, b"", Date="Tue, 01 Dec 2020 00:00:00 GMT") as where:
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{where}")) == ["OD307"]


def test_a_signal_that_leaves_nowhere():
    found = sending(OTEL_TRACES_EXPORTER="none")
    assert codes(found) == ["OD107"]
    assert [finding.mark for finding in found] == ["warning", "note", "note"]


# --- the way ------------------------------------------------------------------------------------------------------


def test_grpc_where_http_is_expected():
    with OtlpReceiver(protocol="grpc") as receiver:
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)) == ["OD200", "OD209"]


def test_http_where_grpc_is_expected(receiver: OtlpReceiver):
    found = sending(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert codes(found) == ["OD200", "OD210"]


def test_grpc_that_works():
    with OtlpReceiver(protocol="grpc") as receiver:
        found = sending(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        assert (codes(found), len(receiver.spans())) == ([], 1)
        receiver.fail_with(Respond(401))
        again = sending(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        assert codes(again)[0] == "OD301"


def test_a_name_that_nobody_knows():
    found = sending(OTEL_EXPORTER_OTLP_ENDPOINT="http://no-such-host.invalid:4318")
    assert codes(found) == ["OD200", "OD201"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in found[1].repair


@pytest.mark.parametrize(("container", "code"), [(False, "OD202"), (True, "OD203")])
def test_nobody_listens(monkeypatch, container, code):
    """A closed port is the same in a container and outside; what it means is not."""
    monkeypatch.setattr(address, "in_container", lambda: container)
    assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://localhost:{free_port()}")) == ["OD200", code]


def test_nothing_comes_back(monkeypatch):
    """A full backlog drops what comes, as a firewall does."""
    monkeypatch.setattr(address, "STEP_SECONDS", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", where))
        time.sleep(0.2)
        otlp = read({"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{where}"}).settings.traces.otlp
        assert codes(list(explain(Way(otlp, "X")))) == ["OD204"]
        for each in waiting:
            each.close()


def test_one_address_of_two_answers(monkeypatch, receiver: OtlpReceiver):
    addresses = [(2, 1, 6, "", ("127.0.0.1", receiver.port)), (2, 1, 6, "", ("127.0.0.2", 1))]
    monkeypatch.setattr(address.socket, "getaddrinfo", lambda *_args, **_more: addresses)
    monkeypatch.setattr(address, "_connects", lambda host, _port: None if host == "127.0.0.1" else "connection refused")
    otlp = read({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}).settings.traces.otlp
    assert codes(list(explain(Way(otlp, "X")))) == ["OD205"]


def test_tls(receiver: OtlpReceiver, tmp_path):
    certificates = issue(tmp_path)
    with tls_in_front_of(receiver.port, certificates) as where:
        url = f"https://127.0.0.1:{where}"
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=url)) == ["OD200", "OD206"]
        trusted = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificates.authority)}
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=url, **trusted)) == []
        assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{where}")) == ["OD200", "OD208"]
    plain = receiver.endpoint.replace("http://", "https://")
    assert codes(sending(OTEL_EXPORTER_OTLP_ENDPOINT=plain)) == ["OD200", "OD207"]


def test_a_proxy_that_is_not_there_and_one_that_is(receiver: OtlpReceiver):
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"}
    assert codes(sending(HTTP_PROXY=f"http://127.0.0.1:{free_port()}", **environ)) == ["OD200", "OD211"]
    with http_proxy(receiver.port) as proxy:
        assert codes(sending(HTTP_PROXY=f"http://127.0.0.1:{proxy.port}", **environ)) == []


# --- the environment ----------------------------------------------------------------------------------------------


def test_variables():
    def found(**environ: str) -> list[str]:
        return codes(list(environment.environment(read({"OTEL_SERVICE_NAME": "shop", **environ}))))

    assert found() == []
    assert found(OTEL_EXPORTER_OTLP_ENDPONT="http://c:4318", OTEL_DISTRO_FOO="1") == ["OD101", "OD101"]
    assert found(OTEL_SDK_DISABLED="true") == ["OD105"]
    assert found(OTEL_SERVICE_NAME="") == ["OD106"]
    assert found(OTEL_TRACES_SAMPLER="always_off") == ["OD110"]
    assert found(OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0") == ["OD110"]
    assert found(OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0.1") == []


def test_packages(tmp_path, monkeypatch):
    """Metadata of packages that are not there is all that is read of those that are."""
    installed = {
        "opentelemetry-sdk": "1.40.0",
        "logfire": "5.4.0",
        "opentelemetry-instrumentation-starlite": "0.60b0",
        "opentelemetry-distro": "0.66b2",
    }
    for name, version in installed.items():
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entry_points = "[opentelemetry_distro]\ndistro = opentelemetry.distro:OpenTelemetryDistro\n"
    (tmp_path / "opentelemetry_distro-0.66b2.dist-info" / "entry_points.txt").write_text(entry_points)
    environ = {"PYTHONPATH": str(tmp_path), "OTEL_SERVICE_NAME": "shop", "OTEL_TRACES_EXPORTER": "none"}
    found = json.loads(run(["otel-distro", "doctor", "--json"], environ).stdout)
    said = {each["code"]: each["said"] for each in found}
    assert {"OD102", "OD103", "OD104", "OD109"} <= said.keys()
    assert "1.40.0" in said["OD103"]


def test_libraries_and_who_instruments_them():
    listed = run(["otel-distro", "instrumentations", "--json"], {})
    found = {row["library"].partition(" ")[0]: row for row in json.loads(listed.stdout)["libraries"]}
    assert listed.returncode == 0
    assert found["fastapi"]["by"].startswith("otel-distro")
    assert (found["requests"]["by"], found["requests"]["install"]) == (
        None,
        "pip install opentelemetry-instrumentation-requests",
    )
    line = run(["otel-distro", "instrumentations", "--install-line"], {}).stdout
    assert "opentelemetry-instrumentation-requests" in line


# --- the service --------------------------------------------------------------------------------------------------


def looking(settings_from: dict[str, str], where: str) -> list[Finding]:
    return list(port.running(read(settings_from).settings, where))


def test_a_service_that_is_well_and_one_that_is_not_there():
    with Fleet("uvicorn workers") as fleet:
        found = looking({}, fleet.admin_url.removeprefix("http://"))
        assert codes(found) == []
        assert "3 workers" in found[0].said
    assert codes(looking({}, f"127.0.0.1:{free_port()}")) == ["OD401"]


def test_another_program_at_the_port():
    with answering(200, b"<html>") as where:
        assert codes(looking({}, f"127.0.0.1:{where}")) == ["OD402"]


def test_a_service_that_asks_for_a_token(tmp_path):
    (tmp_path / "token").write_text("secret")
    with Fleet("uvicorn", environment={"OTEL_DISTRO_ADMIN_TOKEN_FILE": str(tmp_path / "token")}) as fleet:
        where = fleet.admin_url.removeprefix("http://")
        assert codes(looking({}, where)) == ["OD403"]
        assert codes(looking({"OTEL_DISTRO_ADMIN_TOKEN_FILE": str(tmp_path / "token")}, where)) == []


def test_loopback_in_a_container(monkeypatch):
    monkeypatch.setattr(port, "in_container", lambda: True)
    with answering(200, b'{"status": "ok", "workers": {}}') as where:
        assert codes(looking({}, f"127.0.0.1:{where}")) == ["OD404"]


def test_an_event_loop_that_stands_still():
    with answering(503, b'{"status": "stuck", "workers": {}}') as where:
        assert codes(looking({}, f"127.0.0.1:{where}")) == ["OD405"]


@pytest.mark.parametrize(("status", "code"), [(503, "OD501"), (400, "OD502")])
def test_what_a_service_has_lost(receiver: OtlpReceiver, status, code):
    """A collector that is busy, and a queue for one record; a collector that refuses for good."""
    receiver.fail_with(Respond(status))
    environment = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_MAX_QUEUE_SIZE": "1" if status == 503 else "2048",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with Fleet("uvicorn", environment=environment) as fleet:
        fleet.send(40)
        where = fleet.admin_url.removeprefix("http://")
        fleet.until(lambda: code in codes(looking({}, where)), "losses")


def test_faults_and_overflows():
    page = 'otel_distro_faults_total{kind="x"} 2.0\notel_distro_metric_overflows_total{metric="y"} 3\n'
    assert codes(list(port._lost(page))) == ["OD503", "OD504"]


# --- reading back -------------------------------------------------------------------------------------------------


def back(**stores: str | None) -> list[Finding]:
    settings = read(
        {"OTEL_LOGS_EXPORTER": "otlp", "OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_PROMETHEUS_PORT": "9000"}
    ).settings
    urls = {"loki": None, "prometheus": None, "tempo": None, **stores}
    return list(read_back(settings, Sample(settings), Stores(**urls, timeout_seconds=0.2)))


def test_stores_that_have_it_and_stores_that_have_not():
    streams = {"data": {"result": [{"stream": {"service_name": "shop"}, "values": []}]}}
    with answering(200, json.dumps(streams).encode()) as where:
        (found,) = back(loki=f"http://127.0.0.1:{where}")
        assert (found.mark, "service_name=shop" in found.said) == ("ok", True)
    with answering(200, b'{"data": {"result": []}}') as where:
        assert codes(back(loki=f"http://127.0.0.1:{where}")) == ["OD601"]
    with answering(404) as where:
        assert codes(back(tempo=f"http://127.0.0.1:{where}")) == ["OD601"]
    with answering(401, b"no") as where:
        assert codes(back(loki=f"http://127.0.0.1:{where}", prometheus=f"http://127.0.0.1:{where}")) == [
            "OD602",
            "OD602",
        ]


def test_prometheus_that_scrapes_and_that_does_not():
    def targets(*active: tuple[str, str]) -> bytes:
        listed = [
            {
                "scrapeUrl": f"http://pod:{where}/metrics",
                "health": health,
                "lastError": "refused",
                "labels": {"job": "x"},
            }
            for where, health in active
        ]
        return json.dumps({"data": {"activeTargets": listed, "droppedTargets": [{}]}}).encode()

    for listed, expected in (((("9000", "up"),), []), ((("9000", "down"),), ["OD407"]), ((("1", "up"),), ["OD406"])):
        with answering(200, targets(*listed)) as where:
            assert codes(back(prometheus=f"http://127.0.0.1:{where}")) == expected


# --- the command --------------------------------------------------------------------------------------------------


def doctor(*arguments: str, folder: Path | None = None, **environ: str) -> tuple[int, list[dict]]:
    variables = {"OTEL_TRACES_EXPORTER": "none", "OTEL_SERVICE_NAME": "shop", **environ}
    done = run(["otel-distro", "doctor", "--json", *arguments], variables, folder, timeout=120)
    return done.returncode, json.loads(done.stdout)


def test_a_command_whose_workers_have_telemetry():
    where = str(free_port())
    status, found = doctor("--", "uvicorn", "counted:app", "--port", where, "--workers", "2", folder=APPS)
    judged = [each for each in found if each["section"] == "command"]
    assert sum(each["said"].startswith("a worker, serving") for each in judged) == 2
    assert (status, [each["code"] for each in judged if each["code"]]) == (0, [])
    with socket.create_server(("127.0.0.1", int(where))):
        pass  # the command is gone


def test_commands_that_have_none(tmp_path):
    (tmp_path / "start.sh").write_text(f"#!/bin/sh\nexec uvicorn counted:app --port {free_port()}\n")
    (tmp_path / "start.sh").chmod(0o755)
    (tmp_path / "parent.py").write_text(
        "import subprocess, sys, uvicorn\n"
        "child = subprocess.Popen([sys.executable, '-I', '-c', 'import time; time.sleep(60)'])\n"
        f"uvicorn.run('counted:app', port={free_port()})\n"
    )
    found = {}
    for name, arguments in {
        "OD701": ["./start.sh"],
        "OD702": ["python", "-c", "raise SystemExit(3)"],
        "OD703": ["python", "parent.py"],
    }.items():
        status, listed = doctor("--", *arguments, folder=tmp_path, PYTHONPATH=str(APPS))
        found[name] = [each["code"] for each in listed if each["section"] == "command" and each["code"]]
        assert status == 1
    assert found == {name: [name] for name in found}


# --- the report ---------------------------------------------------------------------------------------------------


def test_what_a_person_reads_when_everything_is_right(receiver: OtlpReceiver):
    with Fleet("uvicorn") as fleet:
        variables = {"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        done = run(["otel-distro", "doctor", "--service", fleet.admin_url.removeprefix("http://")], variables)
    marked = [line for line in done.stdout.splitlines() if line.lstrip().startswith("✗")]
    assert marked == []
    assert "has taken one record" in done.stdout


def test_a_bundle_has_what_an_issue_needs_and_no_secret(tmp_path):
    variables = {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc123",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://me:pass123@127.0.0.1:{free_port()}",
    }
    done = run(["otel-distro", "doctor", "--bundle", "bundle.json"], variables, tmp_path)
    bundle = json.loads((tmp_path / "bundle.json").read_text())
    assert done.returncode == 1
    assert {"findings", "variables", "packages", "platform", "python"} <= bundle.keys()
    for text in (done.stdout, json.dumps(bundle)):
        assert "abc123" not in text
        assert "pass123" not in text
    assert run(["otel-distro", "doctor", "--bundle", "no/such/folder"], variables, tmp_path).returncode == 2


def test_everything_unreachable_takes_seconds():
    began = time.monotonic()
    assert (
        run(
            ["otel-distro", "doctor"], {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://10.255.255.1:4318"}, timeout=90
        ).returncode
        == 1
    )
    assert time.monotonic() - began < 60


@contextmanager
def silent() -> Iterator[tuple[str, list[int]]]:
    """Yield the address of what takes connections and says nothing, and how many stood at each arrival."""
    taken: list[socket.socket] = []
    at_once: list[int] = []

    def take() -> None:
        with suppress(OSError):
            while True:
                taken.append(listener.accept()[0])
                at_once.append(sum(map(stands, taken)))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=take)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", at_once
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in taken:
        connection.close()


def stands(connection: socket.socket) -> bool:
    """Read what has come, and whether the other side is still there."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def test_where_all_is_silent_each_silence_is_waited_for_but_once():
    """So it takes less than 15 s on a machine of one's own: `make bench-view` tells how long."""
    with silent() as (where, at_once):
        stores = [option for name in ("loki", "prometheus", "tempo") for option in (f"--{name}", f"http://{where}")]
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{where}",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
        }
        done = run(["otel-distro", "doctor", "--json", "--service", where, *stores], variables, timeout=120)
    found = [finding["code"] for finding in json.loads(done.stdout)]
    assert sorted(filter(None, found)) == ["OD106", *["OD200"] * 3, "OD401", *["OD602"] * 3]
    assert max(at_once) == 4  # three signals and the service; no store is asked before they are sent


def test_a_fault_of_the_doctors_is_a_finding():
    def broken() -> list[Finding]:
        raise LookupError("oh")

    assert codes(list(examine("x", broken).findings)) == ["OD901"]


def test_every_code_has_a_heading_and_a_cause_in_this_file():
    here = Path(__file__).read_text()
    assert {code for code in REPAIRS if f'"{code}"' not in here} == set()
    headings = re.findall(r"^### (OD\d+)", DOCUMENT.read_text(), re.MULTILINE)
    assert headings == sorted(REPAIRS)
