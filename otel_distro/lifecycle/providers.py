# SPDX-License-Identifier: Apache-2.0
"""Upstream's providers: the first to set one in a process sets it for good, whether that is the application or we."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider

from otel_distro.diagnostics import report
from otel_distro.upstream import PROVIDER_LOGGERS, configure_sdk
from otel_distro.upstream.tracing import exports_by_otlp

WHAT_TO_DELETE = "delete set_tracer_provider, set_meter_provider and set_logger_provider and what is built for them"


class _Configured:
    """Whether we have set the providers of this process: a second start goes on with them."""

    done = False
    foreign_meters = False


def configure(**launcher: Any) -> str | None:
    """Have the SDK's configurator set its providers, unless it has; return what is to be said about the application's.

    Args:
        launcher: Keyword arguments of the SDK's configurator.
    """
    if _Configured.done:
        return None
    _Configured.done = True
    names = _set_before()
    _Configured.foreign_meters = isinstance(get_meter_provider(), MeterProvider)
    with _without_warnings():
        configure_sdk(**launcher)
    if not names:
        return None
    return f"the application has set {', '.join(names)} before: they are used as they are; {WHAT_TO_DELETE}"


def may_export(provider: TracerProvider) -> bool:
    """Whether spans of a provider leave only through us: an application may have given it an OTLP exporter."""
    return not exports_by_otlp(provider)


def join_meter_provider() -> None:
    """Have /metrics show what is measured by a provider that the application has set before us."""
    from otel_distro.metrics.reader import PrometheusReader

    provider = get_meter_provider()
    if _Configured.foreign_meters and isinstance(provider, MeterProvider):
        _Configured.foreign_meters = False
        provider.add_metric_reader(PrometheusReader())


def explain_overriding() -> None:
    """Have upstream's bare refusal of a second provider, set by the application after us, say what to delete; once."""
    for name in PROVIDER_LOGGERS:
        logging.getLogger(name).addFilter(_explained)


def stop_explaining() -> None:
    """Undo `explain_overriding`."""
    for name in PROVIDER_LOGGERS:
        logging.getLogger(name).removeFilter(_explained)


def _explained(record: logging.LogRecord) -> bool:
    if not str(record.msg).startswith("Overriding of current"):
        return True
    report(f"a provider that the application sets is not used, otel-distro's are set already: {WHAT_TO_DELETE}")
    return False


def _set_before() -> list[str]:
    kinds = (
        (get_tracer_provider(), TracerProvider, "a tracer provider"),
        (get_meter_provider(), MeterProvider, "a meter provider"),
        (get_logger_provider(), LoggerProvider, "a logger provider"),
    )
    return [name for provider, kind, name in kinds if isinstance(provider, kind)]


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Leave out upstream's refusals: what was there before is said in one sentence."""

    def silent(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Overriding of current")

    loggers = [logging.getLogger(name) for name in PROVIDER_LOGGERS]
    for logger in loggers:
        logger.addFilter(silent)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(silent)
