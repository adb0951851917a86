# SPDX-License-Identifier: Apache-2.0
"""Log lines: one per event, as JSON, with the ids of the moment, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from otel_distro.imports import when_imported
from otel_distro.logs import access, hooks, redact, stdlib
from otel_distro.logs.console import ConsoleRenderer, wants_colours
from otel_distro.logs.emit import Emitter, Export
from otel_distro.variables import Settings

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
        render=None if settings.logs.json else ConsoleRenderer(colours=wants_colours()),
    )
    undos = [stdlib.install(emitter, settings.logs), _install_for_structlog(emitter, settings.logs.level)]
    if settings.logs.access:
        undos.append(access.install(emitter, settings.logs))
    if settings.logs.json:
        undos.append(hooks.install())

    def undo() -> None:
        for step in reversed(undos):
            step()

    return undo


def _exporting(submit: Callable[..., bool] | None, others: Sequence[str]) -> Export:
    from otel_distro.logs.export import exporting

    return exporting(submit, others)


def _install_for_structlog(emitter: Emitter, level: str) -> Undo:
    """Install the structlog part when, and if ever, the application imports structlog."""
    undos: list[Undo] = []
    stopped = False

    def hook() -> None:
        from otel_distro.logs import structlog

        if not stopped:
            undos.append(structlog.install(emitter, level))

    def undo() -> None:
        nonlocal stopped
        stopped = True
        while undos:
            undos.pop()()

    when_imported("structlog", hook)
    return undo
