# SPDX-License-Identifier: Apache-2.0
"""Nothing wrong stays unsaid: what was expected and what is used instead, for each way to get a variable wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_distro.settings.environ import prepare_upstream, read
from otel_distro.settings.model import SDK_VARIABLES, Settings, declared
from otel_distro.settings.reading import Reading

E = "OTEL_EXPORTER_OTLP_ENDPOINT"
NAMES = sorted({n for v in (*declared(Settings), *SDK_VARIABLES) for n in (v.name, *v.older)})


def complaints(**environ: str) -> list[str]:
    return list(read(environ).complaints)


def found(environ: dict[str, str]) -> Reading:
    return read(environ)


def for_upstream(environ: dict[str, str]) -> dict[str, str]:
    prepare_upstream(found(environ), environ)
    return environ


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "using 2048"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "using 2048"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "9" * 30, "using 2048"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "using 5000"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000", "using 10"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", "using 60000"),
        ("OTEL_DISTRO_ADMIN", "maybe", "using true"),
        ("OTEL_DISTRO_LOG_LEVEL", "VERBOSE", "using INFO"),
        ("OTEL_SDK_DISABLED", "enabled", "using false"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "tcp://10.0.0.1:9464", "using 9464"),
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "0.0.0.0:9464", "using 127.0.0.1"),
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "http://0.0.0.0", "using 127.0.0.1"),
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "a..b", "using 127.0.0.1"),
        ("OTEL_DISTRO_CORRELATION_HEADERS", "x id", "using x-trace-id,x-request-id,x-correlation-id"),
        ("OTEL_DISTRO_CORRELATION_HEADERS", "Content-Length,x-id", "using x-id"),
        ("OTEL_DISTRO_CORRELATION_HEADERS", "x-ü,cookie,x-id", "using x-id"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "using http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api key=1", "it is ignored"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "using parentbased_always_on"),
        ("OTEL_PYTHON_ID_GENERATOR", "xray", "using random"),
        ("OTEL_PROPAGATORS", "b3", "using tracecontext,baggage"),
        ("OTEL_PROPAGATORS", "b3,baggage", "using baggage"),
        ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "process,ec2", "using process"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "xyz,database", "using database"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=a,b", "using team=a"),
        ("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", "*,x-a", "using x-a"),
        ("OTEL_PYTHON_TRACER_CONFIGURATOR", "mine", "it is ignored"),
        (E, "http://$COLLECTOR:4318", "using http://localhost:4318"),
        (E, "collector:4318", "using http://localhost:4318"),
        (E, "http://collector:4318/v1/traces", "using http://collector:4318"),
    ],
)
def test_a_wrong_value_is_said_with_what_is_used_instead(name: str, value: str, instead: str) -> None:
    (complaint,) = complaints(**{name: value})
    assert complaint.startswith(f"{name}=")
    assert ": expected " in complaint
    assert f"; {instead}" in complaint


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPONT", E),
        ("OTEL_EXPORTER_OLTP_ENDPOINT", E),
        ("OTEL_EXPORTER_ENDPOINT", E),
        ("OTEL_OTLP_EXPORTER_ENDPOINT", E),
        ("otel_exporter_otlp_endpoint", E),
        ("OTEL_SERVICENAME", "OTEL_SERVICE_NAME"),
        ("OTEL_SERVICE_NAMES", "OTEL_SERVICE_NAME"),
        ("OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"),
        ("OTEL_EXPORTER_OTLP_TRACE_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ("OTEL_EXPORTER_OTLP_HEADER", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("OTEL_RESOURCE_ATTRIBUTE", "OTEL_RESOURCE_ATTRIBUTES"),
        ("OTEL_TRACES_SAMPLER_ARGS", "OTEL_TRACES_SAMPLER_ARG"),
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATION", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"),
        ("OTEL_SDK_DISABLE", "OTEL_SDK_DISABLED"),
        ("OTEL_PROPAGATOR", "OTEL_PROPAGATORS"),
        ("OTL_SERVICE_NAME", "OTEL_SERVICE_NAME"),
        ("OTEL_DISTRO_LOG_LEVL", "OTEL_DISTRO_LOG_LEVEL"),
        ("OTEL_DISTRO_LOGLEVEL", "OTEL_DISTRO_LOG_LEVEL"),
        ("OTEL_DISTRO_ADMIN_TLS_CERT", "OTEL_DISTRO_ADMIN_TLS_CERTIFICATE"),
    ],
)
def test_a_mistyped_name_is_said_with_the_one_that_is_meant(wrong: str, meant: str) -> None:
    (complaint,) = complaints(**{wrong: "hunter2"})
    assert complaint.startswith(f"{wrong}: no variable has this name")
    assert complaint.endswith(f"did you mean {meant}?")
    assert "hunter2" not in complaint


def test_our_prefix_is_closed() -> None:
    (complaint,) = complaints(OTEL_DISTRO_FOO="1")
    assert complaint == "OTEL_DISTRO_FOO: no variable has this name, so it has no effect"


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "OTEL_PYTHON_DJANGO_EXCLUDED_URLS",
        "OTEL_PYTHON_FLASK_EXCLUDED_URLS",
        "OTEL_PYTHON_STARLETTE_EXCLUDED_URLS",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        "OTEL_LOG_LEVEL",
        "OTEL_SERVICE_VERSION",
        "OTEL_JAVAAGENT_ENABLED",
        "OTEL_NODE_RESOURCE_DETECTORS",
        "OTEL_NODE_ENABLED_INSTRUMENTATIONS",
        "OTEL_GO_AUTO_TARGET_EXE",
        "OTEL_DOTNET_AUTO_HOME",
        "OTEL_RESOURCE_ATTRIBUTES_POD_NAME",
        "OTEL_EXPERIMENTAL_CONFIG_FILE",
        "OTEL_EXPORTER_JAEGER_ENDPOINT",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "OTEL_POD_IP",
        "OTEL_DISTRO_DEMO_SERVICE_HOST",
        "OTEL_DISTRO_DEMO_SERVICE_PORT_HTTP",
        "OTEL_DISTRO_DEMO_PORT_8000_TCP_ADDR",
        "OTHER",
        "OETKER",
        "OTP_SERVICE_NAME",
        "MY_OTEL_ENDPOINT",
    ],
)
def test_names_that_exist_are_left_alone(name: str) -> None:
    assert found({name: ""}).strangers == ()


def test_a_services_port_is_left_alone_as_kubernetes_writes_it() -> None:
    assert found({"OTEL_DISTRO_DEMO_PORT": "tcp://10.0.0.1:80"}).strangers == ()
    assert len(found({"OTEL_DISTRO_DEMO_PORT": "80"}).strangers) == 1


@pytest.mark.parametrize(
    ("text", "level"), [("10", "DEBUG"), ("30", "WARNING"), ("50", "CRITICAL"), ("trace", "DEBUG"), ("Warn", "WARNING")]
)
def test_levels_of_every_spelling(text: str, level: str) -> None:
    assert found({"LOG_LEVEL": text}).settings.logs.level == level


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::1]", "localhost", "fe80::1%eth0", "pod-1.svc"])
def test_addresses_of_the_admin_port(host: str) -> None:
    reading = found({"OTEL_EXPORTER_PROMETHEUS_HOST": host})
    assert (reading.settings.admin.host, reading.complaints) == (host, ())


@pytest.mark.parametrize("raw", ['"otlp"', "'otlp'", " otlp ", "otlp\r", '"otlp"\r\n', "OTLP", '" otlp"'])
def test_what_tools_leave_around_a_value_is_no_part_of_it_for_us_nor_for_upstream(raw: str) -> None:
    environ = {"OTEL_TRACES_EXPORTER": raw, "OTEL_EXPORTER_OTLP_PROTOCOL": raw.lower().replace("otlp", "grpc")}
    reading = found(environ)
    assert reading.complaints == ()
    assert reading.settings.traces.exporters == ("otlp",)
    assert reading.settings.traces.otlp.protocol == "grpc"
    quoted = sorted(environ) if raw.strip()[0] in "'\"" else []
    assert sorted(doubt.split()[0] for doubt in reading.doubts) == quoted
    assert for_upstream(environ)["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc"


def test_empty_is_unset_for_upstream_too() -> None:
    environ = dict.fromkeys(NAMES, " ")
    reading = found(environ)
    assert (reading.complaints, reading.doubts) == ((), ())
    assert reading.settings == found({}).settings
    assert "OTEL_PYTHON_ID_GENERATOR" not in for_upstream(environ)
    assert "OTEL_BSP_MAX_QUEUE_SIZE" not in environ


@pytest.mark.parametrize(
    ("word", "value"), [(w, v) for v, ws in ((True, "TRUE 1 Yes on t y"), (False, "False 0 no OFF f n")) for w in ws.split()]
)  # fmt: skip
def test_booleans_of_every_spelling_mean_the_same_to_upstream(word: str, value: bool) -> None:
    environ = {"OTEL_EXPORTER_OTLP_TRACES_INSECURE": word}
    assert found(environ).settings.traces.otlp.insecure is value
    assert for_upstream(environ)["OTEL_EXPORTER_OTLP_TRACES_INSECURE"] == str(value).lower()


def test_bytes_that_are_no_utf8_cannot_break_a_line_or_a_record() -> None:
    environ = {
        "OTEL_SERVICE_NAME": b"caf\xff\xc3\xa9".decode("utf-8", "surrogateescape"),
        "OTEL_DISTRO_ADMIN": "\udcff",
    }
    reading = found(environ)
    assert reading.settings.service.name == "caf�é"
    "".join(reading.complaints).encode()
    assert for_upstream(environ)["OTEL_SERVICE_NAME"] == "caf�é"


@pytest.mark.parametrize(
    "target",
    ["collector:4317", "collector", "[::1]:4317", "dns:///collector:4317", "unix:/run/otel.sock", "unix:///run/a", "ipv4:1.2.3.4:1", "http://c:4317"],
)  # fmt: skip
@pytest.mark.parametrize("signal", ["TRACES", "METRICS", "LOGS"])
def test_grpc_takes_what_grpc_resolves_per_signal(target: str, signal: str) -> None:
    environ = {f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL": "grpc", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT": target}
    reading = found(environ)
    assert (reading.complaints, reading.doubts) == ((), ())
    assert getattr(reading.settings, signal.lower()).otlp.endpoint == target
    assert for_upstream(environ)[f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] == target


@pytest.mark.parametrize("target", ["collector;4317", "a b:4317", "http://", "dns:", "c:port"])
def test_what_not_even_grpc_resolves_is_refused(target: str) -> None:
    assert len(complaints(OTEL_EXPORTER_OTLP_PROTOCOL="grpc", **{E: target})) == 1


def test_an_endpoint_that_only_some_signals_can_use_is_kept_for_them() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "otlp",
        E: "c:4317",
    }
    reading = found(environ)
    assert reading.settings.traces.otlp.endpoint == "c:4317"
    assert reading.settings.metrics.otlp.endpoint == "http://localhost:4318/v1/metrics"
    assert [line.split("=")[0] for line in reading.complaints] == [E]
    assert for_upstream(environ)["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "c:4317"
    assert E not in environ


def test_an_endpoint_that_all_exported_signals_can_use_is_right() -> None:
    environ = {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", E: "c:4317"}  # metrics are scraped, logs are on stdout
    assert (found(environ).complaints, found(environ).doubts) == ((), ())
    assert for_upstream(environ)["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "c:4317"


@pytest.mark.parametrize(
    ("general", "traces"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("http://c:4318/otlp/", "http://c:4318/otlp/v1/traces"),
        ("http://c:4318?key=1", "http://c:4318/v1/traces?key=1"),
        ("http://c:4318/otlp?key=1/2", "http://c:4318/otlp/v1/traces?key=1/2"),
        ("http://c:4318/v1/metrics/", "http://c:4318/v1/traces"),
    ],
)
def test_the_signals_path_is_added_once_and_before_a_query_for_upstream_too(general: str, traces: str) -> None:
    environ = {E: general}
    assert found(environ).settings.traces.otlp.endpoint == traces
    metrics = traces.replace("traces", "metrics")
    given = for_upstream(environ)
    assert given.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{given[E].rstrip('/')}/v1/metrics") == metrics


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({E: "http://c:4317"}, "expected port 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
        ({E: "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "expected port 4317"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, "expected a URL with a path such as /v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/logs"}, "expected a URL with a path such as /v1/traces"),
        ({"OTEL_SERVICE_NAME": "a", "SERVICE_NAME": "b"}, "OTEL_SERVICE_NAME='a' wins over SERVICE_NAME='b'"),
        ({"LOG_LEVEL": "info", "OTEL_DISTRO_LOG_LEVEL": "debug"}, "OTEL_DISTRO_LOG_LEVEL='debug' wins over LOG_LEVEL"),
        ({"JSON_LOGS": "1", "OTEL_DISTRO_LOG_JSON": "0"}, "OTEL_DISTRO_LOG_JSON='0' wins over JSON_LOGS='1'"),
        ({"K8S_POD_NAME": "a", "POD_NAME": "b"}, "K8S_POD_NAME='a' wins over POD_NAME='b'"),
        ({"OTEL_TRACES_SAMPLER_ARG": "0.1"}, "OTEL_TRACES_SAMPLER_ARG='0.1' has no effect"),
        (
            {"OTEL_DISTRO_ADMIN": "false"},
            "OTEL_DISTRO_ADMIN=false leaves the metrics exporter prometheus without a port",
        ),
        ({"OTEL_SERVICE_NAME": '"a"'}, "OTEL_SERVICE_NAME has quotes around its value"),
    ],
)
def test_what_is_hardly_meant_is_said_and_used(environ: dict[str, str], said: str) -> None:
    reading = found(environ)
    (doubt,) = reading.doubts
    assert said in doubt
    assert reading.complaints == ()


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_SERVICE_NAME": "a", "SERVICE_NAME": "a"},
        {E: "http://a:4318", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://b:4318/v1/logs"},
        {"OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "a", "OTEL_PYTHON_EXCLUDED_URLS": "b"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
        {"OTEL_DISTRO_ADMIN": "false", "OTEL_METRICS_EXPORTER": "otlp"},
        {"OTEL_TRACES_EXPORTER": "none", E: "http://c:4317"},
        {"HTTP_PROXY": "http://a", "http_proxy": "http://b"},
    ],
)
def test_what_may_be_meant_is_not_doubted(environ: dict[str, str]) -> None:
    assert (found(environ).doubts, found(environ).complaints) == ((), ())


def test_no_secret_is_in_the_repr_of_settings_nor_in_what_is_said() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=sesame,sesame",
        E: "http://ada:sesame@c:4317/v1/logs?key=sesame",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://c?sesame",
        "HTTP_PROXY": "http://ada:sesame@proxy:1",
        "OTEL_DISTRO_OWNER": "sesame",
        "OTEL_EXPORTER_OTLP_HEADER": "api-key=sesame",
    }
    reading = found(environ)
    assert len(reading.complaints) == 4
    assert len(reading.doubts) == 1
    assert "sesame" not in repr(reading.settings) + "".join((*reading.complaints, *reading.doubts))


VALUES = st.one_of(
    st.text(max_size=20).filter(lambda text: "\0" not in text),
    st.sampled_from(["true", "0", "-1", "1e9", "otlp", "none", "http://c:4318", "[::1", "a=b", "*", "(", "'", '""', "a,b", "/", "nan"]),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first text of a machine takes seconds
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_any_environment_is_read_and_leaves_upstream_one_that_is_right(environ: dict[str, str]) -> None:
    reading = found(dict(environ))
    "".join((*reading.complaints, *reading.doubts)).encode()
    given_to_upstream = dict(environ)
    prepare_upstream(reading, given_to_upstream)
    again: Any = found(given_to_upstream)
    wrong = [problem for problem in again.problems if problem.name.startswith("OTEL_")]
    assert wrong == []
