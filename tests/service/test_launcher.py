# SPDX-License-Identifier: Apache-2.0
"""The launcher sets everything up for any command, and stays out of the way of those that need nothing."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, free_port, run
from testbed.services import LAUNCHER

TRACE_AND_LOG = """
import structlog
from opentelemetry import trace
with trace.get_tracer("script").start_as_current_span("work"):
    structlog.get_logger().info("working")
"""


def test_a_script_that_says_nothing_prints_nothing_and_exits_0() -> None:
    done = run([LAUNCHER, sys.executable, "-c", "pass"], {"OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port())})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_has_no_side_effect() -> None:
    code = """
import logging, os, signal, sys, threading
before = (dict(os.environ), list(logging.root.handlers), signal.getsignal(signal.SIGTERM), threading.active_count(),
          sys.excepthook, list(sys.meta_path), set(sys.modules))
import otel_distro
after = (dict(os.environ), list(logging.root.handlers), signal.getsignal(signal.SIGTERM), threading.active_count(),
         sys.excepthook, list(sys.meta_path))
assert before[:-1] == after
print([name for name in set(sys.modules) - before[-1] if name.startswith(("opentelemetry", "otel_distro"))])
"""
    done = run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['otel_distro']\n"


@pytest.mark.parametrize("how", ["launcher", "start"])
def test_spans_and_lines_of_a_script_agree(how: str, receiver: OtlpReceiver) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_SERVICE_NAME": "job",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
    }
    code = TRACE_AND_LOG if how == "launcher" else "import otel_distro\notel_distro.start()\n" + TRACE_AND_LOG
    prefix = [LAUNCHER] if how == "launcher" else []
    with Process([*prefix, sys.executable, "-c", code], environment) as script:
        assert script.wait() == 0, script.output
    (span,) = receiver.spans()
    (line,) = script.stdout
    assert span.name == "work"
    assert f'"trace_id":"{span.trace_id}"' in line
    assert '"service":"job"' in line


def test_starting_from_code_twice_or_under_the_launcher_is_harmless() -> None:
    code = """
import otel_distro
first, second = otel_distro.start(), otel_distro.start()
assert first is second
first.close()
first.close()
"""
    environment = {"OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port())}
    for prefix in ([], [LAUNCHER]):
        done = run([*prefix, sys.executable, "-c", code], environment)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_switched_off_means_nothing_is_patched_listens_or_is_imported() -> None:
    port = free_port()
    code = f"""
import logging, signal, socket, sys
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
assert not logging.root.handlers
import fastapi, httpx
assert fastapi.FastAPI.__module__ == "fastapi.applications"
assert httpx.HTTPTransport.handle_request.__module__ == "httpx._transports.default"
socket.create_server(("127.0.0.1", {port})).close()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "otel_distro.lifecycle.parts"))])
"""
    environment = {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}
    done = run([LAUNCHER, sys.executable, "-c", code], environment)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


def test_helper_processes_pay_nearly_nothing() -> None:
    """`python -m pip` runs under the launcher's PYTHONPATH too: the SDK must not be imported there."""
    done = run([LAUNCHER, sys.executable, "-X", "importtime", "-m", "pip", "--version"])
    assert done.returncode == 0
    assert done.stdout.startswith("pip ")
    imported = [line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time")]
    assert len(imported) > 50
    assert [name for name in imported if name.startswith("opentelemetry.sdk")] == []


def test_the_libraries_may_be_absent(tmp_path: Path) -> None:
    """FastAPI and httpx are the application's: a script that cannot import them is served all the same."""
    for name in ("fastapi", "httpx", "starlette"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name!r}', name={name!r})")
    environment = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port())}
    done = run([LAUNCHER, sys.executable, "-c", TRACE_AND_LOG], {**environment, "OTEL_TRACES_EXPORTER": "none"})
    assert (done.returncode, done.stderr) == (0, "")
    assert '"message":"working"' in done.stdout


@pytest.mark.parametrize(
    ("ending", "exit_code"),
    [
        ("pass", 0),
        ("sys.exit(7)", 7),
        ("raise RuntimeError('as written')", 1),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
    ],
)
def test_however_a_script_ends_its_spans_arrive_and_the_exit_code_is_its_own(
    ending: str, exit_code: int, receiver: OtlpReceiver
) -> None:
    code = f"""
import os, signal, sys, time
from opentelemetry import trace
for number in range(700):
    trace.get_tracer("script").start_span(str(number)).end()
{ending}
time.sleep(20)
"""
    code = code if exit_code < 0 else code.replace("time.sleep(20)", "")
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
    }
    with Process([LAUNCHER, sys.executable, "-c", code], environment) as script:
        assert script.wait() == exit_code, script.output
    assert sorted(int(span.name) for span in receiver.spans()) == list(range(700))


def test_another_distribution_beside_ours_does_not_take_its_place(tmp_path: Path, receiver: OtlpReceiver) -> None:
    """Without a choice the launcher takes the first entry point it finds; `opentelemetry-distro` has this one."""
    metadata = tmp_path / "aaa_opentelemetry_distro-0.66b1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa-opentelemetry-distro\nVersion: 0.66b1\n")
    entries = "[opentelemetry_distro]\ndistro = other_distro:Distro\n[opentelemetry_configurator]\nconfigurator = other_distro:Configurator\n"
    (metadata / "entry_points.txt").write_text(entries)
    (tmp_path / "other_distro.py").write_text("raise SystemExit('the other one was loaded')\n")
    environment = {
        "PYTHONPATH": str(tmp_path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
    }
    done = run([LAUNCHER, sys.executable, "-c", TRACE_AND_LOG], environment)
    assert done.returncode == 0, done.stderr
    assert [span.name for span in receiver.spans()] == ["work"]
    (warning,), (line,) = done.stderr.splitlines(), done.stdout.splitlines()
    assert "another distribution, opentelemetry-distro, is installed beside otel-distro" in warning
    assert "working" in line


def test_our_variables_are_options_of_the_launcher(receiver: OtlpReceiver) -> None:
    done = run([LAUNCHER, "--distro_strict", "maybe", sys.executable, "-c", "pass"])
    assert "OTEL_DISTRO_STRICT='maybe': expected true or false" in done.stderr
