# SPDX-License-Identifier: Apache-2.0
"""What /health/ready checks."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts
from otel_distro.settings.declare import variable
from otel_distro.settings.urls import BETWEEN

SCHEMES = {
    "postgresql": ("postgresql", "postgres"),
    "redis": ("redis", "rediss", "valkey", "valkeys", "unix"),
    "http": ("http", "https"),
}
EXAMPLES = {
    "postgresql": "postgresql://user@db:5432/name",
    "redis": "redis://cache:6379/0",
    "http": "http://auth:8000/health",
}
_NAMED = re.compile(r"([A-Za-z0-9_.-]+)=(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_BROKER = re.compile(
    r"(?:(?:ssl|sasl_ssl|plaintext|sasl_plaintext)://)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d{1,5})?", re.IGNORECASE
)


def urls(kind: str) -> casts.Cast:
    """Return the cast of a list of URLs of one kind, each with a name before it (`name=url`) if it has one."""

    def cast(value: str) -> tuple[str, ...]:
        entries = tuple(entry.strip() for entry in BETWEEN.split(value) if entry.strip())
        if not entries or not all(_is_url(kind, split_name(entry)[1]) for entry in entries):
            raise ValueError(f"URLs such as {EXAMPLES[kind]}, separated by commas")
        return entries

    return cast


def brokers(value: str) -> tuple[str, ...]:
    """Take the bootstrap servers of one Kafka: ``broker:9092`` or ``ssl://broker:9093``, separated by commas."""
    found = casts.names(value)
    if not found or not all(_BROKER.fullmatch(each) for each in found):
        raise ValueError("bootstrap servers such as broker:9092 or ssl://broker:9093, separated by commas")
    return found


def split_name(entry: str) -> tuple[str, str]:
    """Return the name and the URL of ``name=url``; the name is empty if there is none."""
    named = _NAMED.match(entry)
    return (named.group(1), entry[named.end() :]) if named else ("", entry)


def _is_url(kind: str, url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    scheme = parts.scheme.partition("+")[0]  # SQLAlchemy's postgresql+asyncpg
    if scheme not in SCHEMES[kind] or re.search(r"[\s\0]", url):
        return False
    return bool(parts.netloc or parts.path if kind != "http" else parts.hostname)


@dataclass(frozen=True)
class HealthSettings:
    """Dependencies that /health/ready checks."""

    postgresql: tuple[str, ...] = variable(
        "OTEL_DISTRO_HEALTH_POSTGRESQL",
        urls("postgresql"),
        (),
        "URLs of PostgreSQL databases that must accept connections; `$DATABASE_URL` stands for another variable's value.",
        credentials=True,
        refers=True,
    )
    redis: tuple[str, ...] = variable(
        "OTEL_DISTRO_HEALTH_REDIS",
        urls("redis"),
        (),
        "URLs of Redis or Valkey servers that must answer PING.",
        credentials=True,
        refers=True,
    )
    kafka: tuple[str, ...] = variable(
        "OTEL_DISTRO_HEALTH_KAFKA", brokers, (), "Bootstrap servers of a Kafka, one of which must answer.", refers=True
    )
    http: tuple[str, ...] = variable(
        "OTEL_DISTRO_HEALTH_HTTP",
        urls("http"),
        (),
        "URLs that must answer GET with 2xx or 3xx; `name=url` names the check.",
        credentials=True,
        refers=True,
    )
    optional: tuple[str, ...] = variable(
        "OTEL_DISTRO_HEALTH_OPTIONAL",
        casts.names,
        (),
        "Names of checks without which the service is ready all the same: `degraded`.",
    )
    interval_seconds: float = variable(
        "OTEL_DISTRO_HEALTH_INTERVAL_SECONDS", casts.number(0.1, 3600, "seconds"), 5.0, "Seconds between two checks."
    )
    timeout_seconds: float = variable(
        "OTEL_DISTRO_HEALTH_TIMEOUT_SECONDS",
        casts.number(0.05, 60, "seconds"),
        1.0,
        "Seconds that a check has from the search for the name to the answer.",
    )
    app_path: str | None = variable(
        "OTEL_DISTRO_APP_HEALTH_PATH",
        casts.path,
        None,
        "Also serves liveness under this path of the application's port, and readiness under the path with `/ready`.",
    )
