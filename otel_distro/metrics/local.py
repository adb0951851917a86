# SPDX-License-Identifier: Apache-2.0
"""All metrics of this process, from every origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from otel_distro import diagnostics
from otel_distro.metrics import heartbeat, left_out, process
from otel_distro.metrics.families import CUMULATIVE, Families, Family, Number, merge, negative
from otel_distro.metrics.limit import LimitedMatch
from otel_distro.metrics.names import escape
from otel_distro.metrics.reader import PrometheusReader
from otel_distro.metrics.registry import Registry

Origin = Callable[[], Iterable[Family]]


class LocalMetrics:
    """Collects the families of this process; an origin that fails is counted and left out."""

    def __init__(self, reader: PrometheusReader | None, *, internal: bool) -> None:
        self.reader = reader
        self._inherited: list[Family] = []
        self._origins: dict[str, Origin] = {"process": process.families, "event loop": _event_loop}
        self._registry = Registry()
        self._origins["prometheus_client"] = self._registry.families
        if internal:
            self._origins["self-observation"] = _self_observation

    def add(self, name: str, origin: Origin) -> None:
        """Add an origin of families."""
        self._origins[name] = origin

    def families(self, *, everything: bool = True) -> Families:
        """Return every family; without what the shared segment shows, unless everything is asked for."""
        found: Families = self.reader.families(everything=everything) if self.reader else {}
        merge(found, self._collected())
        merge(found, self._inherited)
        return found

    def begin_at_zero(self) -> None:
        """Count nothing twice: in a forked child, what the parent had counted is not this process's."""
        if self.reader is not None:
            self.reader.begin_at_zero()
        self._registry.begin_at_zero()
        inherited = (*process.garbage(), *self._registry.families(without_callbacks=True), *_self_observation())
        self._inherited = [negative(family) for family in inherited if family.kind in CUMULATIVE]

    def _collected(self) -> Iterator[Family]:
        for name, origin in self._origins.items():
            try:
                yield from origin()
            except Exception as error:  # noqa: BLE001 - an application's collector may raise anything
                diagnostics.fault(f"metrics of {name}", error)


def _event_loop() -> Iterable[Family]:
    lag = heartbeat.lag_seconds()
    if lag is not None:
        text = "How late the event loop ran a timer that was due, in seconds."
        name = "otel_distro_event_loop_lag_seconds"
        yield Family(name, "gauge", text, "seconds", "worker", {"": Number(lag)})


def _self_observation() -> Iterable[Family]:
    yield _counts("otel_distro_faults", "Internal faults of the distribution, by kind.", "kind", diagnostics.faults())
    text = "Measurements counted under otel_metric_overflow because their metric has too many attribute sets."
    yield _counts("otel_distro_metric_overflows", text, "metric", LimitedMatch.overflows)
    text = "Times that a metric, or a part of it, could not be exposed and was left out of a page."
    yield _counts("otel_distro_metrics_left_out", text, "metric", left_out.counts)


def _counts(name: str, text: str, label: str, counts: Mapping[str, int]) -> Family:
    points = {f'{label}="{escape(key)}"': Number(float(count)) for key, count in counts.items()}
    return Family(name, "counter", text, policy="sum", points=dict(points))
