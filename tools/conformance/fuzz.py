# SPDX-License-Identifier: Apache-2.0
"""`python -m conformance.fuzz [COUNT]`: random spans through our encoder and upstream's; stops at the first difference."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from time import monotonic

from hypothesis import HealthCheck, given, settings
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from support.otlp_strategies import readable_spans

from otel_distro.otlp.encode_span import encode_span
from otel_distro.otlp.request import build_request


def main(count: int) -> None:
    logging.disable(logging.WARNING)  # the SDK reports every attribute that a limit costs
    seen = 0

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(span=readable_spans)
    def compare(span: ReadableSpan) -> None:
        nonlocal seen
        seen += 1
        ours = build_request([(span.resource, span.instrumentation_scope, encode_span(span))])
        decoded = ExportTraceServiceRequest.FromString(ours)
        theirs = encode_spans([span])
        assert decoded.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)

    start = monotonic()
    compare()
    print(f"{seen} spans in {monotonic() - start:.0f} s, all equal after decoding")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
