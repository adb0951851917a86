# SPDX-License-Identifier: Apache-2.0
"""What the application defines with `prometheus_client`, as families.

The library is never imported here: an application that has not, has nothing there.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

from otel_distro.metrics.families import Distribution, Exemplar, Family, Kind, Number, Policy
from otel_distro.metrics.names import escape, join_labels

# Ours, with a meaning over workers (process.py); the library's default collectors would be a second set.
_OWN_PREFIXES = ("process_", "python_gc_", "python_info")
_KINDS: Mapping[str, Kind] = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "summary": "summary",
    "info": "info",
}
_MODES: Mapping[str, Policy] = {"sum": "sum", "min": "min", "max": "max", "mostrecent": "last"}


def families(*, simple: bool = False) -> Iterator[Family]:
    """Yield the families of the default registry.

    Nothing under PROMETHEUS_MULTIPROC_DIR: such an application merges its processes itself, in files.

    Args:
        simple: Only the library's own metrics: an application's collector may do anything when it is asked.
    """
    values = sys.modules.get("prometheus_client.values")
    registry = getattr(sys.modules.get("prometheus_client.registry"), "REGISTRY", None)
    if registry is None or getattr(values, "ValueClass", None) is not getattr(values, "MutexValue", None):
        return
    collectors = _collectors(registry)
    for metric in registry.collect() if not simple else _simple(collectors):
        if not metric.name.startswith(_OWN_PREFIXES):
            yield family_of(metric, policy_of(collectors.get(metric.name)))


def _collectors(registry: Any) -> Mapping[str, Any]:
    """Return the collectors by the names of their series."""
    return getattr(registry, "_names_to_collectors", {})


def _simple(collectors: Mapping[str, Any]) -> Iterator[Any]:
    for collector in dict.fromkeys(collectors.values()):
        if type(collector).__module__.startswith("prometheus_client."):
            yield from collector.collect()


def policy_of(collector: Any) -> Policy:
    """Return what a gauge's `multiprocess_mode` says; the library's default, `all`, means one series per worker."""
    mode = str(getattr(collector, "_multiprocess_mode", "all")).removeprefix("live")
    return _MODES.get(mode, "worker")


def family_of(metric: Any, policy: Policy) -> Family:
    """Translate one metric of the library."""
    kind = _KINDS.get(metric.type, "unknown")
    family = Family(metric.name, kind, metric.documentation, metric.unit, "sum" if kind != "gauge" else policy)
    if kind in ("histogram", "summary"):
        _distributions(family, metric)
    else:
        _numbers(family, metric)
    return family


def _numbers(family: Family, metric: Any) -> None:
    for sample in metric.samples:
        labels = join_labels(sample.labels)
        if sample.name == metric.name + "_created":
            number = family.points.get(labels)
            if number is not None:
                number.created = sample.value
        else:
            family.points[labels] = Number(float(sample.value), None, _exemplar(sample.exemplar))


def _distributions(family: Family, metric: Any) -> None:
    """Put a histogram or a summary together again from its samples; quantiles have no meaning over workers."""
    found: dict[str, dict[float, Any]] = {}
    for sample in metric.samples:
        le = sample.labels.get("le")
        labels = join_labels({name: value for name, value in sample.labels.items() if name != "le"})
        point = cast("Distribution", family.points.setdefault(labels, Distribution((), [0.0], 0.0)))
        if le is not None:
            found.setdefault(labels, {})[float(le)] = sample
        elif sample.name.endswith("_sum"):
            point.sum = sample.value
        elif sample.name.endswith("_created"):
            point.created = sample.value
        elif sample.name.endswith("_count") and family.kind == "summary":
            point.counts = [sample.value]
    for labels, buckets in found.items():
        _fill(cast("Distribution", family.points[labels]), buckets)


def _fill(point: Distribution, buckets: Mapping[float, Any]) -> None:
    bounds = sorted(buckets)
    point.bounds = tuple(bound for bound in bounds if bound != math.inf)
    below, point.counts = 0.0, []
    for index, bound in enumerate(bounds):
        point.counts.append(buckets[bound].value - below)
        below = buckets[bound].value
        exemplar = _exemplar(buckets[bound].exemplar)
        if exemplar is not None:
            point.exemplars[index] = exemplar


def _exemplar(found: Any) -> Exemplar | None:
    if found is None:
        return None
    labels = ",".join(f'{name}="{escape(value)}"' for name, value in found.labels.items())
    return Exemplar(labels, found.value, found.timestamp or 0.0)
