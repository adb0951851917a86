# SPDX-License-Identifier: Apache-2.0
"""What type checkers of applications see of us; mypy reads this under `make lint`, nobody runs it."""

from typing_extensions import assert_type

import otel_distro
import otel_distro.testing
from otel_distro import health, start
from otel_distro.lifecycle.runtime import Runtime
from otel_distro.testing import LogRecord, Metric, Receiver, Respond, Span, captured_lines, json_lines, started

assert_type(otel_distro.__version__, str)
assert_type(start(), Runtime)
assert_type(otel_distro.start(), Runtime)

with start() as runtime:
    assert_type(runtime, Runtime)
    assert_type(runtime.stands, bool)
    runtime.flush()
    runtime.close()

start(True)  # type: ignore[call-arg]  # environment variables are the only settings
runtime.unknown()  # type: ignore[attr-defined]


@health.check("cache", timeout_seconds=0.5, optional=True)
def cache_answers(host: str = "localhost") -> int:
    return len(host)


assert_type(cache_answers("127.0.0.1"), int)  # a check stays the function that it was
health.check(5)  # type: ignore[arg-type]


with Receiver(protocol="grpc") as receiver:
    assert_type(receiver.environment, dict[str, str])
    assert_type(receiver.spans("GET /"), list[Span])
    assert_type(receiver.wait_for(lambda found: found.logs(), timeout=1), list[LogRecord])
    receiver.fail_with(Respond(503), times=1)
    receiver.fail_with(503)  # type: ignore[arg-type]

Receiver(protocol="http")  # type: ignore[arg-type]  # `http/protobuf` is what it is called

with started({"OTEL_SERVICE_NAME": "shop"}) as telemetry, captured_lines() as lines:
    assert_type(telemetry.spans(), list[Span])
    assert_type(telemetry.metrics("http.server.request.duration"), list[Metric])
    assert_type(telemetry.lines("received", room="lobby"), list[otel_distro.testing.Line])
    assert_type(lines(), list[otel_distro.testing.Line])

assert_type(json_lines(b"{}"), list[otel_distro.testing.Line])
