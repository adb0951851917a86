# SPDX-License-Identifier: Apache-2.0
"""The variables of /health/ready."""

import pytest

from otel_distro.settings.reading import read


def test_a_value_may_stand_in_another_variable_and_is_shown_nowhere():
    environ = {
        "DATABASE_URL": "postgresql+asyncpg://me:se,cret@db/orders",
        "OTEL_DISTRO_HEALTH_POSTGRESQL": "$DATABASE_URL, copy=postgres://me:hidden@h1:5432,h2/orders",
    }
    reading = read(environ)
    assert reading.settings.health.postgresql == (
        "postgresql+asyncpg://me:se,cret@db/orders",
        "copy=postgres://me:hidden@h1:5432,h2/orders",
    )
    assert reading.complaints == ()
    assert reading.corrections == {}  # what children inherit holds no secret that was not there
    shown = repr(reading.settings) + str(reading.given)
    assert "hidden" not in shown
    assert "cret" not in shown


def test_credentials_of_every_url_of_a_list_are_masked():
    given = read({"OTEL_DISTRO_HEALTH_REDIS": "redis://:one@a/0,b=rediss://u:two@b/1?password=three"}).given
    assert given["OTEL_DISTRO_HEALTH_REDIS"] == "redis://***@a/0,b=rediss://***@b/1?***"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("POSTGRESQL", "$NOWHERE", "a variable NOWHERE that says something"),
        ("POSTGRESQL", "db:5432", "URLs such as postgresql://user@db:5432/name, separated by commas"),
        ("POSTGRESQL", "mysql://db/x", "URLs such as postgresql://user@db:5432/name, separated by commas"),
        ("REDIS", "redis://a, b", "URLs such as redis://cache:6379/0, separated by commas"),
        ("HTTP", "http:///x", "URLs such as http://auth:8000/health, separated by commas"),
        (
            "KAFKA",
            "kafka://broker:9092",
            "bootstrap servers such as broker:9092 or ssl://broker:9093, separated by commas",
        ),
        ("INTERVAL_SECONDS", "0", "a number of seconds from 0.1 to 3600, written without the unit"),
    ],
)
def test_what_is_wrong_is_said(name, value, expected):
    (problem,) = read({f"OTEL_DISTRO_HEALTH_{name}": value}).problems
    assert (problem.name, problem.expected) == (f"OTEL_DISTRO_HEALTH_{name}", expected)


def test_brokers_may_have_a_protocol_and_addresses_of_ipv6():
    value = "broker:9092, ssl://broker-2:9093,[::1]:9092,SASL_SSL://broker-3"
    assert len(read({"OTEL_DISTRO_HEALTH_KAFKA": value}).settings.health.kafka) == 4
