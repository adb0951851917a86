# SPDX-License-Identifier: Apache-2.0
"""The environment becomes settings: precedence, defaults of the place, all problems at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from otel_distro.settings.environ import overridden, prepare_upstream, read
from otel_distro.settings.model import Settings
from otel_distro.settings.reading import Reading


def read_from(environ: Mapping[str, str] | None = None) -> Reading:
    return read(environ or {})


def test_an_empty_environment_gives_the_defaults_but_for_endpoints() -> None:
    reading = read_from()
    defaults = Settings()
    assert reading.problems == ()
    assert reading.settings.service == defaults.service
    assert reading.settings.admin == defaults.admin
    assert reading.settings.traces.otlp.endpoint == "http://localhost:4318/v1/traces"
    assert reading.settings.logs.otlp.endpoint == "http://localhost:4318/v1/logs"


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_from().settings.strict = True  # type: ignore[misc]


def test_all_problems_are_reported_at_once_with_key_value_and_expectation() -> None:
    reading = read_from(
        {
            "OTEL_BSP_MAX_QUEUE_SIZE": "abc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost",
            "OTEL_RESOURCE_ATTRIBUTES": "team",
            "OTEL_DISTRO_STRICT": "perhaps",
            "LOG_LEVEL": "LOUD",
        }
    )
    assert sorted(str(problem) for problem in reading.problems) == [
        "LOG_LEVEL='LOUD': expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL; using INFO",
        "OTEL_BSP_MAX_QUEUE_SIZE='abc': expected a whole number from 1 to 10000000; using 2048",
        "OTEL_DISTRO_STRICT='perhaps': expected true or false; using false",
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT='localhost': expected a URL such as http://localhost:4318; "
            "using http://localhost:4318 (4317 for gRPC)"
        ),
        "OTEL_RESOURCE_ATTRIBUTES='team': expected key=value pairs separated by commas, but 'team' is none; it is ignored",
    ]
    assert reading.settings.traces.queue.max_queue_size == 2048
    assert reading.settings.traces.otlp.endpoint == "http://localhost:4318/v1/traces"


def test_a_secret_is_masked_in_its_problem() -> None:
    (problem,) = read_from({"OTEL_EXPORTER_OTLP_HEADERS": "api-key sesame"}).problems
    assert "sesame" not in str(problem)
    assert problem.value == "***"


def test_the_credentials_of_a_url_are_masked_in_its_problem() -> None:
    (problem,) = read_from({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://ada:sesame@collector:4318/a@b"}).problems
    assert problem.value == "ftp://***@collector:4318/a@b"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        pytest.param({"SERVICE_NAME": "old"}, "old", id="the older variable alone"),
        pytest.param(
            {"SERVICE_NAME": "old", "OTEL_RESOURCE_ATTRIBUTES": "service.name=attribute"},
            "attribute",
            id="attributes win",
        ),
        pytest.param(
            {"OTEL_SERVICE_NAME": "new", "OTEL_RESOURCE_ATTRIBUTES": "service.name=attribute", "SERVICE_NAME": "old"},
            "new",
            id="OTEL_SERVICE_NAME wins over all",
        ),
        pytest.param({"OTEL_SERVICE_NAME": "  "}, "unknown_service", id="blank means unset"),
    ],
)
def test_the_service_name_has_one_order_of_precedence(environ: dict[str, str], name: str) -> None:
    assert read_from(environ).settings.service.name == name


def test_resource_attributes_win_over_the_older_variables() -> None:
    service = read_from(
        {
            "ENVIRONMENT": "old",
            "APP_VERSION": "0",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging,service.version=2,service.namespace=shop",
        }
    ).settings.service
    assert (service.environment, service.version, service.namespace) == ("staging", "2", "shop")


def test_a_signals_own_endpoint_is_used_as_it_is_and_the_general_one_is_a_base() -> None:
    settings = read_from(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318/base/",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs:1/x",
        }
    ).settings
    assert settings.traces.otlp.endpoint == "https://collector:4318/base/v1/traces"
    assert settings.logs.otlp.endpoint == "http://logs:1/x"


def test_grpc_has_its_own_default_port_and_no_path() -> None:
    otlp = read_from({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}).settings.traces.otlp
    assert (otlp.protocol, otlp.endpoint) == ("grpc", "http://localhost:4317")


def test_headers_are_percent_decoded_and_line_breaks_refused() -> None:
    assert dict(read_from({"OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b, x=y"}).settings.traces.otlp.headers) == {
        "api-key": "a b",
        "x": "y",
    }
    assert len(read_from({"OTEL_EXPORTER_OTLP_HEADERS": "x=a%0d%0ab"}).problems) == 1


@pytest.mark.parametrize(
    ("environ", "json"), [({}, None), ({"JSON_LOGS": "false"}, False), ({"OTEL_DISTRO_LOG_JSON": "1"}, True)]
)
def test_lines_for_people_are_chosen_or_follow_from_where_they_go(environ: dict[str, str], json: bool | None):
    assert read_from(environ).settings.logs.json is json


def test_inside_kubernetes_the_admin_port_listens_everywhere_unless_told_otherwise() -> None:
    cluster = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert read_from(cluster).settings.admin.host == "::"
    assert read_from({**cluster, "OTEL_EXPORTER_PROMETHEUS_HOST": "::1"}).settings.admin.host == "::1"


def test_a_batch_larger_than_its_queue_is_cut_and_reported_only_if_it_was_asked_for() -> None:
    silent = read_from({"OTEL_BSP_MAX_QUEUE_SIZE": "10"})
    assert (silent.settings.traces.queue.max_export_batch_size, silent.problems) == (10, ())
    asked = read_from({"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "11"})
    assert [str(problem) for problem in asked.problems] == [
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE='11': expected at most the queue's size, 10; using 10"
    ]


def test_each_value_knows_the_name_it_came_from() -> None:
    values = {value.variable.name: value for value in read_from({"LOG_LEVEL": "debug"}).values}
    assert values["OTEL_DISTRO_LOG_LEVEL"].value == "DEBUG"
    assert values["OTEL_DISTRO_LOG_LEVEL"].source == "LOG_LEVEL"
    assert values["OTEL_DISTRO_ACCESS_LOG"].source is None


def test_what_would_make_upstream_raise_is_taken_away_and_defaults_never_override() -> None:
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": "abc", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": ""}
    prepare_upstream(read(environ), environ)
    assert "OTEL_BSP_MAX_QUEUE_SIZE" not in environ
    assert environ["OTEL_LOGS_EXPORTER"] == "otlp"
    assert environ["OTEL_TRACES_EXPORTER"] == "otlp"
    assert environ["OTEL_METRICS_EXPORTER"] == "prometheus"


def test_overridden_variables_are_put_back() -> None:
    environ = {"A": "1"}
    with overridden({"A": "2", "B": "3"}, environ):
        assert environ == {"A": "2", "B": "3"}
    assert environ == {"A": "1"}
