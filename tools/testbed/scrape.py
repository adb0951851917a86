# SPDX-License-Identifier: Apache-2.0
"""Read a /metrics page the way Prometheus does."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Exemplar, Sample

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TEXT = "text/plain; version=0.0.4"


@dataclass(frozen=True)
class Scrape:
    """One parsed page."""

    body: str
    content_type: str
    families: dict[str, Metric] = field(repr=False)

    def samples(self, name: str, **labels: str) -> list[Sample]:
        """Return the samples of this name whose labels include the given ones."""
        return [sample for sample in self._all() if sample.name == name and labels.items() <= sample.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum over the samples of this name and these labels, 0 if there are none."""
        return sum(sample.value for sample in self.samples(name, **labels))

    def exemplars(self, name: str) -> list[Exemplar]:
        return [sample.exemplar for sample in self.samples(name) if sample.exemplar]

    def _all(self) -> Iterable[Sample]:
        return (sample for family in self.families.values() for sample in family.samples)


def scrape(url: str, accept: str = OPENMETRICS, *, timeout: float = 10.0) -> Scrape:
    """Fetch and parse one page.

    Args:
        url: Of the page, or of the server, whose /metrics is meant.
        accept: The Accept header, `OPENMETRICS` or `TEXT`.
        timeout: Seconds.

    Raises:
        urllib.error.URLError: If it cannot be had.
        ValueError: If it does not parse, or a family comes twice.
    """
    page = url if url.endswith("metrics") else f"{url}/metrics"
    request = urllib.request.Request(page, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        body, content_type = response.read().decode(), response.headers["Content-Type"]
    return parse(body, content_type)


def parse(body: str, content_type: str) -> Scrape:
    """Parse a page in the format that its content type names."""
    parser: Callable[[str], Iterable[Metric]] = parse_openmetrics if "openmetrics" in content_type else parse_text
    families: dict[str, Metric] = {}
    for family in parser(body):
        if family.name in families:
            raise ValueError(f"the family {family.name} comes twice")
        families[family.name] = family
    return Scrape(body, content_type, families)


def histogram_quantile(quantile: float, buckets: Iterable[Sample]) -> float:
    """Estimate a quantile as PromQL's function of the same name does.

    Args:
        quantile: Between 0 and 1.
        buckets: The `_bucket` samples of one or more series; same bounds are added up.

    Returns:
        The estimate in the unit of the bounds; NaN without observations.
    """
    cumulative: dict[float, float] = {}
    for bucket in buckets:
        bound = float(bucket.labels["le"])
        cumulative[bound] = cumulative.get(bound, 0.0) + bucket.value
    total = max(cumulative.values(), default=0.0)
    rank, lower, below = quantile * total, 0.0, 0.0
    for bound, count in sorted(cumulative.items()):
        if total and count >= rank:
            return lower if bound == float("inf") else lower + (bound - lower) * (rank - below) / (count - below or 1)
        lower, below = bound, count
    return float("nan")
