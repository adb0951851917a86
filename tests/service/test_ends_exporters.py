# SPDX-License-Identifier: Apache-2.0
"""The end of a process whose exporters are upstream's: within the same time, with the same counts."""

import re
import signal
import sys
import time

import pytest
from support.ending import AT_THE_END, SPANS, Script
from support.fleet import Fleet
from testbed.otlp_receiver import Hang, OtlpReceiver, Respond
from testbed.processes import Process
from testbed.services import LAUNCHER

LIMIT, MARGIN = 1.0, 3.0
COUNTS = """
import logging
from opentelemetry import metrics
import time
metrics.get_meter("ending").create_counter("jobs").add(1)
spans(7)
for number in range(3):
    logging.getLogger("ending").warning("line %d", number)
"""


def all_over(protocol):
    return {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": str(LIMIT),
    }


def lost(process):
    """Return how many records of each signal were said to be lost, each said once."""
    said = [line for line in process.output.splitlines() if "not delivered" in line]
    found = dict(re.search(r"(\d+) records? of (\w+)", line).group(2, 1) for line in said)
    assert len(found) == len(said), said
    return {name: int(count) for name, count in found.items()}


@pytest.mark.parametrize(
    ("protocol", "fault"),
    [
        pytest.param("grpc", Hang(), id="hanging-grpc"),
        pytest.param("http/protobuf", Hang(), id="hanging-http"),
        pytest.param("grpc", Respond(503), id="refusing-grpc"),
        pytest.param("http/protobuf", None, id="away-http"),
    ],
)
def test_all_signals_end_within_one_limit_and_are_counted(protocol, fault, tmp_path):
    with OtlpReceiver(protocol=protocol) as receiver:
        if fault is None:
            receiver.close()
        else:
            receiver.fail_with(fault)
        with Script(
            tmp_path, COUNTS + "print('up')\ntime.sleep(60)", receiver, environment=all_over(protocol)
        ) as script:
            script.up()
            since = time.monotonic()
            assert script.stop() == -signal.SIGTERM
            assert time.monotonic() - since < LIMIT + MARGIN
    found = lost(script)
    assert found["traces"] == 7
    assert found["logs"] >= 3
    assert found["metrics"] >= 1
    assert sum("exporter" in line and "not delivered" not in line for line in script.stderr) <= 3, script.stderr
    assert script.printed() == []


def test_a_supervisor_and_its_workers_end_within_one_limit_over_grpc():
    with OtlpReceiver(protocol="grpc") as receiver:
        receiver.fail_with(Hang())
        environment = AT_THE_END | all_over("grpc") | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        environment |= {
            "OTEL_DISTRO_ADMIN": "true",
            "OTEL_METRICS_EXPORTER": "prometheus",
            "OTEL_TRACES_EXPORTER": "otlp",
        }
        with Fleet("uvicorn workers", environment=environment) as fleet:
            fleet.send(20)
            since = time.monotonic()
            assert fleet.stop() == 0
            assert time.monotonic() - since < LIMIT + MARGIN
    (on,) = [line for line in fleet.stdout if "telemetry is on" in line and "supervisor" in line]
    assert f'"traces":"127.0.0.1:{receiver.port}"' in on
    assert sum(int(count) for line in fleet.stdout for count in re.findall(r"(\d+) records? of traces w", line)) == 20


def test_everything_arrives_over_grpc_when_the_collector_is_there(tmp_path):
    with OtlpReceiver(protocol="grpc") as receiver:
        with Script(tmp_path, COUNTS + "print('up')\ntime.sleep(60)", receiver, environment=all_over("grpc")) as script:
            assert script.up().stop() == -signal.SIGTERM
        assert (len(receiver.spans("work")), len(receiver.logs())) == (7, 3)
        assert "jobs" in {metric.name for metric in receiver.metrics()}
    assert lost(script) == {}


ADDED = """
from opentelemetry import trace
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
import time
class Slow(SpanExporter):
    def export(self, spans):
        time.sleep(30)
        return SpanExportResult.SUCCESS
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(Slow()))
spans(4)
"""


def test_an_exporter_that_the_application_adds_keeps_the_limit_too(receiver, tmp_path):
    with Script(tmp_path, ADDED, receiver, environment={"OTEL_DISTRO_SHUTDOWN_TIMEOUT_SECONDS": str(LIMIT)}) as script:
        script.wait_for_line("not delivered", timeout=20)
        since = time.monotonic()
        assert script.wait() == 0
        assert time.monotonic() - since < MARGIN
    assert len(receiver.spans("work")) == 4
    assert lost(script) == {"traces": 4}
    assert "not delivered to Slow before the end" in script.output


def test_the_console_exporter_says_all_before_the_end(tmp_path, receiver):
    with Script(tmp_path, "spans(6)", receiver, environment={"OTEL_TRACES_EXPORTER": "console"}) as script:
        assert script.wait() == 0
    assert script.output.count('"name": "work"') == 6
    assert lost(script) == {}


GEVENT = """
import gevent.monkey
if "%s" == "before":
    gevent.monkey.patch_all()
import otel_distro
handle = otel_distro.start()
gevent.monkey.patch_all()
import gevent, time, threading
beats = []
def beat():
    while True:
        beats.append(time.monotonic())
        gevent.sleep(0.01)
gevent.spawn(beat)
spans(3)
time.sleep(1.5)
spans(4)
longest = max(after - before for before, after in zip(beats, beats[1:]))
print("longest pause below half a second:", longest < 0.5, len(beats) > 20)
"""


@pytest.mark.parametrize(
    ("launcher", "patched"), [((LAUNCHER,), "before"), ((), "after")], ids=["launched, before", "started, after"]
)
def test_greenlets_go_on_while_spans_leave(patched, launcher, receiver, tmp_path):
    environment = AT_THE_END | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    program = tmp_path / "program.py"
    program.write_text(SPANS + GEVENT % patched)
    with Process([*launcher, sys.executable, str(program)], environment) as script:
        assert script.wait() == 0, script.output
    assert "longest pause below half a second: True True" in script.stdout, script.output
    assert len(receiver.spans("work")) == 7
