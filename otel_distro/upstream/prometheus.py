# SPDX-License-Identifier: Apache-2.0
"""What `prometheus_client` keeps to itself, under clear names: for /metrics.

The library's own way to its numbers makes four objects per series (7 us each); reading where it keeps them costs a
tenth. Version tested: 0.26. The library is never imported here: an application that has not, has nothing there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

_MODULE = "prometheus_client.metrics"
_NUMBERS = ("collect", "_child_samples", "_multi_samples", "_samples")


def default_registry() -> Any | None:
    """Return the library's default registry; None if nobody has imported it, or it merges processes in files itself."""
    values = sys.modules.get("prometheus_client.values")
    if getattr(values, "ValueClass", None) is not getattr(values, "MutexValue", None):
        return None  # PROMETHEUS_MULTIPROC_DIR: such an application leaves nothing to us
    return getattr(sys.modules.get("prometheus_client.registry"), "REGISTRY", None)


def collectors(registry: Any) -> list[Any]:
    """Return what has been registered."""
    with registry._lock:
        return list(registry._collector_to_names)


def is_plain(collector: Any) -> bool:
    """Whether a collector is one of the library's own counters, gauges, histograms and summaries.

    A subclass is, too, unless it has another way to its numbers.
    """
    kind = _kind(collector)
    return kind is not None and all(getattr(type(collector), name) is getattr(kind, name) for name in _NUMBERS)


def _kind(collector: Any) -> type | None:
    names = ("Counter", "Gauge", "Histogram", "Summary")
    return next(
        (kind for kind in type(collector).__mro__ if kind.__module__ == _MODULE and kind.__name__ in names), None
    )


def runs_foreign_code(collector: Any) -> bool:
    """Whether code of the application's runs when a collector is asked: its own collectors, `Gauge.set_function`."""
    if not is_plain(collector):
        return type(collector).__module__.partition(".")[0] != "prometheus_client"
    return collector._type == "gauge" and any("_child_samples" in child.__dict__ for *_, child in children(collector))


def name_of(collector: Any) -> str:
    """Return the name of a metric, or the class of a collector that has none."""
    return str(getattr(collector, "_name", type(collector).__name__))


def description(metric: Any) -> tuple[str, str, str, str]:
    """Return a plain metric's name, type, help and unit."""
    return metric._name, metric._type, metric._documentation, metric._unit


def multiprocess_mode(metric: Any) -> str:
    """Return what a gauge says about several processes."""
    return str(getattr(metric, "_multiprocess_mode", "all"))


def children(metric: Any) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Any]]:
    """Yield label names, label values and the place of the numbers for every series of a plain metric."""
    if not metric._is_parent():
        yield (), (), metric
        return
    with metric._lock:
        found = list(metric._metrics.items())
    for values, child in found:
        yield metric._labelnames, values, child


def created(child: Any) -> float | None:
    """Return since when it counts, unless the application wants no such series."""
    return getattr(child, "_created", None) if sys.modules[_MODULE]._use_created else None


def number(child: Any) -> tuple[float, Any]:
    """Return the value of a counter or a gauge and its exemplar."""
    if "_child_samples" in child.__dict__:  # Gauge.set_function
        return child._child_samples()[0].value, None
    place = child._value
    return place._value, place._exemplar  # each is one reference: no lock is needed to read it


def distribution(child: Any) -> tuple[tuple[float, ...], list[float], float, list[Any]]:
    """Return bounds (the last one +Inf), counts, sum and exemplars of a histogram; a summary has one bucket."""
    if not hasattr(child, "_buckets"):
        return (), [child._count.get()], child._sum.get(), []
    buckets = child._buckets
    exemplars = [bucket._exemplar for bucket in buckets]
    return tuple(child._upper_bounds), [bucket._value for bucket in buckets], child._sum.get(), exemplars
