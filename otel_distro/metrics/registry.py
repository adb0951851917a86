# SPDX-License-Identifier: Apache-2.0
"""What the application defines with `prometheus_client`, as families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Policy
from otel_distro.metrics.names import escape, join_labels
from otel_distro.metrics.samples import family_of
from otel_distro.upstream import prometheus as library

# Ours, with a meaning over workers (process.py); the library's default collectors would be a second set.
OWN_PREFIXES = ("process_", "python_gc_", "python_info")
_MODES: Mapping[str, Policy] = {"sum": "sum", "min": "min", "max": "max", "mostrecent": "last"}


def families(*, plain: bool = False) -> Iterator[Family]:
    """Yield the families of the default registry.

    Args:
        plain: Only the library's own metrics: an application's collector may do anything when it is asked.
    """
    registry = library.default_registry()
    for collector in library.collectors(registry) if registry is not None else ():
        if library.is_plain(collector):
            yield _family(collector)
        elif not plain:
            yield from (family_of(metric) for metric in collector.collect() if not metric.name.startswith(OWN_PREFIXES))


def _family(metric: Any) -> Family:
    name, kind, text, unit = library.description(metric)
    family = Family(name, cast("Kind", kind), text, unit, _policy(metric) if kind == "gauge" else "sum")
    created = library.created
    for names, values, child in library.children(metric):
        labels = _labels(names, values)
        if kind in ("counter", "gauge"):
            value, exemplar = library.number(child)
            family.points[labels] = Number(value, created(child), exemplar and exemplar_of(exemplar))
        else:
            family.points[labels] = _distribution(child)
    return family


def _policy(metric: Any) -> Policy:
    """Return what a gauge's `multiprocess_mode` says; the library's default, `all`, means one series per worker."""
    return _MODES.get(library.multiprocess_mode(metric).removeprefix("live"), "worker")


def _distribution(child: Any) -> Distribution:
    bounds, counts, total, found = library.distribution(child)
    exemplars = {index: exemplar_of(item) for index, item in enumerate(found) if item is not None}
    return Distribution(bounds[:-1], counts, total, library.created(child), exemplars)


@lru_cache(maxsize=16_384)
def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return join_labels(dict(zip(names, values, strict=True)))


def exemplar_of(found: Any) -> Exemplar:
    """Translate an exemplar of the library."""
    labels = ",".join(f'{name}="{escape(value)}"' for name, value in found.labels.items())
    return Exemplar(labels, found.value, found.timestamp or 0.0)
