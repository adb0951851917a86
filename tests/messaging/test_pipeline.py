# SPDX-License-Identifier: Apache-2.0
"""examples/pipeline with a real Kafka, PostgreSQL and Redis: chunks over a websocket, through four workers, to a room."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from pipeline.chunks import delivered, send
from pipeline.stack import WORKERS, Pipeline, running
from testbed.otlp_receiver import Span
from testbed.server import REPOSITORY, eventually

CHUNKS = 5
LISTED = REPOSITORY / "helm" / "observability" / "metrics" / "application.txt"


@pytest.fixture(scope="module")
def room() -> str:
    return f"room-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def pipeline(kafka: str, room: str) -> Iterator[Pipeline]:
    with running(kafka, {"OTEL_DISTRO_LOG_LEVEL": "DEBUG"}) as stack:
        send(stack, room, [*(f"chunk {number}" for number in range(CHUNKS)), "noise"])
        delivered(stack, room, CHUNKS)
        # Every process exports for itself: those that were first are not always the first to arrive.
        eventually(lambda: len(_messages(stack)) >= 12 * CHUNKS + 3, 60, "all spans of messages")
        eventually(lambda: stack.receiver.spans("HTTP /ws/audio/{room_code}"), 60, "the websocket's span")
        yield stack


def test_each_chunk_is_one_trace_from_the_websocket_to_the_room(pipeline: Pipeline) -> None:
    traces = defaultdict(Counter)
    for span in _messages(pipeline):
        traces[span.trace_id][span.name] += 1
    whole = Counter(
        {
            "send audio.raw": 1,
            "process audio.raw": 1,
            "send text.original": 1,
            "process text.original": 1,
            "send text.translated": 2,
            "process text.translated": 2,
            "send audio.translated": 2,
            "process audio.translated": 2,
        }
    )
    assert sum(spans == whole for spans in traces.values()) == CHUNKS
    failed = Counter({"send audio.raw": 1, "process audio.raw": 1, "send dead.letters": 1})
    assert [spans for spans in traces.values() if spans != whole] == [failed]


def test_what_a_websocket_sends_begins_a_trace_with_a_link_to_it(pipeline: Pipeline) -> None:
    (websocket,) = pipeline.receiver.spans("HTTP /ws/audio/{room_code}")
    roots = pipeline.receiver.spans("send audio.raw")
    assert [(span.parent_span_id, [link.span_id for link in span.links]) for span in roots] == [
        (None, [websocket.span_id])
    ] * (CHUNKS + 1)
    assert len({span.trace_id for span in roots} - {websocket.trace_id}) == CHUNKS + 1


def test_one_id_finds_a_chunks_lines_in_all_processes(pipeline: Pipeline) -> None:
    lines = pipeline.lines()
    for root in pipeline.receiver.spans("send audio.raw")[:CHUNKS]:
        mine = [line for line in lines if line.get("correlation_id") == root.trace_id]
        said = Counter((line["service"], line["message"]) for line in mine if line["level"] == "info")
        assert said == {
            ("stt", "transcribed"): 1,
            ("translate", "translated"): 1,
            ("tts", "spoken"): 2,
            ("egress", "delivered"): 2,
        }
        stages = Counter((line["message"], line["stage"]) for line in mine if line["logger"] == "otel_distro.pipeline")
        counts = {"stt": 1, "translate": 1, "tts": 2, "egress": 2}
        assert stages == {(f"stage {what}", name): n for name, n in counts.items() for what in ("entered", "left")}


def test_a_failure_is_told_once_with_its_traceback(pipeline: Pipeline) -> None:
    (line,) = [line for line in pipeline.lines() if "nothing but noise" in str(line.get("exception"))]
    assert (line["level"], line["service"], line["error"]) == ("error", "stt", "ValueError: nothing but noise")
    (dead,) = pipeline.receiver.spans("send dead.letters")
    assert (dead.trace_id, dead.status) == (line["correlation_id"], "UNSET")
    (failed,) = [span for span in pipeline.receiver.spans("process audio.raw") if span.status == "ERROR"]
    assert (failed.trace_id, failed.attributes["error.type"]) == (line["trace_id"], "ValueError")


def test_stages_and_end_to_end_are_measured(pipeline: Pipeline) -> None:
    pages = {name: pipeline.page(name) for name in WORKERS}
    stage = "pipeline_stage_duration_seconds_count"
    counts = {
        name: [s.value for s in page.samples(stage) if "error_type" not in s.labels] for name, page in pages.items()
    }
    assert counts == {"stt": [CHUNKS], "translate": [CHUNKS], "tts": [2 * CHUNKS], "egress": [2 * CHUNKS]}
    assert pages["stt"].value(stage, stage="stt", error_type="ValueError") == 1
    whole = pages["egress"].value("pipeline_end_to_end_duration_seconds_count")
    assert whole == 2 * CHUNKS
    bounds = {sample.labels["le"] for sample in pages["egress"].samples("pipeline_end_to_end_duration_seconds_bucket")}
    assert {"2.0", "60.0"} <= bounds
    assert pages["stt"].value("messaging_client_consumed_messages_total") == CHUNKS + 1
    assert pages["stt"].value("messaging_process_duration_seconds_count", error_type="ValueError") == 1
    sent = pipeline.page("gateway").value(
        "messaging_client_sent_messages_total", messaging_destination_name="audio.raw"
    )
    assert sent == CHUNKS + 1


def test_a_worker_that_was_killed_goes_on_where_it_was(pipeline: Pipeline) -> None:
    room = f"room-{uuid.uuid4().hex[:8]}"
    pipeline.processes["tts"].kill()
    send(pipeline, room, [f"late {number}" for number in range(CHUNKS)])
    pipeline.start_worker("tts")
    delivered(pipeline, room, CHUNKS)
    eventually(lambda: _lag(pipeline) == [0.0], 60, "no lag")
    assert [line for line in pipeline.lines() if "internal fault" in str(line["message"])] == []


def test_what_the_application_sends_once_more_is_told_as_another_processing_of_the_same_trace(
    pipeline: Pipeline,
) -> None:
    room = f"room-{uuid.uuid4().hex[:8]}"
    before = pipeline.page("egress").value("pipeline_end_to_end_duration_seconds_count")
    send(pipeline, room, [f"mumbled in {room}"])
    delivered(pipeline, room, 1)
    eventually(lambda: len(_failed(pipeline, "TimeoutError")) == 1, 60, "the failed processing")
    (failed,) = _failed(pipeline, "TimeoutError")
    trace = failed.trace_id
    eventually(
        lambda: len([span for span in _messages(pipeline) if span.trace_id == trace]) == 14, 60, "all of the trace"
    )
    names = Counter(span.name for span in _messages(pipeline) if span.trace_id == trace)
    assert (names["send audio.raw"], names["process audio.raw"], names["send dead.letters"]) == (2, 2, 0)
    (line,) = [line for line in pipeline.lines() if line.get("error") == "TimeoutError: the model has not answered"]
    assert (line["trace_id"], line["correlation_id"]) == (trace, trace)
    eventually(
        lambda: pipeline.page("egress").value("pipeline_end_to_end_duration_seconds_count") == before + 2, 60, "the end"
    )


def test_dashboard_and_alerts_ask_for_what_is_served(pipeline: Pipeline) -> None:
    """All of metrics/application.txt but `errors_total`, which is an application's own."""
    listed = dict(line.split(" ", 1) if " " in line else (line, "") for line in LISTED.read_text().splitlines())
    assert listed.pop("errors_total")
    served = {name: set() for name in listed}
    for worker in WORKERS:
        page = pipeline.page(worker)
        for name in listed:
            served[name] |= {tuple(sorted(sample.labels)) for sample in page.samples(name)}
    assert {name: tuple(sorted(labels.split())) for name, labels in listed.items()}.items() == {
        name: min(labels, key=len) for name, labels in served.items()
    }.items()


def _messages(pipeline: Pipeline) -> list[Span]:
    return [span for span in pipeline.receiver.spans() if span.kind in {"PRODUCER", "CONSUMER"}]


def _failed(pipeline: Pipeline, error: str) -> list[Span]:
    return [s for s in pipeline.receiver.spans("process audio.raw") if s.attributes.get("error.type") == error]


def _lag(pipeline: Pipeline) -> list[float]:
    return [sample.value for sample in pipeline.page("tts").samples("kafka_consumer_lag", topic="text.translated")]
