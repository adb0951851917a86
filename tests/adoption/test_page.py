# SPDX-License-Identifier: Apache-2.0
"""docs/adopt.md walked literally on each of the four systems: everything is green at every step."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from support.adopt_page import APPS, PAGE, REPOSITORY, prepared, questions, steps
from support.adopted import LAUNCHERS, SYSTEMS, Answer, Running, running
from support.requests_of import ASKED
from testbed.processes import json_objects, run
from testbed.scrape import TEXT, scrape
from testbed.waiting import wait_until

# What the page on the application's own port counts at every step.
COUNTED = {"orchestrator": "tasks_submitted_total"}
LAUNCHER = LAUNCHERS["opentelemetry-instrument"]
# The first step and the last are what test_ways.py runs and counts.
STEPS = [(system, number) for system in SYSTEMS for number in range(2, len(steps(system)))]


def test_the_page_has_a_section_for_each_system_and_takes_all_of_its_own_telemetry_out(tmp_path: Path):
    for name in SYSTEMS:
        assert len(steps(name)) == 4
        folder, _ = prepared(name, tmp_path)
        left = "".join(path.read_text() for path in folder.glob("*.py"))
        own = ("Instrumentator", "correlation_id", "structlog.configure", "basicConfig", "dictConfig", "TracerProvider")
        assert [word for word in own if word in left] == []
        assert any(
            word in (APPS / name / path.name).read_text() for path in APPS.joinpath(name).iterdir() for word in own
        )


@pytest.mark.parametrize(("system", "number"), STEPS, ids=str)
def test_after_each_step_clients_get_what_they_got_and_every_request_is_found_by_one_id(
    system, number, around, tmp_path: Path
):
    folder, variables = prepared(system, tmp_path, number)
    variables |= around(system)
    with running(SYSTEMS[system], folder, LAUNCHER, environment=variables) as work:
        for ask in ASKED[system]:
            answer = work.ask(ask)
            assert answer.status == ask.status, f"{ask}: {answer}"
            reached = {service for service, spans in ask.spans.items() if spans}
            wait_until(lambda told=answer, all_=reached: _services_of(work, told) >= all_, 60)
        page = scrape(work.front.url, TEXT)
        assert sum(sample.value for sample in page.samples(COUNTED.get(system, "http_requests_total"))) >= 3


def _services_of(work: Running, answer: Answer) -> set[str]:
    """Return the services that have a line with an id that the client was told."""
    told = {answer.headers["x-trace-id"], answer.headers["x-correlation-id"]}
    return {
        service
        for service, process in work.services.items()
        for line in json_objects(process.stdout)
        if told & {line.get("trace_id"), line.get("correlation_id")}
    }


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_unit_tests_of_the_api_pass_at_every_step(tmp_path: Path, number: int):
    folder, variables = prepared("devops", tmp_path, number)
    finished = run([*LAUNCHER, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."], variables, folder, 120)
    assert (finished.returncode, "5 passed" in finished.stdout) == (0, True), finished.stdout


@pytest.mark.parametrize("number", [1, 4])
def test_log_level_is_what_it_was(tmp_path: Path, number: int):
    folder, variables = prepared("devops", tmp_path, number)
    with running(SYSTEMS["devops"], folder, LAUNCHER, environment={**variables, "LOG_LEVEL": "ERROR"}) as work:
        answers = [work.ask(ask) for ask in ASKED["devops"]]
        work.front.wait_for(lambda process: "this item is broken" in process.output, 60)
    assert [answer.status for answer in answers] == [ask.status for ask in ASKED["devops"]]
    assert "item created" not in work.front.output


def test_each_criterion_is_shown_by_a_test_that_is_there():
    head, *rows = questions("Criteria")
    assert head == ["system", "criterion", "left in", "removed", "shown by"]
    assert Counter(row[0] for row in rows) == {"chat": 7, "orchestrator": 6, "devops": 6, "pipeline": 6, "all": 4}
    for system, criterion, *met, shown in rows:
        path, _, name = shown.partition("::")
        assert re.search(rf"^def {name}\(", (REPOSITORY / path).read_text(), re.MULTILINE), (system, criterion)
        assert all(met)


def test_its_links_lead_somewhere():
    assert "(logging.md)" in PAGE.read_text()
