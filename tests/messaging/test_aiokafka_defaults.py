# SPDX-License-Identifier: Apache-2.0
"""Two processes and a real Kafka, with our defaults: one trace and one id on both sides, by no line of code."""

from support.fleet import APPS
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import json_objects, run
from testbed.services import LAUNCHER

APPLICATIONS = APPS / "messaging"


def test_a_message_has_one_trace_and_one_id_in_both_processes(kafka, topic, receiver: OtlpReceiver) -> None:
    sent = launched(receiver, "producing", kafka, topic, "one", "two", "three")
    received = launched(receiver, "consuming", kafka, topic, "workers", "3")
    assert (sent.stdout, received.stdout) == ("", "")
    assert [line for line in json_objects(sent.stderr.splitlines()) if not line["logger"].startswith("aiokafka")] == []

    sends = {span.attributes["messaging.kafka.offset"]: span for span in receiver.spans(f"send {topic}")}
    handled = {span.attributes["messaging.kafka.offset"]: span for span in receiver.spans(f"process {topic}")}
    assert len(sends) == len(handled) == 3
    assert len({span.trace_id for span in sends.values()}) == 3
    for offset, span in handled.items():
        assert (span.kind, span.trace_id, span.parent_span_id) == (
            "CONSUMER",
            sends[offset].trace_id,
            sends[offset].span_id,
        )
        assert [(link.trace_id, link.span_id) for link in span.links] == [(span.trace_id, sends[offset].span_id)]

    lines = [line for line in json_objects(received.stderr.splitlines()) if line["logger"] == "worker"]
    by_offset = dict(enumerate(["one", "two", "three"]))
    said = [(line["message"], line.get("text"), line.get("trace_id"), line.get("correlation_id")) for line in lines]
    expected = [
        (message, by_offset[offset], handled[offset].trace_id, handled[offset].trace_id)
        for offset in by_offset
        for message in ("handled", "in a task")
    ]
    assert said == [*expected, ("stopped", None, None, None)]


def launched(receiver: OtlpReceiver, application: str, *arguments: str):
    """Run an application under the launcher to its end."""
    environment = {"OTEL_SERVICE_NAME": application, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    done = run([LAUNCHER, "python", f"{application}.py", *arguments], environment, APPLICATIONS, timeout=60)
    assert done.returncode == 0, done.stderr
    return done
