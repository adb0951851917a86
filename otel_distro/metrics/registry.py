# SPDX-License-Identifier: Apache-2.0
"""What the application defines with `prometheus_client`, as families."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, cast

from otel_distro import diagnostics
from otel_distro.metrics import left_out
from otel_distro.metrics.families import Distribution, Family, Kind, Number, Point, Policy
from otel_distro.metrics.inquiry import Inquiry, Question
from otel_distro.metrics.labels import MEMORY_ENTRIES, MEMORY_LONGEST
from otel_distro.metrics.names import exposed_labels, exposed_name
from otel_distro.metrics.samples import exemplar_of, families_of
from otel_distro.upstream import prometheus as library

# Ours, with a meaning over workers (process.py); the library's default collectors would be a second set.
_OWN = frozenset(
    {
        *("process_cpu_seconds", "process_max_fds", "process_open_fds", "process_resident_memory_bytes"),
        *("process_start_time_seconds", "process_virtual_memory_bytes", "python_info", "python_gc_collections"),
        *("python_gc_objects_collected", "python_gc_objects_uncollectable"),
    }
)
_MODES: Mapping[str, Policy] = {"sum": "sum", "min": "min", "max": "max", "mostrecent": "last"}


class Registry:
    """A registry; a collector that fails is counted and left out, one that blocks is not waited for."""

    def __init__(self, find: Callable[[], Any | None] = library.default_registry) -> None:
        """Show a registry.

        Args:
            find: Returns it; None as long as there is none.
        """
        self._find = find
        self._inquiry = Inquiry()

    def families(self, *, without_callbacks: bool = False) -> Iterator[Family]:
        """Yield the families.

        Args:
            without_callbacks: Only the library's own numbers: an application's code may do anything when it is asked.
        """
        registry = self._find()
        found = _Found()
        questions: list[Question] = []
        for collector in library.collectors(registry) if registry is not None else ():
            if not library.runs_foreign_code(collector):
                self._guarded(collector, found)
            elif not without_callbacks:
                questions.append(Question(id(collector), _name(collector), partial(_asked, collector)))
        for original, families in itertools.chain.from_iterable(filter(None, self._inquiry.ask(questions))):
            found.take(families, original)
        yield from found.families.values()

    def begin_at_zero(self) -> None:
        """Forget who was asked: in a forked child nobody will answer."""
        self._inquiry = Inquiry()

    def _guarded(self, collector: Any, found: _Found) -> None:
        try:
            for original, families in _asked(collector):
                found.take(families, original)
        except Exception as error:  # noqa: BLE001 - the boundary: the others are served
            diagnostics.fault(f"metrics of {_name(collector)}", error)


def _name(collector: Any) -> str:
    return library.name_of(collector)


def _asked(collector: Any) -> list[tuple[str, list[Family]]]:
    """Return the families of a collector by the name of the metric that they are of."""
    if library.is_plain(collector):
        return [(library.description(collector)[0], [_family(collector)])]
    return [(metric.name, families_of(metric)) for metric in collector.collect() if metric.name not in _OWN]


class _Found:
    """What a registry exposes: of two series that are the same, the first one."""

    def __init__(self) -> None:
        self.families: dict[str, Family] = {}
        self._original: dict[str, str] = {}

    def take(self, families: Iterable[Family], original: str) -> None:
        """Add the families of one metric; `original` is its name before what no name can have became underscores."""
        for family in families:
            known = self.families.setdefault(family.name, family)
            if known is family:
                self._original[family.name] = original
            elif known.kind != family.kind or self._original[family.name] != original:
                left_out.report(original, f"is exposed as {family.name}, which exists already: it is left out")
            else:
                self._extend(known, family)

    def _extend(self, known: Family, family: Family) -> None:
        for labels, point in family.points.items():
            if known.points.setdefault(labels, point) is not point:
                left_out.report(family.name, "has the same series twice: the second one is left out of /metrics")


def _family(metric: Any) -> Family:
    name, kind, text, unit = library.description(metric)
    policy = _policy(metric) if kind == "gauge" else "sum"
    family = Family(exposed_name(name), cast("Kind", kind), text, unit, policy)
    created = library.created
    for names, values, child in library.children(metric):
        if kind in ("counter", "gauge"):
            value, exemplar = library.number(child)
            point: Point = Number(float(value), created(child), exemplar and exemplar_of(exemplar))
        else:
            point = _distribution(child)
        if family.points.setdefault(_labels[names, values], point) is not point:
            left_out.report(family.name, "has two series whose labels are the same on /metrics: one is left out")
    return family


def _policy(metric: Any) -> Policy:
    """Return what a gauge's `multiprocess_mode` says; the library's default, `all`, means one series per worker."""
    return _MODES.get(library.multiprocess_mode(metric).removeprefix("live"), "worker")


def _distribution(child: Any) -> Distribution:
    bounds, counts, total, found = library.distribution(child)
    exemplars = {index: exemplar_of(item) for index, item in enumerate(found) if item is not None}
    return Distribution(bounds[:-1], counts, total, library.created(child), exemplars)


class _Labels(dict[tuple[tuple[str, ...], tuple[str, ...]], str]):
    """Label sets as text, remembered while they are short and not too many: every series is asked for at every scrape."""

    def __missing__(self, key: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
        text = exposed_labels(dict(zip(*key, strict=True)))
        if len(self) >= MEMORY_ENTRIES:
            self.clear()
        if len(text) <= MEMORY_LONGEST:
            self[key] = text
        return text


_labels = _Labels()
