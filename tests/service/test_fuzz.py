# SPDX-License-Identifier: Apache-2.0
"""The fuzzing says what it has tried, whatever ends it."""

import re
import sys
from pathlib import Path

from testbed.processes import Process

TOOLS = Path(__file__).parents[2] / "tools"
PATHS = {"PYTHONPATH": str(TOOLS)}
INTERRUPTED = """
from soak.fuzz import fuzz

def more(run):
    if run.examples >= 200:
        raise KeyboardInterrupt
    return True

fuzz("traceparent as upstream's", more)
"""
FOUND = """
from hypothesis import strategies
from soak.fuzz import CHECKS, fuzz

def check(number):
    assert number < 1000

CHECKS["small numbers"] = strategies.integers(), check
raise SystemExit(not fuzz("small numbers", lambda run: run.examples < 10_000))
"""


def run(*arguments):
    with Process([sys.executable, *arguments], PATHS) as process:
        status = process.wait(60)
    return status, process.stdout, process.stderr


def test_each_property_is_counted():
    status, lines, _ = run("-m", "soak.fuzz", "--examples", "100", "correlation headers", "calls as without us")
    assert status == 0
    assert [re.sub(r" +\d+ s", " s", line).split() for line in lines] == [
        ["correlation", "headers", "100", "examples", "s", "s", "CPU", "held"],
        ["calls", "as", "without", "us", "100", "examples", "s", "s", "CPU", "held"],
    ]


def test_what_was_tried_is_said_when_it_is_interrupted():
    status, lines, _ = run("-c", INTERRUPTED)
    assert status != 0
    assert re.search(r"traceparent as upstream's +200 examples .* interrupted$", lines[-1])


def test_a_finding_is_shown_shrunk_and_fails():
    status, lines, errors = run("-c", FOUND)
    assert status == 1
    assert lines[-1].endswith("FAILED")
    assert any("number=1000" in line or "example=1000" in line for line in errors), errors
