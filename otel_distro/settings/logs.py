# SPDX-License-Identifier: Apache-2.0
"""What a log line is, and what never stands in one."""

from __future__ import annotations

from collections.abc import Mapping

from otel_distro.ground.frozen import dataclass
from otel_distro.settings import casts, choices
from otel_distro.settings.declare import EMPTY, group, variable
from otel_distro.settings.signals import OtlpSettings, QueueSettings


@dataclass(frozen=True)
class LogSettings:
    """Log lines on stdout, and their export."""

    exporters: tuple[str, ...] = variable(
        "OTEL_LOGS_EXPORTER",
        casts.exporters,
        (),
        "`otlp` also exports every event; by default stdout is the path.",
        default_text="none",
    )
    otlp: OtlpSettings = group(OtlpSettings, signal="LOGS")
    queue: QueueSettings = group(QueueSettings, default=QueueSettings(schedule_delay_millis=1000), queue="BLRP")
    level: str = variable(
        "OTEL_DISTRO_LOG_LEVEL",
        casts.log_level,
        "INFO",
        "The lowest level that is written; libraries' loggers stay at `INFO` under `DEBUG`.",
        older=("LOG_LEVEL",),
    )
    json: bool | None = variable(
        "OTEL_DISTRO_LOG_JSON",
        casts.boolean,
        None,
        "JSON lines; `false` gives lines for people.",
        older=("JSON_LOGS",),
        default_text="true; false where the lines go to a terminal",
    )
    stream: str = variable(
        "OTEL_DISTRO_LOG_STREAM",
        casts.one_of("auto", "stdout", "stderr"),
        "auto",
        "Where lines go. `auto`: a server's and a worker's to stdout, another program's where they would have gone without us.",
    )
    max_line_bytes: int = variable(
        "OTEL_DISTRO_LOG_MAX_LINE_BYTES",
        casts.integer(1024, 1_048_576),
        15_360,
        "A line's length at most, below the 16 KB at which container runtimes split.",
    )
    access: bool = variable(
        "OTEL_DISTRO_ACCESS_LOG", casts.boolean, True, "One structured line per request, in place of the server's."
    )
    access_start: bool = variable(
        "OTEL_DISTRO_ACCESS_LOG_START", casts.boolean, False, "Also a line when a request begins."
    )
    slow_request_seconds: float = variable(
        "OTEL_DISTRO_SLOW_REQUEST_SECONDS",
        casts.number(0, 3600, "seconds"),
        5.0,
        "Requests from here on are marked as slow.",
    )
    library_level: str = variable(
        "OTEL_DISTRO_LOG_LIBRARY_LEVEL",
        casts.log_level,
        "WARNING",
        "Level of httpx, httpcore, httpx2 and httpcore2, which log each call with its full URL.",
    )
    levels: Mapping[str, str] = variable(
        "OTEL_DISTRO_LOG_LEVELS",
        choices.levels,
        EMPTY,
        "`logger=level` pairs, comma-separated: for loggers of that name and below it, `aiokafka=WARNING,app.db=DEBUG`.",
    )
    sample_every: Mapping[str, int] = variable(
        "OTEL_DISTRO_LOG_SAMPLE",
        casts.counts,
        EMPTY,
        "`logger=n` pairs: of repeated debug and info lines of that logger one in n is written, with a count.",
    )


@dataclass(frozen=True)
class RedactionSettings:
    """Secrets are replaced before anything is encoded."""

    enabled: bool = variable(
        "OTEL_DISTRO_REDACTION", casts.boolean, True, "Replaces secrets in logs, span attributes and URLs."
    )
    keys: tuple[str, ...] = variable(
        "OTEL_DISTRO_REDACT_KEYS", casts.lower_names, (), "Further keys whose values are secret, comma-separated."
    )
