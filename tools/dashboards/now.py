# SPDX-License-Identifier: Apache-2.0
"""What a person reads first: one number each for now, and a table of the worst."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, prometheus, stat, table
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from dashboards.looks import PROMETHEUS, thresholds

STAT_HEIGHT = 4


@dataclass(frozen=True)
class Stat:
    """One number, coloured by thresholds, with its recent past as a line behind it."""

    title: str
    description: str
    unit: str
    query: str
    thresholds: Mapping[float, str] = field(default_factory=dict)
    width: int = 4

    def panel(self, _to_logs: str) -> stat.Panel:
        """Return the panel."""
        return (
            stat.Panel()
            .title(self.title)
            .description(self.description)
            .unit(self.unit)
            .span(self.width)
            .height(STAT_HEIGHT)
            .datasource(PROMETHEUS)
            .graph_mode(common_models.BigValueGraphMode.AREA)
            .color_mode(common_models.BigValueColorMode.VALUE)
            .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            .thresholds(thresholds(self.thresholds))
            .with_target(prometheus.Dataquery().ref_id("A").expr(self.query).range())
        )


@dataclass(frozen=True)
class Worst:
    """A table of what is worst now: labels and one value a row, the largest first."""

    title: str
    description: str
    unit: str
    query: str
    width: int = 12
    height: int = 8

    def panel(self, _to_logs: str) -> table.Panel:
        """Return the panel."""
        target = prometheus.Dataquery().ref_id("A").expr(self.query).instant()
        return (
            table.Panel()
            .title(self.title)
            .description(self.description)
            .unit(self.unit)
            .span(self.width)
            .height(self.height)
            .datasource(PROMETHEUS)
            .sort_by([common.TableSortByFieldState().display_name("Value").desc(True)])
            .with_target(target.format(prometheus_models.PromQueryFormat.TABLE))
        )
