# SPDX-License-Identifier: Apache-2.0
"""Log lines: one per event, as JSON, with the ids of the moment, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from otel_distro.imports import when_imported
from otel_distro.logs.access import event as access
from otel_distro.logs.console import Readers
from otel_distro.logs.emit import Emitter, Export
from otel_distro.logs.named_levels import NamedLevels
from otel_distro.logs.redaction import redact
from otel_distro.logs.stdlib import hooks
from otel_distro.logs.stdlib import install as stdlib
from otel_distro.settings.model import LogSettings, Settings

__all__ = ["install"]

Undo = Callable[[], None]


def install(settings: Settings, submit: Callable[..., bool] | None = None, others: Sequence[str] = ()) -> Undo:
    """Take the process's logging over; nothing is written and structlog is not imported by that.

    Args:
        settings: the service's identity, the limits, what is secret.
        submit: takes (scope, encoded record) and says whether the exporter accepted it; None without OTLP logs.
        others: upstream's exporters, which events reach through the SDK's logger provider.

    Returns:
        What puts everything back as it was.
    """
    redact.configure(settings.redaction)
    emitter = Emitter(
        settings,
        export=_exporting(submit, others) if submit or others else None,
        readers=Readers(json=settings.logs.json),
    )
    undos = [
        stdlib.install(emitter, settings.logs),
        _when_imported("structlog", lambda: _for_structlog(emitter, settings.logs)),
        _when_imported("loguru", lambda: _for_loguru(emitter)),
    ]
    if settings.logs.access:
        undos.append(access.install(emitter, settings.logs))
    if not emitter.readers.are_people(emitter.stdout.real):
        undos.append(hooks.install(emitter))

    def undo() -> None:
        for step in reversed(undos):
            step()

    return undo


def _exporting(submit: Callable[..., bool] | None, others: Sequence[str]) -> Export:
    from otel_distro.logs.export import exporting

    return exporting(submit, others)


def _for_structlog(emitter: Emitter, settings: LogSettings) -> Undo:
    from otel_distro.logs.structlog import install as structlog

    named = NamedLevels(settings.levels, settings.level) if settings.levels else None
    return structlog.install(emitter, settings.level, named)


def _for_loguru(emitter: Emitter) -> Undo:
    from otel_distro.logs import loguru

    return loguru.install(emitter)


def _when_imported(library: str, install_for: Callable[[], Undo]) -> Undo:
    """Install what is for a library when, and if ever, the application imports it."""
    undos: list[Undo] = []
    forget = when_imported(library, lambda: undos.append(install_for()))

    def undo() -> None:
        forget()
        while undos:
            undos.pop()()

    return undo
