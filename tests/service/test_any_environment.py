# SPDX-License-Identifier: Apache-2.0
"""Whatever the environment says, the program begins, its spans and lines are there, and it ends as it would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_distro.settings.model import SDK_VARIABLES, Settings, declared

# Each environment is tried in a fork of one process, which has imported all that is slow to import.
TRIED = """
import json, os, sys
before = dict(os.environ)
import opentelemetry.sdk._configuration, opentelemetry.exporter.otlp.proto.http.trace_exporter
import otel_distro.lifecycle.parts, otel_distro.tracing, otel_distro.metrics, otel_distro.admin, otel_distro.logs, otel_distro.http

def tried(environ):
    os.environ.clear()
    os.environ.update(before, **environ)
    written = os.memfd_create("written")
    os.dup2(written, 1)
    os.dup2(written, 2)
    import logging
    logging.basicConfig(level=20)
    import otel_distro
    runtime = otel_distro.start()
    from opentelemetry import metrics, trace
    with trace.get_tracer("a").start_as_current_span("a") as span:
        logging.getLogger("a").critical("canary")
    metrics.get_meter("a").create_counter("a").add(1)
    return {
        "spans": span.get_span_context().is_valid,
        "logs": os.pread(written, 65536, 0).count(b"canary"),
        "metrics": type(metrics.get_meter_provider()).__module__.startswith("opentelemetry.sdk"),
        "off": [one for one in runtime.problems if " is off: " in one],
    }

for line in sys.stdin:
    reader, writer = os.pipe()
    if not os.fork():
        os.close(reader)
        try:
            answer = tried(json.loads(line))
        except BaseException as error:
            answer = {"raised": repr(error)}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        print(pipe.read(), flush=True)
    os.wait()
"""
# Those that are to take signals away, and one that may redact the line that is looked for.
SWITCHES = {
    "OTEL_SDK_DISABLED",
    "OTEL_DISTRO_STRICT",
    "OTEL_CONFIG_FILE",
    "OTEL_DISTRO_OWNER",
    "OTEL_DISTRO_REDACT_KEYS",
}
NAMES = sorted({n for v in (*declared(Settings), *SDK_VARIABLES) for n in (v.name, *v.older)} - SWITCHES)
NAMES += ["OTEL_EXPORTER_OTLP_ENDPONT", "OTEL_DISTRO_FOO"]
WORDS = "true 0 -1 1e9 none xray b3 otlp otlp,zipkin console grpc http://127.0.0.1:1 127.0.0.1:1 [::1 a=b,c * ( a,b / /nope nan"
VALUES = st.one_of(
    st.text(max_size=12).filter(lambda text: "\0" not in text and text.isprintable()),
    st.sampled_from(["", '"otlp"', "process", "traceidratio", *WORDS.split()]),
)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))


@pytest.fixture(scope="module")
def starter() -> Iterator[subprocess.Popen[str]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    with subprocess.Popen(
        [sys.executable, "-c", TRIED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as program:
        yield program
        assert program.stdin
        program.stdin.close()
        assert program.wait(60) == 0


def start(program: subprocess.Popen[str], environ: dict[str, str]) -> dict[str, object]:
    assert program.stdin
    assert program.stdout
    defaults = {"OTEL_EXPORTER_PROMETHEUS_PORT": "0", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    program.stdin.write(json.dumps(defaults | environ) + "\n")
    program.stdin.flush()
    answer: dict[str, object] = json.loads(program.stdout.readline())
    return answer


RIGHT = {"spans": True, "logs": 1, "metrics": True, "off": []}


def test_with_the_defaults_all_signals_are_there(starter: subprocess.Popen[str]) -> None:
    assert start(starter, {}) == RIGHT


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=6))
def test_no_environment_raises_into_the_program_nor_costs_a_signal(
    starter: subprocess.Popen[str], environ: dict[str, str]
) -> None:
    assert start(starter, environ) == RIGHT
