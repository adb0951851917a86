# SPDX-License-Identifier: Apache-2.0
"""Lines of a test's own process, and of another one's output."""

import io
import logging

import pytest
from testbed.processes import run

from otel_distro.logs.stdout import Stdout
from otel_distro.testing import captured_lines, json_lines


def test_lines_of_json_are_found_among_others():
    output = 'Traceback\n{"message": "a"}\n[1]\n{"cut off\n  {"message": "b"}\n\n'
    expected = [{"message": "a"}, {"message": "b"}]
    assert [json_lines(output), json_lines(output.encode()), json_lines(output.splitlines())] == [expected] * 3
    assert json_lines("") == []


def test_what_is_written_is_caught_and_written_all_the_same(capfd):
    stream, printed = Stdout(), io.StringIO()
    server = Stdout("stdout")
    with captured_lines() as lines:
        stream.print(b'{"message":"to a stream","n":1}\n', printed)
        server.put(b'{"message":"to a descriptor","n":2}\n')
        server.write(b'{"message":"' + b"x" * 5000 + b'","n":3}\n')
        server.put("für Menschen\n".encode())
    server.put(b'{"message":"after"}\n')
    assert [line["n"] for line in lines()] == [1, 2, 3]
    assert (lines("to a descriptor"), lines(n=1, message="none"), lines(n=1)) == (
        [{"message": "to a descriptor", "n": 2}],
        [],
        [{"message": "to a stream", "n": 1}],
    )
    assert lines.texts()[-1] == "für Menschen"
    assert printed.getvalue() == '{"message":"to a stream","n":1}\n'
    assert len(capfd.readouterr().out.splitlines()) == 4
    lines.clear()
    assert lines.texts() == []


def test_a_program_that_does_not_serve_is_caught_once(capsys):
    with captured_lines() as lines:
        Stdout().put(b'{"message":"of a script"}\n')
    assert lines() == [{"message": "of a script"}]
    assert capsys.readouterr().out == '{"message":"of a script"}\n'


def test_a_block_that_raises_leaves_nothing_behind():
    before = Stdout.put, Stdout.print
    with pytest.raises(ZeroDivisionError), captured_lines():
        logging.getLogger("of the test").debug(1 / 0)
    assert (Stdout.put, Stdout.print) == before


STARTED = """
import os, sys
import otel_distro
import structlog
from opentelemetry import metrics, trace
from otel_distro.testing import started
before = dict(os.environ)
for turn in (1, 2):
    with started({"OTEL_SERVICE_NAME": "shop"}) as telemetry:
        with trace.get_tracer("mine").start_as_current_span("work"):
            structlog.get_logger().info("done", turn=turn)
        metrics.get_meter("mine").create_counter("things").add(3)
        (span,) = telemetry.spans("work")
        (line,) = telemetry.lines("done", turn=turn)
        (record,) = telemetry.logs("done")
        assert span.service == record.service == line["service"] == "shop", (span, line)
        assert span.trace_id == line["trace_id"] == record.trace_id
        if turn == 1:
            assert telemetry.metrics("things")[-1].points[0].value == 3
        telemetry.clear()
        assert (telemetry.spans(), telemetry.lines(), telemetry.logs()) == ([], [], [])
    assert dict(os.environ) == before, sorted(set(os.environ.items()) ^ set(before.items()))
with otel_distro.start():
    try:
        with started():
            raise AssertionError("it stands already")
    except RuntimeError as error:
        assert "already" in str(error)
"""


def test_a_test_observes_its_own_process_whatever_its_shell_says_and_puts_everything_back():
    shell = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces",
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_SDK_DISABLED": "true",
        "OTEL_LOGS_EXPORTER": "none",
        "JSON_LOGS": "false",
    }
    done = run(["python", "-c", STARTED], {**shell, "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


UNTOUCHED = """
import sys
import otel_distro
with otel_distro.start():
    assert "otel_distro.otlp" in sys.modules
    assert not [name for name in sys.modules if name.startswith("otel_distro.testing")]
"""


def test_no_start_imports_the_kit():
    done = run(["python", "-c", UNTOUCHED], {"OTEL_EXPORTER_PROMETHEUS_PORT": "0", "OTEL_TRACES_EXPORTER": "none"})
    assert done.returncode == 0, done.stdout + done.stderr
