# SPDX-License-Identifier: Apache-2.0
"""Our translation and our text in place of what upstream's Prometheus reader shows."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from prometheus_client import metrics_core
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from conformance.counts import uses

_CLASSES = {
    "counter": metrics_core.CounterMetricFamily,
    "gauge": metrics_core.GaugeMetricFamily,
    "histogram": metrics_core.HistogramMetricFamily,
    "info": metrics_core.InfoMetricFamily,
}


def patch_prometheus(module: ModuleType) -> None:
    """Have upstream's collector translate and write with ours; what ours wrote is parsed for upstream's tests."""
    from otel_distro.metrics import target
    from otel_distro.metrics.exposition import OPEN_METRICS, render
    from otel_distro.metrics.families import Families, merge
    from otel_distro.metrics.presentation import Presentation
    from otel_distro.metrics.translate import families_of

    class Collector(module._CustomCollector):  # noqa: SLF001 - the class that upstream's tests build
        def collect(self) -> Iterator[Any]:
            if self._callback is not None:
                self._callback()
            families: Families = {}
            if self._metrics_datas and not self._disable_target_info:
                for resource in self._metrics_datas[0].resource_metrics:
                    merge(families, target.families(resource.resource.attributes))
            while self._metrics_datas:
                data = self._metrics_datas.popleft()
                presentation = Presentation(self._prefix, self._scope_info_enabled, self._labels_of(data))
                merge(families, families_of(data, presentation))
            uses["metrics rendered"] += len(families)
            for family in text_string_to_metric_families(render(families.values(), OPEN_METRICS).decode()):
                family.__class__ = _CLASSES.get(family.type, type(family))  # which upstream's tests compare
                yield family

        def _labels_of(self, data: Any) -> dict[str, Any]:
            """Return the resource attributes that upstream's filter keeps; ours is a list of patterns."""
            keep = self._resource_attribute_filter
            if keep is None:
                return {}
            found = (each.resource.attributes.items() for each in data.resource_metrics)
            return {key: value for attributes in found for key, value in attributes if keep(key)}

    module._CustomCollector = Collector  # noqa: SLF001
