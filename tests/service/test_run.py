# SPDX-License-Identifier: Apache-2.0
"""`otel-distro run` does what `opentelemetry-instrument` does, for every kind of program."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, clean_environment, free_port, json_objects, run
from testbed.services import LAUNCHER, Service

from otel_distro.launch.run import USAGE

APPS = Path(__file__).parents[1] / "support"
RUN = ("otel-distro", "run")
TRACE_AND_LOG = """
import structlog
from opentelemetry import trace
with trace.get_tracer("script").start_as_current_span("work"):
    structlog.get_logger().info("working")
"""
VENDOR = """
class Instrumentor:
    def instrument(self, **options):
        print("instrumented by the vendor", options)
"""


def variables(receiver: OtlpReceiver, **more: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
        **more,
    }


def installed(folder: Path, entry_points: str, requires: str = "") -> None:
    """Put a package into a folder, as far as entry points are concerned."""
    metadata = folder / "vendor-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vendor\nVersion: 1.0\n{requires}")
    (metadata / "entry_points.txt").write_text(entry_points)
    (folder / "vendor.py").write_text(VENDOR)


def test_the_program_finds_the_environment_that_upstream_s_launcher_gives(tmp_path: Path) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    for before in ({}, {"PYTHONPATH": f"{tmp_path}:/nowhere"}, {"OTEL_PYTHON_DISTRO": "other"}):
        upstream, ours = (
            json.loads(run([*launcher, sys.executable, "-S", "-c", code], before, tmp_path).stdout)
            for launcher in ([LAUNCHER], RUN)
        )
        (theirs, *rest), (own, *own_rest) = (found.pop("PYTHONPATH").split(":") for found in (upstream, ours))
        assert (ours, own_rest) == (upstream, rest)
        assert theirs.endswith("opentelemetry/instrumentation/auto_instrumentation")
        assert (Path(own) / "sitecustomize.py").exists()


@pytest.mark.parametrize(
    "launcher",
    [RUN, (*RUN, "--"), (*RUN, *RUN), (*RUN, LAUNCHER), (LAUNCHER, *RUN)],
    ids=["run", "run --", "twice", "upstream's inside", "upstream's outside"],
)
def test_a_script_has_one_span_and_one_line_that_agree(launcher: Sequence[str], receiver: OtlpReceiver) -> None:
    with Process([*launcher, sys.executable, "-c", TRACE_AND_LOG], variables(receiver)) as script:
        assert script.wait() == 0, script.output
    (span,) = receiver.spans()
    (line,) = json_objects(script.stdout)
    assert (span.name, line["message"], line["trace_id"]) == ("work", "working", span.trace_id)
    resource = span.origin.resource
    assert resource["telemetry.distro.name"] == "otel-distro"
    assert "telemetry.auto.version" in resource


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn reload", "uvicorn module", "gunicorn"])
def test_servers_trace_requests_and_count_them(server: str, receiver: OtlpReceiver) -> None:
    name, _, how = server.partition(" ")
    launcher = (*RUN, sys.executable, "-m") if how == "module" else RUN
    options = ("--reload",) if how == "reload" else ()
    kind = "gunicorn" if name == "gunicorn" else "uvicorn"
    with Service("accessed:app", APPS, variables(receiver), server=kind, options=options, launcher=launcher) as service:
        assert httpx.get(f"{service.url}/items/7", timeout=60).status_code == 200
        counted = service.scrape().value("http_server_request_duration_seconds_count", http_route="/items/{number}")
        service.stop()
    assert counted == 1
    assert [span.name for span in receiver.spans()] == ["GET /items/{number}"]


def test_children_of_a_program_have_telemetry_too(receiver: OtlpReceiver) -> None:
    code = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {TRACE_AND_LOG!r}]).returncode)"
    with Process([*RUN, sys.executable, "-c", code], variables(receiver)) as script:
        assert script.wait() == 0, script.output
    assert [span.name for span in receiver.spans()] == ["work"]


@pytest.mark.parametrize(
    ("ending", "exit_code"), [("", 0), ("sys.exit(7)", 7), ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM)]
)
def test_the_exit_status_is_the_program_s(ending: str, exit_code: int, receiver: OtlpReceiver) -> None:
    code = f"import os, signal, sys\n{TRACE_AND_LOG}{ending}"
    with Process([*RUN, sys.executable, "-c", code], variables(receiver)) as script:
        assert script.wait() == exit_code, script.output
    assert len(receiver.spans()) == 1


def test_the_program_takes_the_launcher_s_place_and_its_signals() -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(20)"
    with Process([*RUN, sys.executable, "-c", code], {"OTEL_EXPORTER_PROMETHEUS_PORT": "0"}) as script:
        assert script.wait_for_line(r"^\d+$") == str(script.pid)
        assert script.stop(signal.SIGTERM) == -signal.SIGTERM


def test_what_cannot_be_run_is_said_as_a_shell_says_it(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    for command, status, said in (
        (["nosuchprogram"], 127, "otel-distro run: nosuchprogram: command not found\n"),
        ([str(tmp_path / "data")], 126, f"otel-distro run: {tmp_path}/data: Permission denied\n"),
        ([], 2, f"{USAGE}\n"),
        (["--service_nam", "x", "true"], 2, f"otel-distro run: --service_nam: no such option\n{USAGE}\n"),
        (["--service_name"], 2, f"{USAGE}\n"),
    ):
        done = run([*RUN, *command])
        assert (done.returncode, done.stdout, done.stderr) == (status, "", said)
    helped = run([*RUN, "--help"])
    assert (helped.returncode, helped.stdout.splitlines()[0]) == (0, USAGE)


OPTIONS = ["--service_name", "shop", "--traces_exporter=none"]
ASKED = (
    "import os, sys; print(os.environ.get('OTEL_SERVICE_NAME'), os.environ.get('OTEL_TRACES_EXPORTER'), *sys.argv[1:])"
)


@pytest.mark.parametrize("launcher", [(LAUNCHER,), RUN], ids=["upstream's", "ours"])
def test_the_launcher_s_options_stand_before_the_command_and_all_others_are_its_own(launcher: Sequence[str]) -> None:
    command = [sys.executable, "-S", "-c", ASKED, "--config", "x", "--log", "--service_name", "own", "--", "--help"]
    said = "--config x --log --service_name own -- --help\n"
    quiet = {"OTEL_TRACES_EXPORTER": "console"}
    for options, first in (
        ([], "None console"),
        (OPTIONS, "shop none"),
        ([*OPTIONS, "--"], "shop none"),
        (["--"], "None console"),
    ):
        done = run([*launcher, *options, *command], quiet)
        assert (done.returncode, done.stdout) == (0, f"{first} {said}"), done.stderr


@pytest.mark.parametrize(
    ("command", "variables"),
    [([sys.executable, "-P"], {}), ([sys.executable, "-uP"], {}), ([sys.executable], {"PYTHONSAFEPATH": "1"})],
    ids=["-P", "-uP", "PYTHONSAFEPATH"],
)
def test_where_python_does_not_look_into_the_working_directory_it_does_not_under_us(
    command: list[str], variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "planted.py").write_text("print('run')")
    environment = {"OTEL_EXPORTER_PROMETHEUS_PORT": "0", **variables}
    for safe, said in ((command, ""), ([sys.executable], "run\n")):
        chosen = environment if safe is command else {"OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
        done = run([*RUN, *safe, "-c", "import planted"], chosen, tmp_path)
        assert (done.stdout.endswith(said), "ModuleNotFoundError" in done.stdout + done.stderr) == (True, not said)


def test_an_interpreter_without_us_is_left_alone(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], env=clean_environment(), check=True)
    done = run([*RUN, str(tmp_path / "bin" / "python"), "-c", "print('works')"], directory=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "works\n", "")


@pytest.mark.parametrize("launcher", [(LAUNCHER,), RUN], ids=["upstream's", "ours"])
def test_instrumentations_of_others_are_loaded_at_once(launcher: Sequence[str], tmp_path: Path) -> None:
    installed(tmp_path, "[opentelemetry_instrumentor]\nvendor = vendor:Instrumentor\n")
    environment = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
    code = "import httpx; print(hasattr(httpx.HTTPTransport.handle_request, '__wrapped__'))"
    done = run([*launcher, sys.executable, "-c", code], environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "instrumented by the vendor {'skip_dep_check': True}\nTrue\n"


@pytest.mark.parametrize("disabled", ["", "httpx", "fastapi, httpx", "*"])
@pytest.mark.parametrize("launcher", [(LAUNCHER,), RUN], ids=["upstream's", "ours"])
def test_an_instrumentation_can_be_switched_off(launcher: Sequence[str], disabled: str) -> None:
    code = "import httpx; print(hasattr(httpx.HTTPTransport.handle_request, '__wrapped__'))"
    environment = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled, "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
    done = run([*launcher, sys.executable, "-c", code], environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{not disabled}\n", "")


@pytest.mark.parametrize("launcher", [(LAUNCHER,), RUN], ids=["upstream's", "ours"])
def test_an_instrumentation_that_does_not_know_the_library_s_version_says_so(
    launcher: Sequence[str], tmp_path: Path
) -> None:
    metadata = tmp_path / "fastapi-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fastapi\nVersion: 0.1\n")
    code = "import fastapi; print(hasattr(fastapi.FastAPI.build_middleware_stack, '__wrapped__'))"
    environment = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
    done = run([*launcher, sys.executable, "-c", code], environment)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert (json.loads(line)["level"], "fastapi 0.1" in json.loads(line)["message"]) == ("error", True)


def test_another_distribution_that_was_chosen_is_started_as_upstream_does(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(
        "from opentelemetry.instrumentation.distro import BaseDistro\n"
        "class Distro(BaseDistro):\n    def _configure(self, **_):\n        print('the other one')\n"
        "class Configurator:\n    def configure(self, **_):\n        print('in full')\n"
    )
    metadata = tmp_path / "other-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[opentelemetry_distro]\nother = other:Distro\n[opentelemetry_configurator]\nother = other:Configurator\n"
    )
    chosen = {"OTEL_PYTHON_DISTRO": "other", "OTEL_PYTHON_CONFIGURATOR": "other", "PYTHONPATH": str(tmp_path)}
    code = "import sys; print(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    done = run([*RUN, sys.executable, "-c", code], chosen)
    assert done.stdout.splitlines() == ["the other one", "in full", "False"], done.stderr


@pytest.mark.parametrize("launcher", [(LAUNCHER,), RUN], ids=["upstream's", "ours"])
def test_what_a_start_leaves_is_no_work_for_the_collector(launcher: Sequence[str]) -> None:
    code = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 20_000, len(gc.get_objects()) < 20_000)"
    done = run([*launcher, sys.executable, "-c", code], {"OTEL_EXPORTER_PROMETHEUS_PORT": "0"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True True\n", "")


def test_a_start_from_code_leaves_the_collector_alone() -> None:
    code = "import gc, otel_distro; otel_distro.start().close(); print(gc.isenabled(), gc.get_freeze_count())"
    done = run([sys.executable, "-c", code], {"OTEL_EXPORTER_PROMETHEUS_PORT": "0"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "True 0\n", "")
