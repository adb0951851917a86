# SPDX-License-Identifier: Apache-2.0
"""Our bytes and upstream's encoder say the same of any log record."""

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from testbed.otlp_strategies import attributes, bounded_attributes, contexts, resources, scopes, uint64, values

from otel_distro.otlp.encode_log import encode_log
from otel_distro.otlp.request import build_request

ANY_TIME = settings(deadline=None, max_examples=60)


def decoded(resource, scope, record):
    return ExportLogsServiceRequest.FromString(build_request([(resource, scope, record)]))


def only_record(record):
    return decoded(Resource({}), None, record).resource_logs[0].scope_logs[0].log_records[0]


@ANY_TIME
@given(
    body=values,
    timestamp=uint64,
    observed=uint64,
    severity=st.sampled_from(SeverityNumber),
    text=st.text(max_size=20),
    found=bounded_attributes,
    context=st.one_of(st.none(), contexts),
    event_name=st.text(max_size=20),
    resource=resources,
    scope=scopes,
)
def test_any_record_decodes_to_what_upstream_sends(  # noqa: PLR0917 - hypothesis fills them
    body, timestamp, observed, severity, text, found, context, event_name, resource, scope
):
    span = trace.NonRecordingSpan(context) if context is not None else trace.INVALID_SPAN
    record = LogRecord(
        timestamp=timestamp,
        observed_timestamp=observed,
        context=trace.set_span_in_context(span),
        severity_number=severity,
        severity_text=text,
        body=body,
        attributes=dict(found),
        event_name=event_name,
    )
    theirs = encode_logs([ReadableLogRecord(record, resource, scope)])
    ours = decoded(
        resource,
        scope,
        encode_log(
            body,
            timestamp=timestamp,
            observed_timestamp=observed,
            severity_number=severity.value,
            severity_text=text,
            attributes=dict(found),
            span_context=context,
            event_name=event_name,
        ),
    )
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


def test_a_record_outside_of_a_span_has_no_ids():
    record = only_record(encode_log("hello", timestamp=5, severity_number=9, severity_text="INFO"))
    assert (record.trace_id, record.span_id, record.flags) == (b"", b"", 0)
    assert (record.body.string_value, record.time_unix_nano, record.observed_time_unix_nano) == ("hello", 5, 5)


@ANY_TIME
@given(found=attributes)
def test_attributes_of_objects_are_sent_as_their_text(found):
    class Money:
        def __str__(self):
            return "3 EUR"

    record = only_record(encode_log(Money(), timestamp=1, attributes={**found, "price": Money()}))
    assert record.body.string_value == "3 EUR"
    assert {pair.key: pair.value for pair in record.attributes}["price"].string_value == "3 EUR"
