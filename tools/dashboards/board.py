# SPDX-License-Identifier: Apache-2.0
"""A dashboard as data: rows of panels, all with data source variables, descriptions, units, exemplars and drill-down links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, logs, loki, prometheus, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.looks import LOKI, PROMETHEUS, thresholds
from dashboards.now import Stat, Worst

WIDTH: Final = 24
HEIGHT: Final = 8
SERVICE: Final = 'namespace=~"$namespace", app=~"$service"'
"""Matcher of the metrics of the chosen services."""
SERVICE_LOGS: Final = '{k8s_namespace_name=~"$namespace", service_name=~"$service"}'
"""Stream selector of the logs of the chosen services: Loki and Prometheus know a service by the same name."""


@dataclass(frozen=True)
class Metric:
    """A time series panel.

    Attributes:
        queries: legend (with `{{label}}`) to PromQL, or to LogQL if `logs` is true.
        unit: Grafana's unit id.
        thresholds: value to colour, drawn as lines; the alert with the same number is named in the description.
        stacked: draw the series on top of each other.
    """

    title: str
    description: str
    unit: str
    queries: Mapping[str, str]
    thresholds: Mapping[float, str] = field(default_factory=dict)
    stacked: bool = False
    logs: bool = False
    width: int = 12

    def panel(self, to_logs: str) -> timeseries.Panel:
        """Return the panel, with a link to the logs of its time range and service."""
        panel = (
            timeseries.Panel()
            .title(self.title)
            .description(self.description)
            .unit(self.unit)
            .min(0)
            .span(self.width)
            .height(HEIGHT)
            .datasource(LOKI if self.logs else PROMETHEUS)
            .fill_opacity(10)
            .show_points(common_models.VisibilityMode.NEVER)
            .legend(common.VizLegendOptions().display_mode(common_models.LegendDisplayMode.LIST).show_legend(True))
            .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
            .data_links([_logs_link(to_logs)])
            .links([_logs_link(to_logs)])
        )
        for index, (legend, expression) in enumerate(self.queries.items()):
            panel.with_target(self._target(chr(ord("A") + index), legend, expression))
        if self.stacked:
            panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
        if self.thresholds:
            panel.thresholds(thresholds(self.thresholds))
            panel.thresholds_style(
                common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
            )
        return panel

    def _target(self, name: str, legend: str, expression: str) -> prometheus.Dataquery | loki.Dataquery:
        if self.logs:
            return loki.Dataquery().ref_id(name).expr(expression).legend_format(legend).query_type("range")
        # An exemplar is a dot on a histogram that leads to a trace; other queries have none.
        exemplars = "_bucket" in expression
        return prometheus.Dataquery().ref_id(name).expr(expression).legend_format(legend).range().exemplar(exemplars)


@dataclass(frozen=True)
class Logs:
    """A panel of log lines; each line with a trace id links to its trace (derived field of the data source)."""

    title: str
    description: str
    query: str
    width: int = WIDTH
    height: int = 12

    def panel(self, _to_logs: str) -> logs.Panel:
        """Return the panel."""
        return (
            logs.Panel()
            .title(self.title)
            .description(self.description)
            .span(self.width)
            .height(self.height)
            .datasource(LOKI)
            .show_time(True)
            .wrap_log_message(True)
            .enable_log_details(True)
            .sort_order(common_models.LogsSortOrder.DESCENDING)
            .with_target(loki.Dataquery().ref_id("A").expr(self.query).query_type("range").max_lines(500))
        )


@dataclass(frozen=True)
class Board:
    """A dashboard: rows of panels by title, and its variables beside the data sources."""

    uid: str
    title: str
    description: str
    rows: Mapping[str, Sequence[Metric | Logs | Stat | Worst]]
    variables: Sequence[dashboard.QueryVariable | dashboard.TextBoxVariable]

    def build(self) -> models.Dashboard:
        """Return the dashboard in Grafana's model."""
        board = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags(["otel-distro"])
            .refresh("30s")
            .time("now-1h", "now")
            .timezone("browser")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)  # a moment is the same moment in every panel
            .readonly()
            .link(_siblings())
        )
        for variable in (_source("prometheus", "Metrics"), _source("loki", "Logs"), *self.variables):
            board.with_variable(variable)
        for title, panels in self.rows.items():
            board.with_row(dashboard.Row(title))
            for panel in panels:
                board.with_panel(panel.panel(self._to_logs()))
        return board.build()

    def _to_logs(self) -> str:
        """Return the logs dashboard's address for the same time range, and the same namespace and service if chosen here."""
        names = [variable.build().name for variable in self.variables]
        chosen = [f"${{{name}:queryparam}}" for name in names if name in {"namespace", "service"}]
        return "/d/otel-logs/logs?" + "&".join([*chosen, "${__url_time_range}"])


def query_variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """Return a variable that lists a label's values, several choosable, all by default."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        # A line from a file or of Compose has no namespace, and `.+` would hide it; Loki asks for one matcher that is not empty.
        .all_value(".*" if name == "namespace" else ".+")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def service_variables(metric: str) -> tuple[dashboard.QueryVariable, dashboard.QueryVariable]:
    """Return the variables namespace and service, from the series of one metric."""
    return (
        query_variable("namespace", "Namespace", f"label_values({metric}, namespace)"),
        query_variable("service", "Service", f'label_values({metric}{{namespace=~"$namespace"}}, app)'),
    )


def _source(kind: str, label: str) -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable(kind).label(label).type(kind)


def _logs_link(address: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink("Logs of this time range").type(models.DashboardLinkType.LINK).url(address)


def _siblings() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("otel-distro").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags(["otel-distro"]).as_dropdown(True).include_vars(True).keep_time(True)
