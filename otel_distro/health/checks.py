# SPDX-License-Identifier: Apache-2.0
"""The dependencies of the service, each asked again and again in a thread of its own; what is known is told at once.

Probes of Kubernetes wait one second by default, and there are many of them: none may wait for a database, or ask it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from otel_distro import diagnostics
from otel_distro.health.found import Checked, Found, reason_of
from otel_distro.metrics.families import Family, Number, Point
from otel_distro.metrics.names import join_labels
from otel_distro.settings.health import split_name
from otel_distro.settings.model import HealthSettings
from otel_distro.upstream.threads import start

STATUS, DURATION = "health_check_status", "health_check_duration_seconds"
_STATUS_TEXT = "Whether a dependency can be used (1) or not (0)."
_DURATION_TEXT = "How long the last check of a dependency took."


class Check:
    """One dependency.

    Attributes:
        name: What it is called in answers, lines and metrics.
        optional: Whether the service can do without it.
    """

    def __init__(self, name: str, probe: Callable[[float], object], settings: HealthSettings) -> None:
        self.name = name
        self.optional = name in settings.optional
        self._probe = probe
        self._timeout_seconds = settings.timeout_seconds
        self._interval_seconds = settings.interval_seconds
        self._began: float | None = None
        self._found: Found | None = None
        self._said: str | None = None
        self._closing = threading.Event()

    def found(self) -> Found | None:
        """Return what was found last, None before the first answer; a check that hangs has found that it hangs."""
        began = self._began
        if began is not None and time.monotonic() - began > self._timeout_seconds:
            return Found(self._no_answer(), time.monotonic() - began)
        return self._found

    def start(self) -> None:
        """Begin to ask, in a daemon thread."""
        start(self._run, f"otel-distro-health-{self.name}")

    def close(self) -> None:
        """Ask no more; what is on its way ends by its own deadline."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._ask()
            self._closing.wait(self._interval_seconds)

    def _ask(self) -> None:
        self._began = began = time.monotonic()
        reason = self._reason()
        self._found, self._began = Found(reason, time.monotonic() - began), None
        self._say(reason)

    def _reason(self) -> str | None:
        try:
            self._probe(self._timeout_seconds)
        except TimeoutError:
            return self._no_answer()
        except Exception as error:  # noqa: BLE001 - a check may raise anything: down is what it then finds
            return reason_of(error)
        return None

    def _no_answer(self) -> str:
        return f"no answer within {self._timeout_seconds:g} s"

    def _say(self, reason: str | None) -> None:
        """Write one line when a dependency goes, and one when it comes back."""
        if reason is not None and self._said is None:
            diagnostics.report("a dependency is down", check=self.name, reason=reason)
        elif reason is None and self._said is not None:
            diagnostics.inform("a dependency is up again", check=self.name)
        self._said = reason


class Checks:
    """All dependencies that the environment names."""

    def __init__(self, settings: HealthSettings) -> None:
        named = _named(settings) if any(entries for _, entries in _entries(settings)) else ()
        self._checks = [Check(name, probe, settings) for name, probe in named]

    def start(self) -> None:
        """Begin to ask."""
        for check in self._checks:
            check.start()

    def close(self) -> None:
        """Ask no more."""
        for check in self._checks:
            check.close()

    def found(self) -> Checked:
        """Return, by name, what was found last, and whether the service can do without."""
        return {check.name: (check.found(), check.optional) for check in self._checks}

    def families(self) -> Iterator[Family]:
        """Yield what Prometheus shall know."""
        yield from gauges(self.found())


def gauges(checked: Checked) -> Iterator[Family]:
    """Yield the metrics of checks: what each has found, the worst of all workers, and how long it took."""
    known = {join_labels({"check": name}): found for name, (found, _) in checked.items() if found is not None}
    if known:
        status: dict[str, Point] = {labels: Number(float(found.reason is None)) for labels, found in known.items()}
        yield Family(STATUS, "gauge", _STATUS_TEXT, policy="min", points=status)
        seconds: dict[str, Point] = {labels: Number(found.seconds) for labels, found in known.items()}
        yield Family(DURATION, "gauge", _DURATION_TEXT, "seconds", "max", seconds)


def _named(settings: HealthSettings) -> Iterator[tuple[str, Callable[[float], object]]]:
    from otel_distro.health.probes import PROBES  # and TLS with it: for those who name any

    taken: set[str] = set()
    for kind, entries in _entries(settings):
        for entry in entries:
            name, url = split_name(entry)
            yield _free(name or kind, taken), partial(PROBES[kind], url)


def _entries(settings: HealthSettings) -> Iterable[tuple[str, tuple[str, ...]]]:
    yield "postgresql", settings.postgresql
    yield "redis", settings.redis
    yield "kafka", (",".join(settings.kafka),) if settings.kafka else ()
    yield "http", settings.http


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no other check has: the second `redis` is `redis_2`."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
