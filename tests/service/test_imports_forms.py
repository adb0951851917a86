# SPDX-License-Identifier: Apache-2.0
"""How, when and in which order a library is imported decides nothing: each request and call has one span and one count.

The forms are in `support/import_forms.py`. Each runs under some way to start; with ALL_IMPORT_FORMS=1 every pair of forms
does under every way, in both orders (2,880 forks, an hour).
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.import_forms import FORMS
from testbed.processes import clean_environment, located
from testbed.services import LAUNCHER

PROGRAM = Path(__file__).parents[1] / "support" / "import_forms.py"
FASTAPI = [
    form for form in FORMS if "astapi" in form or "FastAPI" in form or form == "a subclass with a stack of its own"
]
CLIENTS = [form for form in FORMS if "httpx" in form.lower() or "httpcore" in form]
LATE = ["an application", "an application at work"]
WAYS = {
    "opentelemetry-instrument": [LAUNCHER],
    "otel-distro run": ["otel-distro", "run"],
    "start first": [],
    "start last": [],
    "start between": [],
}
PAIRS_OF_A_WAY = 5  # with which every form has its turn
EVERYTHING = os.environ.get("ALL_IMPORT_FORMS") == "1"


def test_every_form_is_about_something() -> None:
    assert set(FORMS) == {*FASTAPI, *CLIENTS, *LATE, "start"}
    chosen = {form for way in WAYS for forms in cases(way) for form in forms}
    assert chosen == set(FORMS)


def pairs(way: str) -> Iterator[tuple[str, ...]]:
    """Yield pairs of forms, others for each way; who comes first changes with the way."""
    if EVERYTHING:
        every = itertools.product(FASTAPI, CLIENTS)
        yield from itertools.chain.from_iterable(((one, two), (two, one)) for one, two in every)
        return
    first = list(WAYS).index(way)
    for place in range(first, PAIRS_OF_A_WAY * len(WAYS), len(WAYS)):
        pair = FASTAPI[place % len(FASTAPI)], CLIENTS[place % len(CLIENTS)]
        yield pair if place % 2 else pair[::-1]


def cases(way: str) -> Iterator[list[str]]:
    for number, forms in enumerate(pairs(way)):
        match way:
            case "start first":
                yield ["start", *forms]
            case "start last":
                yield [*forms, *([], LATE[:1], LATE[1:])[number % 3], "start"]
            case "start between":
                yield [forms[0], "start", forms[1], "start"]
            case _:
                yield [*forms]


def outcomes(way: str, wanted: list[list[str]]) -> Iterable[dict]:
    environment = clean_environment({"OTEL_EXPORTER_PROMETHEUS_PORT": "0", "OTEL_TRACES_EXPORTER": "none"})
    launcher = WAYS[way]
    command = [*([located(launcher[0]), *launcher[1:]] if launcher else []), sys.executable, str(PROGRAM)]
    done = subprocess.run(
        command,
        input=json.dumps(wanted),
        env=environment,
        capture_output=True,
        text=True,
        timeout=30 + 30 * len(wanted),
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if '"spans"' in line or '"raised"' in line]


@pytest.mark.parametrize("way", WAYS)
def test_whatever_the_form_each_request_and_call_is_observed_once(way: str) -> None:
    wanted = list(cases(way))
    found = outcomes(way, wanted)
    assert len(found) == len(wanted) >= PAIRS_OF_A_WAY
    wrong = []
    for forms, outcome in zip(wanted, found, strict=True):
        requests, calls = outcome.get("requests"), outcome.get("calls")
        expected = {
            "spans": {"server": 1, "client": calls, "internal": 0},
            "durations": {"server": 1, "client": calls},
            "faults": {},
        }
        off = [line for line in outcome["printed"].splitlines() if " is off" in line or "already" in line]
        if requests != 1 or calls < 2 or {key: outcome.get(key) for key in expected} != expected or off:
            wrong.append((forms, outcome))
    assert wrong == []
