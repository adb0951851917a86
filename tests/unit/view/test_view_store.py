# SPDX-License-Identifier: Apache-2.0
"""The store is bounded, forgets fairly, and outlives whatever comes."""

import sqlite3
import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sent import logs, traces

from otel_distro.view.receive.decode import rows_of
from otel_distro.view.receive.door import Door
from otel_distro.view.store import store as store_module
from otel_distro.view.store.store import Store

SERVER = 2


def spans_of(count, service, first=0):
    return traces(
        *((n, n, 0, "GET /" + "x" * 200, SERVER, n, 1, {}) for n in range(first + 1, first + count + 1)),
        service=service,
    )


def test_a_span_that_comes_twice_is_kept_once(store):
    request = spans_of(3, "shop")
    store.send("traces", request, request)
    assert store.ask("overview")["spans"] == 3


def test_a_full_queue_drops_counts_and_does_not_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "QUEUE_BYTES", 1000)
    held, entered = threading.Event(), threading.Event()

    def hold(signal, message):
        entered.set()
        held.wait(10)
        return rows_of(signal, message)

    monkeypatch.setattr(store_module, "rows_of", hold)
    store = Store(tmp_path / "view.sqlite")
    request = spans_of(3, "shop")
    assert store.put("traces", request, 900)
    assert entered.wait(10)
    assert [store.put("traces", request, 900) for _ in range(3)] == [True, False, False]
    held.set()
    assert store.flush()
    assert (store.counts["dropped_requests"], store.counts["spans"]) == (2, 6)
    store.close()


def test_the_loudest_service_is_forgotten_first(tmp_path):
    store = Store(tmp_path / "view.sqlite", max_bytes=400_000)
    store.put("traces", spans_of(20, "quiet"), 1)
    for turn in range(300):  # the size is looked at every 256 batches
        store.put("traces", spans_of(20, "loud", 1000 + 20 * turn), 1)
    assert store.flush()
    reader = store.reader()
    kept = dict(reader.execute("SELECT service, count(*) FROM spans GROUP BY service").fetchall())
    reader.close()
    store.close()
    assert kept["quiet"] == 20
    assert 0 < kept["loud"] < 6000
    assert store.counts["forgotten"] == 6000 - kept["loud"] > 0


def test_a_damaged_store_costs_what_it_hits_and_the_thread_goes_on(tmp_path):
    store = Store(tmp_path / "view.sqlite")
    other = sqlite3.connect(tmp_path / "view.sqlite")
    other.execute("DROP TABLE logs")
    other.commit()
    store.put("logs", logs((1, 1, 9, "app", "lost", 0, {})), 1)
    store.put("traces", spans_of(2, "shop"), 1)
    assert store.flush()
    kept = other.execute("SELECT count(*) FROM spans").fetchone()[0]
    other.close()
    store.close()
    assert (kept, store.counts["failed_writes"]) == (2, 1)
    assert "no such table: logs" in store.error


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=64), st.text(max_size=40), st.integers(0, 2**64 - 1), st.integers(0, 2**31 - 1))
def test_whatever_stands_in_a_span_is_written_and_read(store, raw, text, number, kind):
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name=text, trace_id=raw, span_id=raw, kind=kind)
    span.start_time_unix_nano = span.end_time_unix_nano = number
    span.attributes.add(key=text).value.bytes_value = raw
    span.attributes.add(key="nested").value.array_value.values.add().kvlist_value.values.add(key=text)
    span.events.add(name=text, time_unix_nano=number)
    store.send("traces", request)
    (found,) = store.ask("trace", id=raw.hex())["spans"]  # one: the ids of another example may be the same
    assert found["span_id"] == raw.hex()
    assert store.counts["failed_writes"] == 0


def test_a_request_that_was_dropped_may_be_sent_again(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "QUEUE_BYTES", 0)
    held, entered = threading.Event(), threading.Event()

    def hold(signal, message):
        entered.set()
        held.wait(60)
        return rows_of(signal, message)

    monkeypatch.setattr(store_module, "rows_of", hold)
    store = Store(tmp_path / "view.sqlite")
    door, headers = Door(store), {"content-type": "application/x-protobuf"}
    bodies = [spans_of(1, "shop", first).SerializeToString() for first in range(3)]
    door.take("traces", bodies[0], headers)
    assert entered.wait(60)
    for body in bodies[1:]:  # one waits, one has no room
        door.take("traces", body, headers)
    held.set()
    assert store.flush()
    for body in bodies:
        door.take("traces", body, headers)
        assert store.flush()
    store.close()
    assert {name: store.counts[name] for name in ("spans", "dropped_requests", "repeated_requests")} == {
        "spans": 3,
        "dropped_requests": 1,
        "repeated_requests": 2,
    }
