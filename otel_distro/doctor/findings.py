# SPDX-License-Identifier: Apache-2.0
"""What the doctor can find: stable codes, each with the sentence that names the repair (docs/doctor.md has a heading for each)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Mark = Literal["ok", "note", "warning", "problem"]

REPAIRS: Mapping[str, str] = {
    # The environment.
    "OD101": "correct the variable; `otel-distro env` shows what each does",
    "OD102": "uninstall the one that is not meant, or choose by OTEL_PYTHON_DISTRO and OTEL_PYTHON_CONFIGURATOR",
    "OD103": "install packages of one release: pip install --upgrade {packages}",
    "OD104": "have only one of them set the providers; otel-distro takes those that it finds and says what is lost",
    "OD105": "unset OTEL_SDK_DISABLED",
    "OD106": "set OTEL_SERVICE_NAME",
    "OD107": "set {variable} to otlp if this signal shall leave",
    "OD109": "uninstall it unless you know who makes it",
    "OD110": "OTEL_TRACES_SAMPLER=parentbased_always_on records everything; at an edge OTEL_DISTRO_TRUST_INCOMING=ids lets no caller decide",
    # The way to the collector.
    "OD200": "the reason follows, if it can be seen from here",
    "OD201": "correct the host in {variable}; inside a cluster it is <service>.<namespace>",
    "OD202": "start the collector, or set {variable} to where it listens",
    "OD203": "inside a container localhost is the container: set {variable} to the collector's name, and have its receiver listen on 0.0.0.0",
    "OD204": "a firewall, a NetworkPolicy or a wrong address: nothing comes back from there",
    "OD205": "have the collector listen on both, or name the address that answers in {variable}",
    "OD206": "set OTEL_EXPORTER_OTLP_CERTIFICATE to the authority that signed it, or correct the name in {variable}",
    "OD207": "it speaks no TLS: begin {variable} with http://",
    "OD208": "it speaks TLS: begin {variable} with https://",
    "OD209": "it speaks gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or the port of HTTP (4318)",
    "OD210": "it speaks HTTP: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or the port of gRPC (4317)",
    "OD211": "set NO_PROXY={host} if the collector is inside, or correct the proxy",
    # What is answered.
    "OD301": "correct OTEL_EXPORTER_OTLP_HEADERS (key=value pairs, a space as %20)",
    "OD302": "correct the path: {variable} is {endpoint}; a collector receives at /v1/traces, /v1/metrics and /v1/logs",
    "OD303": "the store refuses what the collector takes: read its reason, and its limits",
    "OD304": "send less, or raise the limit: OTEL_BSP_MAX_EXPORT_BATCH_SIZE, sampling",
    "OD305": "it is busy or broken; what is sent meanwhile is tried again until the queue is full",
    "OD306": "name the last address itself in {variable}: redirections are not followed",
    "OD307": "set the clock of one of the two machines: stores refuse what is too old or in the future",
    "OD308": "what answers is no collector: correct {variable}",
    # The admin port.
    "OD401": "start the service, or name its port by --service HOST:PORT",
    "OD402": "give this service a port of its own by OTEL_EXPORTER_PROMETHEUS_PORT",
    "OD403": "run the doctor with the service's OTEL_DISTRO_ADMIN_TOKEN_FILE, and give it to Prometheus (authorization.credentials_file)",
    "OD404": "set OTEL_EXPORTER_PROMETHEUS_HOST=0.0.0.0: outside the container nobody reaches its loopback",
    "OD405": "an event loop does not turn: look for blocking calls (docs/runbooks/event-loop-blocked.md)",
    "OD406": "add it to scrape_configs, or give the ServiceMonitor the labels that Prometheus selects",
    "OD407": "correct what Prometheus says",
    # The running service.
    "OD501": "raise OTEL_BSP_MAX_QUEUE_SIZE, sample, or find out why the collector is slow",
    "OD502": "look at its lines of the logger otel_distro: they say what the collector answers",
    "OD503": "report it, with the line `internal fault in …` of the logger otel_distro",
    "OD504": "an attribute has too many values: leave it out of the metric (otel_distro_metric_overflows_total says which)",
    # Reading back.
    "OD601": "look at the pipeline between the collector and {store}: what was sent was accepted and cannot be found",
    "OD602": "correct the URL, or whom {store} lets in",
    # The given command.
    "OD701": "launch it with opentelemetry-instrument or otel-distro run, also behind a shell script or an entry point",
    "OD702": "read what it printed last",
    "OD703": "telemetry does not reach it: it was started with another interpreter, `-I`, or an environment of its own",
    "OD901": "report it: the doctor itself has failed",
}


class Finding(NamedTuple):
    """One thing that was found.

    Attributes:
        mark: ok, note, warning or problem.
        subject: What it is about.
        said: What was found, with the evidence.
        code: Stable, for problems and warnings; empty otherwise.
        repair: What to do, in one sentence.
    """

    mark: Mark
    subject: str
    said: str
    code: str = ""
    repair: str = ""


def ok(subject: str, said: str) -> Finding:
    """Return that something works."""
    return Finding("ok", subject, said)


def note(subject: str, said: str) -> Finding:
    """Return something that is worth knowing."""
    return Finding("note", subject, said)


def problem(code: str, subject: str, said: str, **words: Any) -> Finding:
    """Return what is wrong, with the repair of its code."""
    return Finding("problem", subject, said, code, REPAIRS[code].format(**words))


def warning(code: str, subject: str, said: str, **words: Any) -> Finding:
    """Return what may be wrong."""
    return problem(code, subject, said, **words)._replace(mark="warning")
