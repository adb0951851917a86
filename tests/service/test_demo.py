# SPDX-License-Identifier: Apache-2.0
"""The demo: what it prints is checked by itself, so these tests check that it does so, and how it looks."""

import re
import signal
from pathlib import Path

import httpx
import pytest
from testbed.processes import Process, run
from testbed.terminal import run_on_terminal

TOOLS = {"PYTHONPATH": str(Path(__file__).parents[2] / "tools")}
DEMO = ["python", "-m", "demo", "--requests", "48"]


@pytest.fixture(scope="module")
def piped():
    return run(DEMO, TOOLS, timeout=60)


def test_ends_well_and_shows_every_part(piped):
    assert (piped.returncode, piped.stderr) == (0, "")
    headings = re.findall(r"^── (.+?)(?:  .*)? ─+$", piped.stdout, re.MULTILINE)
    assert headings == [
        "One request, two services, one trace_id",
        "The same request as a trace",
        "Requests",
        "Ports",
        "Stop",
    ]
    assert "✗" not in piped.stdout


def test_counts_every_request_that_it_sent(piped):
    assert "49 of 49 requests sent are in chat_api's /metrics" in piped.stdout
    assert "49 of 49 SERVER spans of chat_api arrived" in piped.stdout


def test_draws_the_trace_as_a_tree(piped):
    branches = re.findall(
        r"^  ([ │├└─]*)(\S.*?) {2,}(chat_api|inference) +(\w+) .* (\d+\.\d) ms$", piped.stdout, re.MULTILINE
    )
    assert [(branch, service, kind) for branch, _, service, kind, _ in branches] == [
        ("", "chat_api", "server"),
        ("├─ ", "chat_api", "internal"),
        ("└─ ", "chat_api", "client"),
        ("   └─ ", "inference", "server"),
    ]
    durations = [float(duration) for *_, duration in branches]
    assert durations[0] >= durations[2] >= durations[3] > 0


def test_prints_no_terminal_codes_into_a_pipe(piped):
    assert "\x1b" not in piped.stdout
    assert "\r" not in piped.stdout


def test_colours_and_fits_a_terminal():
    code, output = run_on_terminal(DEMO, TOOLS, columns=80)
    assert code == 0
    assert "\x1b[1m" in output
    visible = [
        re.sub(r"\x1b\[[0-9;]*[mK]", "", line.rsplit("\r", 1)[-1]) for line in output.replace("\r\n", "\n").split("\n")
    ]
    assert len(visible) > 30
    assert max(map(len, visible)) <= 80


def test_obeys_no_color():
    code, output = run_on_terminal(DEMO, TOOLS | {"NO_COLOR": "1"}, columns=100)
    assert code == 0
    assert re.search(r"\x1b\[[0-9;]*m", output) is None


def test_fails_with_a_message_when_spans_do_not_arrive():
    ended = run([*DEMO, "--env", "OTEL_TRACES_EXPORTER=none"], TOOLS, timeout=60)
    assert ended.returncode == 1
    assert "✗ 0 of 49 SERVER spans of chat_api arrived" in ended.stdout


def test_fails_with_a_message_when_a_service_is_misconfigured():
    ended = run([*DEMO, "--env", "OTEL_BSP_MAX_QUEUE_SIZE=abc"], TOOLS, timeout=60)
    assert ended.returncode == 1
    assert "✗ OTEL_BSP_MAX_QUEUE_SIZE='abc': expected a whole number" in ended.stdout


def test_fails_with_a_message_when_a_service_does_not_start():
    ended = run([*DEMO, "--env", "PYTHONHOME=/nowhere"], TOOLS, timeout=60)
    assert ended.returncode == 1
    assert "before it served" in ended.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_kept_running_it_serves_until_it_is_told_to_stop(number):
    with Process([*DEMO, "--keep"], TOOLS) as demo:
        page = demo.wait_for_line(r"see it: http://127\.0\.0\.1:\d+/\?t=", timeout=60).split()[2]
        assert "<!doctype html>" in httpx.get(page, follow_redirects=True, timeout=60).text.lower()
        assert demo.stop(number) == 0
        assert "checks passed" in demo.output
