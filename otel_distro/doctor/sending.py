# SPDX-License-Identifier: Apache-2.0
"""Send one record of each signal as the service would, and read what is answered."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from otel_distro.doctor.address import STEP_SECONDS, Way, explain
from otel_distro.doctor.findings import Finding, note, ok, problem, warning
from otel_distro.doctor.sample import Sample
from otel_distro.otlp.response import Reply
from otel_distro.otlp.transport import Transport
from otel_distro.settings.model import OtlpSettings
from otel_distro.settings.reading import Reading

SKEW_SECONDS = 60.0
ANSWER_SECONDS = 3.0  # what has not answered one record by then is what is wrong
_SERVICES = {"traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService", "logs": "logs.v1.LogsService"}
_BY_GRPC = {
    "UNAUTHENTICATED": "OD301",
    "PERMISSION_DENIED": "OD301",
    "UNIMPLEMENTED": "OD302",
    "RESOURCE_EXHAUSTED": "OD305",
}


def sent(reading: Reading, sample: Sample) -> Iterator[Finding]:
    """Yield what becomes of each signal, all sent at once; the way to one collector is explained once."""
    ways = {signal: way for signal, _, way in _signals(reading) if way is not None}
    with ThreadPoolExecutor(len(ways) or 1) as pool:
        answers = dict(zip(ways, pool.map(lambda item: _send(item[0], item[1], sample), ways.items()), strict=True))
        unclear = {_whereto(ways[signal]): ways[signal] for signal, (_, failed) in answers.items() if failed}
        reasons = dict(zip(unclear, pool.map(lambda way: list(explain(way)), unclear.values()), strict=True))
    for signal, exporters, way in _signals(reading):
        if way is None:
            yield _stays(signal, exporters)
            continue
        findings, failed = answers[signal]
        yield from findings
        yield from reasons.pop(_whereto(way), ()) if failed else ()


def _whereto(way: Way) -> tuple[str, str, int]:
    return way.otlp.protocol, way.host, way.port


def _signals(reading: Reading) -> Iterator[tuple[str, tuple[str, ...], Way | None]]:
    """Yield each signal, its exporters, and where it is sent to; None for one that is not sent."""
    settings = reading.settings
    for signal, group in (("traces", settings.traces), ("metrics", settings.metrics), ("logs", settings.logs)):
        leaves = any(name.startswith("otlp") for name in group.exporters)
        patient = replace(group.otlp, timeout_seconds=min(ANSWER_SECONDS, group.otlp.timeout_seconds))
        yield signal, group.exporters, Way(patient, _variable(reading, signal)) if leaves else None


def _variable(reading: Reading, signal: str) -> str:
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    return reading.sources.get(own, "OTEL_EXPORTER_OTLP_ENDPOINT")


def _stays(signal: str, exporters: tuple[str, ...]) -> Finding:
    if signal == "metrics" and "prometheus" in exporters:
        return note("metrics", "are scraped from the admin port, and not sent")
    if signal == "logs":
        return note("logs", "go to stdout, one JSON line each, and not by OTLP: the Collector reads them there")
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    said = f"leave nowhere: {variable}={','.join(exporters) or 'none'}"
    return warning("OD107", signal, said, variable=variable)


def _send(signal: str, way: Way, sample: Sample) -> tuple[list[Finding], bool]:
    """Return what was answered, and whether the way has to be explained."""
    began = time.monotonic()
    body = sample.request(signal)
    try:
        found = _by_grpc(signal, way, body) if way.otlp.protocol == "grpc" else _by_http(signal, way, body)
    except TimeoutError:
        said = f"cannot be sent to {way.otlp.address}: the connection stands, and nothing is answered"
        return [problem("OD200", signal, said)], True
    except Exception as error:  # noqa: BLE001 - anything may come of a wrong address: this is what is to be told
        return [problem("OD200", signal, f"cannot be sent to {way.otlp.address}: {error}")], True
    took = f"{(time.monotonic() - began) * 1000:.0f} ms"
    findings = [found or ok(signal, f"{way.otlp.address} has taken one record in {took}")]
    if found is None and way.otlp.protocol != "grpc" and not way.secure:
        findings += _skew(way)
    return findings, found is not None and found.code in {"OD200", "OD308"}


def _by_http(signal: str, way: Way, body: bytes) -> Finding | None:
    transport = Transport(way.otlp)
    try:
        reply = transport.post(transport.encode_body(body))
    finally:
        transport.close()
    return judge(signal, way, reply)


def judge(signal: str, way: Way, reply: Reply) -> Finding | None:
    """Return what is wrong with an answer; None if everything was taken."""
    refused, why = reply.rejected() if reply.accepted else (0, "")
    words = {"variable": way.variable, "endpoint": way.otlp.address}
    if reply.accepted and not refused:
        return None
    if reply.accepted:
        return problem("OD303", signal, f"taken, but {refused} of 1 refused: {why or 'no reason'}", **words)
    said = f"{way.otlp.address} answers {reply.explanation()}"
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return problem("OD301", signal, f"{said}; {_headers(way.otlp)}", **words)
    return problem(_code(reply.status), signal, said, **words)


def _code(status: int) -> str:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "OD304"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "OD305"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "OD306"
    return "OD302" if status == HTTPStatus.NOT_FOUND else "OD308"


def _headers(otlp: OtlpSettings) -> str:
    """Tell which headers were sent: of an authorization its scheme, of the others their names."""
    if not otlp.headers:
        return "no header was sent"
    shown = [
        f"{name}: {value.partition(' ')[0]} ***" if name == "authorization" and " " in value else f"{name}: ***"
        for name, value in otlp.headers.items()
    ]
    return "sent were " + ", ".join(shown)


def _skew(way: Way) -> Iterator[Finding]:
    """Compare the clocks, where the answer has a date."""
    with suppress(OSError, http.client.HTTPException, ValueError, TypeError):
        connection = http.client.HTTPConnection(way.host, way.port, timeout=STEP_SECONDS)
        connection.request("GET", "/")
        date = connection.getresponse().getheader("Date")
        connection.close()
        seconds = time.time() - parsedate_to_datetime(date or "").timestamp()
        if abs(seconds) > SKEW_SECONDS:
            yield problem("OD307", "clock", f"this machine is {seconds:+.0f} s from {way.host}")


def _by_grpc(signal: str, way: Way, body: bytes) -> Finding | None:
    import grpc  # type: ignore[import-untyped,unused-ignore]  # it has no types of its own

    target, method = (
        way.otlp.endpoint.partition("://")[2] or way.otlp.endpoint,
        f"/opentelemetry.proto.collector.{_SERVICES[signal]}/Export",
    )
    credentials = None
    if way.secure:
        authority = open(way.otlp.certificate, "rb").read() if way.otlp.certificate else None  # noqa: PTH123, SIM115
        credentials = grpc.ssl_channel_credentials(authority)
    channel = grpc.secure_channel(target, credentials) if credentials else grpc.insecure_channel(target)
    with channel:
        call = channel.unary_unary(method)
        try:
            answer = call(body, timeout=way.otlp.timeout_seconds, metadata=list(way.otlp.headers.items()))
        except grpc.RpcError as error:
            return _refused(signal, way, error)
    reply = Reply(200, "OK", "application/x-protobuf", answer, None, None)
    return judge(signal, way, reply)


def _refused(signal: str, way: Way, error: object) -> Finding:
    status, details = error.code().name, error.details()  # type: ignore[attr-defined]  # of grpc.Call
    code, said = _BY_GRPC.get(status, "OD200"), f"{way.otlp.address} answers {status}: {details}"
    return problem(code, signal, said, variable=way.variable, endpoint=way.otlp.address)
