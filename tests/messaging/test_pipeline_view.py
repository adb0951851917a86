# SPDX-License-Identifier: Apache-2.0
"""examples/pipeline under `otel-distro run --view`: the viewer has what the collector has, and counts what /metrics count."""

import uuid

from pipeline.chunks import delivered, send
from pipeline.stack import WORKERS, running
from support.viewed import VIEW, cells_count, viewer_of_its_own
from testbed.server import eventually

CHUNKS = 6
PROCESSED = "messaging_process_duration_seconds"


def test_the_viewer_sees_each_chunk_in_all_five_services_and_counts_it_as_their_pages_do(kafka):
    room = f"room-{uuid.uuid4().hex[:8]}"
    with viewer_of_its_own() as viewer, running(kafka, viewer.environment, VIEW) as pipeline:
        send(pipeline, room, [f"chunk {number}" for number in range(CHUNKS)])
        delivered(pipeline, room, CHUNKS)
        eventually(lambda: len(pipeline.receiver.spans("process audio.translated")) == 2 * CHUNKS, 60, "the last stage")
        pages = {name: pipeline.page(name).value(f"{PROCESSED}_count") for name in WORKERS}
        asked = {
            name: viewer.wait_for(
                f"metric?name={PROCESSED}&service={name}&minutes=60",
                lambda found, name=name: cells_count(found) >= pages[name],
            )
            for name in WORKERS
        }
        registered = {service["name"] for service in viewer.ask("status")["services"]}
        for process in pipeline.processes.values():
            process.stop(timeout=60)
        sent = {(span.trace_id, span.span_id) for span in pipeline.receiver.spans()}
        viewer.wait_for("overview", lambda found: found["spans"] >= len(sent))
        (first,) = {span.trace_id for span in pipeline.receiver.spans("send audio.raw")[:1]}
        trace = viewer.ask(f"trace?id={first}")
        kept = viewer.ask("overview")["spans"]
    assert {name: cells_count(found) for name, found in asked.items()} == pages
    assert pages == {"stt": CHUNKS, "translate": CHUNKS, "tts": 2 * CHUNKS, "egress": 2 * CHUNKS}
    assert kept == len(sent) >= 12 * CHUNKS + 1
    assert registered == set(trace["services"]) == {"gateway", *WORKERS}
    assert (len(trace["spans"]), trace["complete"]) == (12, True)
