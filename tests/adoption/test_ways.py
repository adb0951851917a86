# SPDX-License-Identifier: Apache-2.0
"""Four systems bare, with their own code left in, and with it removed: nothing changes for clients, nothing is doubled.

Both launchers, one worker and three: the same requests, and every line, span and series of each counted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from support.adopt_page import questions
from support.adopted import LAUNCHERS, SYSTEMS, Observed, observe
from support.pages_asked import Asked, holding
from support.requests_of import ASKED

from otel_distro.logs.contract import check

WAYS = ("left in", "removed")
ALL = [(system, way, *each) for system in SYSTEMS for way in WAYS for each in product(LAUNCHERS, (1, 3))]
# Each launcher, each number of workers and each way of each system; `make adoption` tries all of them together.
FEW = [
    ("chat", "left in", "opentelemetry-instrument", 1),
    ("chat", "removed", "otel-distro run", 3),
    ("orchestrator", "left in", "otel-distro run", 3),
    ("orchestrator", "removed", "opentelemetry-instrument", 1),
    ("devops", "left in", "opentelemetry-instrument", 3),
    ("devops", "removed", "otel-distro run", 1),
    ("pipeline", "left in", "otel-distro run", 1),
    ("pipeline", "removed", "opentelemetry-instrument", 3),
]
CASES = ALL if os.environ.get("ADOPTION_ALL") else FEW
ACCESS = "otel_distro.access"
# What names a request to its client: ours are on every response, and differ from request to request.
IDS = ("x-trace-id", "x-request-id", "x-correlation-id", "date", "server", "sec-websocket-accept")


class Seen(dict[tuple[str, str, str, int], Observed]):
    """Systems in one way each, seen when one is first asked for."""

    def __init__(self, directories: pytest.TempPathFactory, around: Callable[[str], dict[str, str]]) -> None:
        super().__init__()
        self._directories = directories
        self._around = around

    def __missing__(self, case: tuple[str, str, str, int]) -> Observed:
        system, way, launcher, workers = case
        folder, around = self._directories.mktemp(system), self._around(system)
        seen = observe(SYSTEMS[system], folder, way, LAUNCHERS.get(launcher, ()), workers=workers, around=around)
        return self.setdefault(case, seen)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory, around: Callable[[str], dict[str, str]]) -> Seen:
    return Seen(tmp_path_factory, around)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def seen(request, every: Seen) -> Observed:
    """One system in one way."""
    return every[request.param]


@pytest.fixture
def bare(every: Seen, seen: Observed) -> Observed:
    """The same system without us."""
    return every[seen.system, "bare", "", 1]


def test_clients_get_what_they_got(bare: Observed, seen: Observed):
    before = bare.answers
    assert [each.status for each in before] == [ask.status for ask in ASKED[seen.system]]
    assert len(before) >= 4
    assert [_told(each) for each in seen.answers] == [_told(each) for each in before]
    assert seen.exit_codes == {**bare.exit_codes, **({seen.front: 0} if seen.workers > 1 else {})}


def _told(answer):
    """Return status, body and headers, without what differs from one run to the next."""
    headers = {name: value for name, value in answer.headers.items() if name not in IDS}
    body = answer.text if "task_id" not in answer.text and "user_id" not in answer.text else ""
    headers.pop("content-length", None)
    return answer.status, body, headers


def test_each_line_of_the_application_is_there_once_and_has_the_ids(seen: Observed):
    counted = 0
    for number, ask in enumerate(ASKED[seen.system]):
        trace = seen.trace_of(number)
        for service, expected in ask.lines.items():
            lines = [line for line in seen.lines[service] if line.get("trace_id") == trace and not _of_request(line)]
            told = Counter(line.get("message") or line.get("event") for line in lines)
            told = Counter({text: number for text, number in told.items() if _is_own(text)})
            assert told == Counter(expected), f"{ask}: {service}"
            counted += len(expected)
    assert counted >= 2


def _is_own(text: object) -> bool:
    """Whether a line is the application's: the server's traceback and the middleware's complaint are others'."""
    return not str(text).startswith(("Exception in ASGI", "Generated new request ID"))


def _of_request(line) -> bool:
    own = line.get("message") in ("request", "http.request")
    return own or line.get("logger") == ACCESS


def test_what_the_application_binds_is_on_its_lines(seen: Observed):
    bound = {
        "chat": ("chat_api", "answer streamed", "user_id"),
        "orchestrator": ("orchestrator", "task.submitted", "task_id"),
    }
    service, text, name = bound.get(seen.system, (seen.front, "", "trace_id"))
    lines = [
        line
        for line in seen.lines[service]
        if text in (line.get("message"), line.get("event"), "") and "span_id" in line
    ]
    assert len(lines) >= 3
    assert all(line[name] for line in lines)
    if seen.system == "chat":
        assert all(line["user_id"] == "ada" for line in lines)
        timed = [line for line in seen.lines["inference"] if "inference_time_ms" in line]
        assert len(timed) == 6


def test_lines_keep_the_contract_where_the_own_shape_is_gone(seen: Observed):
    own = seen.way == "left in" and seen.system in {"chat", "devops"}
    lines = [json.dumps(line) for lines in seen.lines.values() for line in lines]
    assert len(lines) >= 20
    assert bool(list(check(lines))) == own


def test_each_request_has_one_access_event_in_each_service(seen: Observed):
    for number, ask in enumerate(ASKED[seen.system]):
        events = [line for line in seen.all_lines(seen.trace_of(number)) if line.get("logger") == ACCESS]
        reached = [service for service, spans in ask.spans.items() if spans]
        assert Counter(event["service"] for event in events) == Counter(name.replace("_", "-") for name in reached)
        (front,) = [event for event in events if event["service"] == seen.front.replace("_", "-")]
        assert (front["method"], front["path"], front["status_code"]) == (ask.method, ask.path, ask.status)


def test_each_request_is_one_trace_without_a_span_too_many(seen: Observed):
    for number, ask in enumerate(ASKED[seen.system]):
        spans = [span for span in seen.spans if span.trace_id == seen.trace_of(number)]
        expected = {service.replace("_", "-"): count for service, count in ask.spans.items() if count}
        assert Counter(span.service for span in spans) == Counter(expected), ask
        assert len([span for span in spans if span.parent_span_id is None]) == 1


def test_a_failure_is_one_line_with_its_traceback_and_the_access_event(seen: Observed):
    failed = [number for number, ask in enumerate(ASKED[seen.system]) if ask.failed]
    assert failed
    for number in failed:
        lines = [line for line in seen.all_lines(seen.trace_of(number)) if line.get("level") in ("error", "ERROR")]
        told = ["traceback" if "Traceback" in str(line) else line.get("logger") for line in lines]
        assert sorted(told) == [ACCESS, "traceback"]


def test_what_a_websocket_sends_through_kafka_is_one_trace_of_lines_and_spans_in_all_consumers(seen: Observed):
    chunks = [ask for ask in ASKED[seen.system] if ask.later]
    assert len(chunks) == (2 if seen.system == "pipeline" else 0)
    found: dict[str, list[str]] = {}
    for line in seen.lines[seen.front] if chunks else ():
        if line["message"] in {text for ask in chunks for text in ask.later}:
            assert line["correlation_id"] == line["request_id"]
            found.setdefault(line["trace_id"], []).append(line["message"])
    assert Counter(map(tuple, found.values())) == Counter({ask.later: 2 for ask in chunks})
    # A send and the processing of what was sent, of each topic; the failure's dead letter is sent and read by nobody.
    spans = {len([span for span in seen.spans if span.trace_id == trace]) for trace in found}
    assert spans == ({6, 3} if chunks else set())


def test_consumers_are_measured_and_none_is_behind(seen: Observed):
    lag = {sample.labels["topic"].split(".", 1)[1]: sample.value for sample in seen.later.samples("kafka_consumer_lag")}
    stages = {s.labels["stage"]: s.value for s in seen.later.samples("pipeline_stage_duration_seconds_count")}
    if seen.system == "pipeline":
        assert lag == dict.fromkeys(("mail.outgoing", "audio.raw", "text.original", "text.translated"), 0)
        assert stages == {"mail.outgoing": 4, "audio.raw": 4, "text.original": 2, "text.translated": 2}
    else:
        assert (lag, stages) == ({}, {})


def test_one_id_is_on_the_response_on_every_line_and_on_what_was_asked_in_turn(seen: Observed):
    for number, answer in enumerate(seen.answers):
        lines = [line for line in seen.all_lines(seen.trace_of(number)) if _is_own(line.get("message"))]
        assert lines
        for name in ("request_id", "correlation_id"):
            header = answer.headers[f"x-{name.replace('_', '-')}"]
            assert {line[name] for line in lines} == {header}, f"{ASKED[seen.system][number]}: {name}"
        trace = answer.headers["x-trace-id"]
        assert all(trace in (line["trace_id"], line["correlation_id"], line.get("trace_id_")) for line in lines)


def test_what_the_caller_calls_its_request_is_taken_or_refused_as_the_system_does(bare: Observed, seen: Observed):
    asked = [(ask.headers, mine) for ask, mine in zip(ASKED[seen.system], seen.answers, strict=True)]
    for headers, answer in asked:
        for name, value in headers.items():
            if name.lower() in IDS and seen.way == "removed":
                assert value in (answer.headers[name.lower()], answer.headers["x-correlation-id"])


def test_the_older_names_count_each_request_once(seen: Observed):
    """What the dashboards ask: the sum over all labels, by status as they write it."""
    asked = [ask for ask in ASKED[seen.system] if ask.is_request]
    for name in ("http_requests_total", "http_request_duration_seconds_count"):
        found = [sample for sample in seen.page.samples(name) if not _is_page(sample)]
        assert sum(sample.value for sample in found) == len(asked), name
    failed = sum(ask.failed for ask in asked)
    assert sum(s.value for s in seen.page.samples("http_requests_total") if s.labels["status"][0] == "5") == failed
    assert len({frozenset(sample.labels) for sample in seen.page.samples("http_requests_total")}) == 1


def test_one_request_leaves_what_the_page_says(seen: Observed):
    (row,) = [row for row in questions("What one request leaves") if (row[0], row[2]) == (seen.system, seen.way)]
    first, trace = ASKED[seen.system][0], seen.trace_of(0)
    lines = seen.all_lines(trace)
    events = [line for line in lines if line.get("logger") == ACCESS]
    own = [line for line in lines if _of_request(line) and line not in events]
    spans = [span for span in seen.spans if span.trace_id == trace]
    requests = sum(sample.value for sample in seen.page.samples("http_requests_total") if not _is_page(sample))
    counted = requests / sum(ask.is_request for ask in ASKED[seen.system])
    found = [len(lines) - len(own) - len(events), len(own), len(events), len(spans), counted]
    assert (row[1], list(map(float, row[3:]))) == (f"{first.method} {first.path}", found)


def test_no_histogram_has_two_sets_of_bounds(seen: Observed):
    samples = seen.page.samples("http_request_duration_seconds_bucket")
    by_series: dict[tuple[str, ...], set[str]] = {}
    for sample in samples:
        labels = tuple(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "le")
        by_series.setdefault(labels, set()).add(str(float(sample.labels["le"])))
    assert by_series
    assert len({frozenset(bounds) for bounds in by_series.values()}) == 1


def _is_page(sample) -> bool:
    return "/metrics" in (sample.labels.get("handler"), sample.labels.get("endpoint"))


ASKED_OF_PROMETHEUS = [row for row in questions("Their dashboards and alerts") if row[0] in SYSTEMS]
INSTEAD = [row for row in questions("Their dashboards and alerts") if len(row) == 2 and row[0] != "theirs"]
WAY_OF = {(system, way): (system, way, launcher, workers) for system, way, launcher, workers in FEW}


@pytest.fixture(scope="module")
def prometheus(every: Seen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A real Prometheus that holds the pages of every system in every way."""
    cases = {(system, "bare"): (system, "bare", "", 1) for system in SYSTEMS} | WAY_OF
    pages = {f"{system}, {way}": [every[case].page, every[case].later] for (system, way), case in cases.items()}
    with holding(pages, tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.mark.parametrize(("system", "panel", "query"), ASKED_OF_PROMETHEUS, ids=lambda cell: cell[:20])
def test_dashboards_and_alerts_get_the_same_answer_in_every_way(prometheus: Asked, system: str, panel: str, query: str):
    before = prometheus.ask(query, f"{system}, bare")
    assert before or "> 30" in query, panel
    for way in WAYS:
        assert prometheus.ask(query, f"{system}, {way}") == pytest.approx(before), f"{panel}, {way}"


@pytest.mark.parametrize(("theirs", "ours"), INSTEAD, ids=lambda cell: cell[:20])
def test_what_takes_the_place_of_own_names_tells_the_same(prometheus: Asked, theirs: str, ours: str):
    removed = prometheus.ask(ours, "orchestrator, removed")
    assert next(iter(removed.values())) > 0
    assert prometheus.ask(ours, "orchestrator, left in") == pytest.approx(removed)
    if "rate" in theirs:
        assert prometheus.ask(theirs, "orchestrator, bare") == pytest.approx(removed)


def test_the_page_asks_what_the_systems_ask():
    assert (len(ASKED_OF_PROMETHEUS), len(INSTEAD)) == (14, 3)
