# SPDX-License-Identifier: Apache-2.0
"""`otel_distro.start()` does all that the launchers do, in every server and at any time, and can be undone and repeated."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import pytest
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import run
from testbed.services import LAUNCHER, Service

APPLICATION = """
{before}
from fastapi import FastAPI
from prometheus_client import Counter
counted = Counter("mine", "Requests, counted by the application")
{between}
app = FastAPI({arguments})
@app.get("/items/{{number}}")
def item(number: int) -> int:
    counted.inc()
    return number
{after}
"""
START = "import otel_distro; handle = otel_distro.start()"
LIFESPAN = """
from contextlib import asynccontextmanager
import otel_distro
@asynccontextmanager
async def lifespan(app):
    with otel_distro.start():
        yield
"""
WHERE = {
    "first": {"before": START},
    "before the application": {"between": START},
    "after the application": {"after": START},
    "in the lifespan": {"between": LIFESPAN, "arguments": "lifespan=lifespan"},
}
SERVERS = {
    "uvicorn": ("uvicorn", ()),
    "uvicorn --workers": ("uvicorn", ("--workers", "3")),
    "gunicorn": ("gunicorn", ("-w", "3")),
    "gunicorn --preload": ("gunicorn", ("-w", "2", "--preload")),
}


def application(folder: Path, **parts: str) -> None:
    text = APPLICATION.format(**{"before": "", "between": "", "after": "", "arguments": "", **parts})
    (folder / "started.py").write_text(text)


def served(folder: Path, receiver: OtlpReceiver, server: str, options: tuple[str, ...]) -> Service:
    """Serve thirty requests, and tell what the page says of them while all workers are there."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    with Service(
        "started:app", folder, environment, server=server, options=options, launcher=(), timeout=60
    ) as service:
        for number in range(30):
            with urllib.request.urlopen(f"{service.url}/items/{number}", timeout=20) as answer:
                assert answer.headers["x-trace-id"]
        counts = ("http_server_request_duration_seconds_count", "mine_total")
        service.wait_for(lambda _: service.scrape().value("mine_total") == 30, timeout=20)
        assert [service.scrape().value(name) for name in counts] == [30, 30]
        service.stop()
    return service


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_has_one_right_page_and_every_span(server: str, receiver: OtlpReceiver, tmp_path: Path) -> None:
    application(tmp_path, **WHERE["first"])
    service = served(tmp_path, receiver, *SERVERS[server])
    assert len(receiver.spans()) == 30
    assert "is off" not in service.output


@pytest.mark.parametrize("where", [where for where in WHERE if where != "first"])
def test_it_may_be_called_anywhere(where: str, receiver: OtlpReceiver, tmp_path: Path) -> None:
    application(tmp_path, **WHERE[where])
    served(tmp_path, receiver, "uvicorn", ())
    assert [span.name for span in receiver.spans()] == ["GET /items/{number}"] * 30


def script(code: str, receiver: OtlpReceiver, *launcher: str) -> list[str]:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}
    done = run([*launcher, sys.executable, "-c", code], environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).splitlines()


AGAIN = """
import otel_distro, urllib.request
from opentelemetry import metrics, trace
tracer, counter = trace.get_tracer("mine"), metrics.get_meter("mine").create_counter("things")
for number in range(3):
    with otel_distro.start() as handle:
        assert otel_distro.start() is handle
        assert "single" in repr(handle) and "'http://" in repr(handle), repr(handle)
        tracer.start_span(str(number)).end()
        counter.add(1)
        metrics.get_meter(f"of {number}").create_counter(f"of_{number}").add(1)
        page = urllib.request.urlopen(f"{handle.facts['admin']}/metrics").read().decode()
        assert f"things_total {number + 1}.0" in page, page
        assert f"of_{number}_total 1.0" in page, page
    assert "closed" in repr(handle)
"""


@pytest.mark.parametrize("launcher", [(), (LAUNCHER,), ("otel-distro", "run")], ids=["code", "upstream's", "ours"])
def test_after_close_it_may_be_started_again_without_a_word(launcher: tuple[str, ...], receiver: OtlpReceiver) -> None:
    assert script(AGAIN, receiver, *launcher) == []
    assert sorted(span.name for span in receiver.spans()) == ["0", "1", "2"]


BY_HAND = """
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
"""
SET = "trace.set_tracer_provider(provider); metrics.set_meter_provider(MeterProvider())\n"
START_AND_ASK = """
import otel_distro, urllib.request
handle = otel_distro.start()
trace.get_tracer("mine").start_span("work").end()
metrics.get_meter("mine").create_counter("things").add(1)
page = urllib.request.urlopen(f"{handle.facts['admin']}/metrics").read().decode()
assert "things_total 1.0" in page, page
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [(BY_HAND + SET + START_AND_ASK, "the application has set a tracer provider, a meter provider before"),
     ("import otel_distro; otel_distro.start()\n" + BY_HAND + SET + START_AND_ASK, "a provider that the application sets is not used")],
    ids=["before us", "after us"],
)  # fmt: skip
def test_what_an_application_set_up_by_hand_is_joined_and_it_is_said_what_to_delete(
    code: str, said: str, receiver: OtlpReceiver
) -> None:
    lines = [json.loads(line) for line in script(code, receiver)]
    assert [
        line["message"].partition(":")[0].partition(", otel")[0] for line in lines if "delete" in line["message"]
    ] == [said] * len(lines)
    assert 1 <= len(lines) <= 2
    assert [span.name for span in receiver.spans()] == ["work"]
