# SPDX-License-Identifier: Apache-2.0
"""Bad input and faults: the application serves, the other parts work, and one line says what is off and why."""

import re
import socket

import httpx
import pytest
from demo.stack import CHAT_DIRECTORY
from testbed.packages import install
from testbed.processes import free_port, json_objects, run
from testbed.services import LAUNCHER, Service

ALL = ("traces", "metrics")
RAISING = "class Broken:\n    def instrument(self, **options):\n        raise RuntimeError('the library has moved')\n"
NO_GRPC = "raise ModuleNotFoundError(\"No module named 'grpc'\", name='grpc')\n"
OTHER_DISTRO = (
    "from opentelemetry.instrumentation.distro import BaseDistro\n"
    "class Distro(BaseDistro):\n    def _configure(self, **options):\n        pass\n"
    "class Configurator:\n    def configure(self, **options):\n        pass\n"
)


def serve(receiver, environment, launcher=(LAUNCHER,)):
    variables = {"OTEL_SERVICE_NAME": "inference", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
    variables |= {"OTEL_BSP_SCHEDULE_DELAY": "100", **environment}
    return Service("inference:app", CHAT_DIRECTORY, variables, launcher=launcher)


def generate(service):
    response = httpx.post(f"{service.url}/generate", json={"prompt": "hello"}, timeout=60)
    assert response.status_code == 200
    return response.headers.get("x-trace-id")


def require_working(service, receiver, trace_id, parts):
    """The named parts deliver what the one request has left."""
    if "traces" in parts:
        assert [s.trace_id for s in receiver.wait_for(lambda r: r.spans("POST /generate"))] == [trace_id]
    if "metrics" in parts:
        assert service.scrape().value("http_server_request_duration_seconds_count") == 1


def warnings_of(service):
    """What the distribution complains about; that nobody listens at a default endpoint is another matter."""
    lines = [line for line in json_objects(service.stdout) if line["logger"] == "otel_distro"]
    messages = [line["message"] for line in lines if line["level"] != "info"]
    return [message for message in messages if not re.search("^cannot export|(was|were) not delivered", message)]


@pytest.mark.parametrize(
    ("environment", "working", "said"),
    [
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector;4318"},
            ("metrics",),
            "OTEL_EXPORTER_OTLP_ENDPOINT='collector;4318': expected a URL",
            id="endpoint malformed",
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:port/"},
            (),
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT='http://collector:port/': expected a URL",
            id="endpoint of a signal malformed",
        ),
        pytest.param({"OTEL_TRACES_EXPORTER": "zipkinn"}, ("metrics",), "zipkinn", id="unknown traces exporter"),
        pytest.param({"OTEL_METRICS_EXPORTER": "prometeus"}, ("traces",), "prometeus", id="unknown metrics exporter"),
        pytest.param({"OTEL_LOGS_EXPORTER": "lokki"}, ALL, "lokki", id="unknown logs exporter"),
        pytest.param(
            {"OTEL_RESOURCE_ATTRIBUTES": "team"},
            ALL,
            "OTEL_RESOURCE_ATTRIBUTES='team': expected key=value",
            id="resource attributes malformed",
        ),
        *(
            pytest.param({name: value}, ALL, f"{name}='{value}': expected a", id=f"{name}={value}")
            for name, value in (
                ("OTEL_BSP_MAX_QUEUE_SIZE", "abc"),
                ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-5"),
                ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "1m"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            )
        ),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "foo"},
            ALL,
            "OTEL_TRACES_SAMPLER='foo': expected one of always_off",
            id="unknown sampler",
        ),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
            ALL,
            "OTEL_TRACES_SAMPLER_ARG='2': expected a number from 0 to 1, the ratio of traceidratio",
            id="ratio out of range",
        ),
        *(
            pytest.param({name: value}, ALL, f"{name}='{value}': expected one of", id=f"unknown {name}")
            for name, value in (
                ("OTEL_PYTHON_ID_GENERATOR", "xray"),
                ("OTEL_PROPAGATORS", "b3"),
                ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "ec2"),
            )
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPONT": "http://c:4318"},
            ALL,
            "did you mean OTEL_EXPORTER_OTLP_ENDPOINT?",
            id="mistyped name",
        ),
        pytest.param({"LOG_LEVEL": "LOUD"}, ALL, "LOG_LEVEL='LOUD': expected one of DEBUG", id="unknown log level"),
    ],
)
def test_a_wrong_value_is_named_in_one_line_and_the_rest_works(receiver, environment, working, said):
    with serve(receiver, environment) as service:
        trace_id = generate(service)
        require_working(service, receiver, trace_id, working)
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert said in warnings_of(service)[0]
    (generated,) = [line for line in json_objects(service.stdout) if line["message"] == "answer generated"]
    assert generated["trace_id"] == trace_id


@pytest.mark.parametrize("launcher", [(LAUNCHER,), ("otel-distro", "run")], ids=" ".join)
def test_an_unknown_propagator_or_distribution_does_not_keep_the_program_from_starting(launcher):
    code = "import opentelemetry.propagate as p; print(*sorted(p.get_global_textmap().fields))"
    wrong = {"OTEL_PROPAGATORS": "b33,baggage", "OTEL_PYTHON_DISTRO": "foo", "OTEL_PYTHON_CONFIGURATOR": "foo"}
    ended = run([*launcher, "python", "-c", code], {**wrong, "OTEL_TRACES_EXPORTER": "none"})
    assert ended.returncode == 0
    assert "baggage x-correlation-id" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert [line.split("=")[0] for line in ended.stderr.splitlines() if line.startswith("otel-distro: ")] == [
        "otel-distro: OTEL_PYTHON_DISTRO",
        "otel-distro: OTEL_PYTHON_CONFIGURATOR",
    ]
    assert "OTEL_PROPAGATORS='b33,baggage': expected one of" in ended.stdout + ended.stderr


def test_without_a_launcher_upstreams_refusal_of_a_propagator_is_as_it_was():
    ended = run(["python", "-c", "import opentelemetry.propagate"], {"OTEL_PROPAGATORS": "b33"})
    assert ended.returncode == 1
    assert "Propagator b33 not found" in ended.stderr


def test_workers_do_not_repeat_what_their_parent_has_said(receiver):
    environment = {"OTEL_DISTRO_FOO": "1", "OTEL_TRACES_SAMPLER_ARG": "1", "LOG_LEVEL": "LOUD"}
    variables = {"OTEL_SERVICE_NAME": "inference", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **environment}
    with Service("inference:app", CHAT_DIRECTORY, variables, options=("--workers", "2")) as service:
        generate(service)
        service.stop()
    said = sorted(line.split(":")[0].split("=")[0] for line in warnings_of(service))
    assert said == ["LOG_LEVEL", "OTEL_DISTRO_FOO", "OTEL_TRACES_SAMPLER_ARG"]


def test_a_key_without_its_certificate_serves_nothing(receiver, tmp_path):
    (tmp_path / "key.pem").write_text("a key")
    with serve(receiver, {"OTEL_DISTRO_ADMIN_TLS_KEY": str(tmp_path / "key.pem")}) as service:
        require_working(service, receiver, generate(service), ("traces",))
        service.wait_for_line("OTEL_DISTRO_ADMIN_TLS_CERTIFICATE beside it")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{service.admin_url}/metrics", timeout=60)
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)


def test_several_wrong_values_are_all_named(receiver):
    environment = {"OTEL_BSP_MAX_QUEUE_SIZE": "abc", "OTEL_TRACES_EXPORTER": "zipkinn", "LOG_LEVEL": "LOUD"}
    with serve(receiver, environment) as service:
        generate(service)
        service.stop()
    assert set(re.findall("abc|zipkinn|LOUD", " ".join(warnings_of(service)))) == {"LOUD", "abc", "zipkinn"}
    assert len(warnings_of(service)) == 3


def test_asking_for_stable_conventions_of_databases_keeps_those_of_http(receiver):
    with serve(receiver, {"OTEL_SEMCONV_STABILITY_OPT_IN": "database"}) as service:
        require_working(service, receiver, generate(service), ALL)
        service.stop()
    assert warnings_of(service) == []


def test_an_unreadable_token_file_closes_the_admin_port_to_everybody(receiver):
    with serve(receiver, {"OTEL_DISTRO_ADMIN_TOKEN_FILE": "/nonexistent"}) as service:
        require_working(service, receiver, generate(service), ("traces",))
        answers = [
            httpx.get(f"{service.admin_url}/metrics", headers=h, timeout=60)
            for h in ({}, {"Authorization": "Bearer x"})
        ]
        service.stop()
    assert [answer.status_code for answer in answers] == [401, 401]
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert "/nonexistent (OTEL_DISTRO_ADMIN_TOKEN_FILE)" in warnings_of(service)[0]


def test_a_missing_certificate_switches_the_admin_port_off_and_is_named(receiver):
    files = {f"OTEL_DISTRO_ADMIN_TLS_{name}": f"/nonexistent.{name}" for name in ("CERTIFICATE", "KEY")}
    with serve(receiver, files) as service:
        require_working(service, receiver, generate(service), ("traces",))
        service.wait_for_line("/nonexistent.CERTIFICATE")
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)


def test_a_configuration_file_without_its_package_costs_only_what_it_configures(receiver, tmp_path):
    with serve(receiver, {"OTEL_CONFIG_FILE": str(tmp_path / "otel.yaml")}) as service:
        generate(service)
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert "opentelemetry-configuration" in warnings_of(service)[0]
    assert [line["service"] for line in json_objects(service.stdout) if line["message"] == "answer generated"]


def test_a_taken_admin_port_costs_only_the_admin_port_until_it_is_free(receiver):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(receiver, {"OTEL_EXPORTER_PROMETHEUS_PORT": str(port)}) as service:
            require_working(service, receiver, generate(service), ("traces",))
            service.wait_for_line(f"127.0.0.1:{port} is taken by another program")
            taken.close()
            service.wait_for_port(port)
            require_working(service, receiver, "", ("metrics",))
            service.stop()
    assert len(warnings_of(service)) == 1


def test_a_missing_exporter_package_switches_that_exporter_off(receiver, tmp_path):
    install(tmp_path, "grpc", NO_GRPC)
    environment = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}
    with serve(receiver, environment) as service:
        require_working(service, receiver, generate(service), ("metrics",))
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert "grpc" in warnings_of(service)[0]


def test_an_instrumentation_that_raises_stops_no_other(receiver, tmp_path):
    install(tmp_path, "aaa_broken", RAISING, {"opentelemetry_instrumentor": "aaa_broken = aaa_broken:Broken"})
    with serve(receiver, {"PYTHONPATH": str(tmp_path)}) as service:
        require_working(service, receiver, generate(service), ALL)
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert "aaa_broken is off: RuntimeError: the library has moved" in warnings_of(service)[0]


def test_another_distribution_beside_us_is_not_taken_and_that_is_said(receiver, tmp_path):
    points = {
        "opentelemetry_distro": "distro = other:Distro",
        "opentelemetry_configurator": "configurator = other:Configurator",
    }
    install(tmp_path, "other", OTHER_DISTRO, points)
    with serve(receiver, {"PYTHONPATH": str(tmp_path)}) as service:
        require_working(service, receiver, generate(service), ALL)
        service.stop()
    assert len(warnings_of(service)) == 1, warnings_of(service)
    assert "opentelemetry-distro" in warnings_of(service)[0]


@pytest.mark.parametrize("target", ["/dev/full", ">(true)"], ids=["full", "reader gone"])
def test_an_unwritable_stdout_costs_only_the_lines(receiver, target):
    shell = ("bash", "-c", f'exec "$0" "$@" > {target}', LAUNCHER)
    with serve(receiver, {}, launcher=shell) as service:
        require_working(service, receiver, generate(service), ALL)
        service.stop()
    said = [line for line in service.stderr if "stdout" in line]
    assert len(said) == 1, service.stderr
    assert not any("Traceback" in line for line in service.stderr)


def test_a_closed_stdout_costs_a_script_nothing():
    code = "import structlog; structlog.get_logger().info('lost'); raise SystemExit(3)"
    ended = run(["bash", "-c", 'exec "$0" "$@" >&-', LAUNCHER, "python", "-c", code])
    assert ended.returncode == 3
    assert "Traceback" not in ended.stderr


def run_strictly(environment):
    """Run a program that says so; on an admin port of its own, for the default one may be another test's."""
    environment = {"OTEL_DISTRO_STRICT": "true", "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()), **environment}
    ended = run([LAUNCHER, "python", "-c", "print('the application ran')"], environment)
    return (ended.returncode, ended.stdout), ended.stderr


def test_strict_refuses_to_start_and_lists_everything():
    environment = {
        "OTEL_BSP_MAX_QUEUE_SIZE": "abc",
        "OTEL_TRACES_EXPORTER": "zipkinn",
        "OTEL_RESOURCE_ATTRIBUTES": "team",
    }
    ended, said = run_strictly(environment)
    assert ended == (78, "")
    assert "Traceback" not in said
    assert len(said.splitlines()) == 4
    assert set(re.findall("abc|zipkinn|team", said)) == {"abc", "team", "zipkinn"}


def test_strict_refuses_a_taken_admin_port_too():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended, said = run_strictly({"OTEL_EXPORTER_PROMETHEUS_PORT": port})
    assert ended == (78, "")
    assert port in said


def test_strict_refuses_an_instrumentation_that_raises(tmp_path):
    install(tmp_path, "aaa_broken", RAISING, {"opentelemetry_instrumentor": "aaa_broken = aaa_broken:Broken"})
    ended, said = run_strictly({"PYTHONPATH": str(tmp_path)})
    assert ended == (78, "")
    assert "aaa_broken" in said


def test_strict_starts_when_nothing_is_wrong():
    assert run_strictly({}) == ((0, "the application ran\n"), "")


def test_check_catches_a_propagator_that_would_end_the_launcher():
    ended = run(["otel-distro", "check"], {"OTEL_PROPAGATORS": "tracecontext,b33"})
    assert ended.returncode == 1
    assert "OTEL_PROPAGATORS" in ended.stdout + ended.stderr
    assert "b33" in ended.stdout + ended.stderr


def test_check_lists_all_problems_at_once_and_is_silent_about_none():
    environment = {"OTEL_BSP_MAX_QUEUE_SIZE": "abc", "OTEL_PROPAGATORS": "b33", "OTEL_TRACES_EXPORTER": "zipkinn"}
    broken, sound = run(["otel-distro", "check"], environment), run(["otel-distro", "check"])
    assert (broken.returncode, sound.returncode) == (1, 0)
    assert set(re.findall("abc|b33|zipkinn", broken.stdout + broken.stderr)) == {"abc", "b33", "zipkinn"}


def test_disabled_imports_nothing_and_starts_nothing():
    code = (
        "import sys, threading, fastapi, httpx\n"
        "heavy = [n for n in ('opentelemetry.sdk', 'structlog', 'prometheus_client', 'google.protobuf') if n in sys.modules]\n"
        "print(heavy, threading.active_count(), fastapi.FastAPI.__module__, httpx.Client.send.__qualname__)"
    )
    ended = run([LAUNCHER, "python", "-c", code], {"OTEL_SDK_DISABLED": "true"})
    assert (ended.stdout, ended.stderr) == ("[] 1 fastapi.applications Client.send\n", "")
