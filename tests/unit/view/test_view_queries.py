# SPDX-License-Identifier: Apache-2.0
"""What was sent is what is answered."""

import json

import pytest
from sent import NOW, logs, traces

from otel_distro.view.receive.decode import parse, rows_of
from otel_distro.view.receive.open_file import batches

SERVER, CLIENT, INTERNAL = 2, 3, 1


def test_routes_have_exact_percentiles_and_failing_ones_come_first(store):
    fast = [(n, n, 0, "GET /fast", SERVER, n, n, {"http.response.status_code": 200}) for n in range(1, 101)]
    failing = [(1000, 1000, 0, "GET /failing", SERVER, 0, 5, {"http.response.status_code": 503})]
    store.send("traces", traces(*fast, *failing))
    first, second = store.ask("routes")
    assert (first["route"], first["count"], first["errors"]) == ("GET /failing", 1, 1)
    assert (second["route"], second["count"], second["errors"]) == ("GET /fast", 100, 0)
    assert [second[name] for name in ("p50", "p95", "p99", "max")] == [50, 95, 99, 100]


def test_requests_are_found_by_route_order_failure_and_duration(store):
    store.send(
        "traces",
        traces(
            (1, 1, 0, "GET /a", SERVER, 0, 10, {}),
            (2, 2, 0, "GET /a", SERVER, 5, 30, {}),
            (3, 3, 0, "GET /a", SERVER, 9, 20, {"http.response.status_code": 500}),
            (3, 4, 3, "SELECT", CLIENT, 9, 1, {}),
        ),
    )
    ids = [int(item["trace_id"], 16) for item in store.ask("requests", route="GET /a")]
    assert ids == [3, 2, 1]
    assert [int(item["trace_id"], 16) for item in store.ask("requests", order="slow", limit=2)] == [2, 3]
    assert [int(item["trace_id"], 16) for item in store.ask("requests", failed=1)] == [3]
    assert [int(item["trace_id"], 16) for item in store.ask("requests", min_ms=15, order="new")] == [3, 2]
    with pytest.raises(ValueError, match="order='fun': expected failed, slow or new"):
        store.ask("requests", order="fun")
    with pytest.raises(ValueError, match="min_ms='x': expected a number"):
        store.ask("requests", min_ms="x")


def test_a_trace_is_a_tree_across_services_with_its_lines(store):
    store.send("traces", traces((7, 3, 2, "POST /generate", SERVER, 4, 10, {}), service="inference"))
    store.send("traces", traces((7, 2, 1, "POST", CLIENT, 2, 14, {}), (7, 1, 0, "POST /rooms", SERVER, 0, 20, {})))
    store.send("logs", logs((7, 1, 9, "chat", "received", 1, {"room": "lobby"}), (7, 3, 17, "model", "odd", 6, {})))
    found = store.ask("trace", id=f"{7:032x}")
    assert [(span["name"], span["depth"]) for span in found["spans"]] == [
        ("POST /rooms", 0),
        ("POST", 1),
        ("POST /generate", 2),
    ]
    assert [line["body"] for line in found["logs"]] == ["received", "odd"]
    assert (found["services"], found["duration_ms"], found["complete"]) == (["inference", "shop"], 20, True)
    assert store.ask("trace")["trace_id"] == f"{7:032x}"


def test_a_circle_of_parents_and_a_parent_that_never_came_are_shown(store):
    circle = [
        (8, 1, 2, "a", INTERNAL, 0, 1, {}),
        (8, 2, 1, "b", INTERNAL, 0, 1, {}),
        (8, 3, 99, "c", INTERNAL, 0, 1, {}),
    ]
    store.send("traces", traces(*circle))
    assert sorted(span["name"] for span in store.ask("trace", id=f"{8:032x}")["spans"]) == ["a", "b", "c"]


def test_repeated_queries_are_a_run_and_a_finding(store):
    queries = [(9, 10 + n, 1, "SELECT", CLIENT, n, 1, {"db.query.text": "SELECT 1"}) for n in range(12)]
    store.send("traces", traces((9, 1, 0, "GET /n", SERVER, 0, 20, {}), *queries))
    (run,) = store.ask("trace", id=f"{9:032x}")["runs"]
    assert (run["name"], run["count"], run["query"], run["total_ms"]) == ("SELECT", 12, True, 12)
    (finding,) = store.ask("findings")
    assert (finding["kind"], finding["count"], finding["trace_id"]) == ("N+1 queries", 12, f"{9:032x}")


def test_each_finding_is_found(store):
    store.send("traces", traces((1, 1, 5, "GET /", SERVER, 0, 1, {"http.method": "GET"})))
    store.send("logs", logs((1, 1, 9, "app", "in", 0, {}), (0, 0, 9, "app", "out", 1, {"password": "[REDACTED]"})))
    assert [finding["kind"] for finding in store.ask("findings")] == [
        "missing parent",
        "no trace_id",
        "deprecated",
        "redacted",
    ]


def test_lines_of_two_services_stand_by_their_time_and_the_last_that_came_has_the_highest_number(store):
    store.send("logs", logs((0, 0, 9, "app", "second", 20, {}), (0, 0, 9, "app", "fourth", 40, {})))
    store.send("logs", logs((0, 0, 9, "app", "first", 10, {}), (0, 0, 9, "app", "third", 30, {}), service="late"))
    found = store.ask("logs")
    assert [line["body"] for line in found] == ["first", "second", "third", "fourth"]
    assert [line["seq"] for line in found] == [3, 1, 4, 2]
    assert [line["body"] for line in store.ask("logs", after="2")] == ["first", "third"]


def test_lines_are_found_by_words_fields_level_logger_and_trace(store):
    store.send(
        "logs",
        logs(
            (1, 1, 9, "app", "100% done", 0, {"room": "lobby", "n": 3}),
            (0, 0, 13, "app", "100 percent", 1, {"room": "attic"}),
            (0, 0, 17, "db", "gone", 2, {"host": "db_1"}),
        ),
    )
    ask = lambda **parameters: [line["body"] for line in store.ask("logs", **parameters)]  # noqa: E731
    assert ask() == ["100% done", "100 percent", "gone"]
    assert ask(q="100%") == ["100% done"]
    assert ask(q="db_1") == ["gone"]
    assert ask(q="room=attic") == ["100 percent"]
    assert ask(q="n=3 done") == ["100% done"]
    assert ask(level="warning") == ["100 percent", "gone"]
    assert ask(logger="db") == ["gone"]
    assert ask(trace_id=f"{1:032x}") == ["100% done"]
    assert ask(limit=1) == ["gone"]
    assert ask(after=2) == ["gone"]
    with pytest.raises(ValueError, match="level='loud': expected one of trace"):
        store.ask("logs", level="loud")


def test_what_has_said_something_and_not_ended_is_in_flight(store, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: NOW + 5_000 * 10**6)
    store.send("logs", logs((1, 1, 9, "app", "begun", 0, {}), (2, 2, 9, "app", "ended", 0, {})))
    store.send("traces", traces((2, 2, 0, "GET /", SERVER, 0, 1, {})))
    (running,) = store.ask("in-flight")
    assert (int(running["trace_id"], 16), running["first_line"], running["running_ms"]) == (1, "begun", 5000)


def test_before_and_after_a_moment_are_compared(store):
    store.send("traces", traces((1, 1, 0, "GET /", SERVER, 0, 10, {}), (2, 2, 0, "GET /", SERVER, 100, 30, {})))
    (row,) = store.ask("compare", at=NOW / 1e6 + 50)["routes"]
    assert (row["before"]["p50"], row["after"]["p50"]) == (10, 30)


def test_a_trace_is_exported_and_opened_again(store, tmp_path):
    store.send("traces", traces((7, 1, 0, "GET /", SERVER, 0, 20, {"n": 1, "ok": True, "f": 0.5, "s": "x"})))
    store.send("logs", logs((7, 1, 9, "app", "line", 1, {"k": "v"})))
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(store.ask("export", id=f"{7:032x}")))
    rows = [rows_of(signal, message) for signal, message in batches(path)]
    assert [len(batch.spans) + len(batch.logs) for batch in rows] == [1, 1]
    ((span,), (line,)) = rows[0].spans, rows[1].logs
    assert (span.trace_id, span.name, span.service) == (f"{7:032x}", "GET /", "shop")
    assert json.loads(span.attributes) == {"n": 1, "ok": True, "f": 0.5, "s": "x"}
    assert (line.body, line.logger, line.level) == ("line", "app", "info")


def test_json_and_protobuf_are_the_same_rows():
    request = traces((7, 1, 3, "GET /", SERVER, 0, 20, {"n": 1}))
    document = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        {"key": "service.name", "value": {"stringValue": "shop"}},
                        {"key": "service.instance.id", "value": {"stringValue": "shop-1"}},
                    ]
                },
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": f"{7:032x}",
                                "spanId": f"{1:016x}",
                                "parentSpanId": f"{3:016x}",
                                "name": "GET /",
                                "kind": 2,
                                "startTimeUnixNano": str(NOW),
                                "endTimeUnixNano": str(NOW + 20 * 10**6),
                                "attributes": [{"key": "n", "value": {"intValue": "1"}}],
                                "aFieldOfTomorrow": 1,
                            }
                        ]
                    }
                ],
            }
        ]
    }
    binary = rows_of("traces", parse("traces", request.SerializeToString()))
    assert rows_of("traces", parse("traces", json.dumps(document).encode(), json=True)) == binary
    assert len(binary.spans) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"[]",
        b"{",
        b'{"resourceSpans": 3}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
    ],
)
@pytest.mark.parametrize("json_body", [True, False])
def test_what_is_no_request_is_refused_with_a_reason(body, json_body):
    with pytest.raises(ValueError, match=r"."):
        parse("traces", body, json=json_body)
