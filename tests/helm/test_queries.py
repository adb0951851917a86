# SPDX-License-Identifier: Apache-2.0
"""Every expression of every dashboard and rule, against real Prometheus and Loki's door behind the chat example under load.

The targets carry the labels that the operator and our monitors give them in a cluster.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo.stack import CHAT_DIRECTORY
from demo.traffic import calls, send
from support.expressions import (
    Selector,
    dashboard_queries,
    documented,
    read_rules,
    rule_queries,
    selectors,
    variable_metrics,
)
from testbed.collector import Collector, reading
from testbed.lines import append, cri, pod_log
from testbed.loki import Loki, await_rows, loki_for_tests
from testbed.otlp_receiver import OtlpReceiver
from testbed.scraping import Prometheus
from testbed.server import eventually
from testbed.services import Service

TARGET_LABELS = {"namespace", "app", "pod", "instance", "job"}
ROUNDS, CALLS = 12, 24
METRIC_VARIABLES = {"$namespace": ".*", "$service": ".+", "$node": ".+", "$__rate_interval": "1m"}
PROMETHEUS = sorted(set(dashboard_queries("prometheus")))
LOKI = sorted(set(dashboard_queries("loki")))
RULES = sorted(set(rule_queries()))


@dataclass(frozen=True)
class Observed:
    prometheus: Prometheus
    loki: Loki
    trace_id: str


@pytest.fixture(scope="module")
def observed(tmp_path_factory) -> Iterator[Observed]:
    """The chat example, loaded; its metrics in Prometheus with the rules, its lines in Loki, its spans in the Collector."""
    folder = tmp_path_factory.mktemp("observed")
    with ExitStack() as parts:
        store, loki = parts.enter_context(OtlpReceiver()), parts.enter_context(loki_for_tests(folder / "loki"))
        traces = {"TRACES_OTLP_ENDPOINT": store.endpoint, "COLLECTOR_TRACES_EXPORTERS": "[otlp_http/traces]"}
        variables = reading(folder / "logs", loki) | traces
        collector = parts.enter_context(Collector(folder / "collector", variables))
        common = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.otlp_http, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        common["OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"] = "true"
        services = {}
        for name in ("inference", "chat-api"):
            own = {"OTEL_SERVICE_NAME": name, "INFERENCE_URL": services["inference"].url if services else ""}
            application = f"{name.replace('-', '_')}:app"
            services[name] = parts.enter_context(Service(application, CHAT_DIRECTORY, common | own))
        targets = {name: (service.admin_url, "shop") for name, service in services.items()}
        targets |= {"otel-collector-gateway": (f"http://{collector.metrics_address}", "monitoring")}
        prometheus = parts.enter_context(_prometheus(folder, targets | {"loki": (loki.url, "monitoring")}))
        _load(services, folder / "logs")
        (row, *_) = await_rows(loki, '{service_name="chat-api"} | trace_id != ``', 10)
        count = "sum(http_server_request_duration_seconds_count{app='chat-api'})"
        prometheus.until(lambda p: p.query(count) == ROUNDS * CALLS)
        prometheus.until(lambda p: p.query("sum(otelcol_exporter_sent_spans_total)"), 30)
        yield Observed(prometheus, loki, row.metadata["trace_id"])


def _prometheus(folder: Path, targets: dict[str, tuple[str, str]]) -> Prometheus:
    """Scrape each target with the labels that it has in a cluster."""
    (folder / "rules").mkdir()
    configs = [
        {
            "targets": [url.removeprefix("http://")],
            "labels": {"app": app, "namespace": namespace, "pod": f"{app}-0"}
            if app != "loki"
            else {"namespace": namespace},
        }
        for app, (url, namespace) in targets.items()
    ]
    job = {"static_configs": configs, "scrape_interval": "1s", "scrape_timeout": "1s"}
    return Prometheus("127.0.0.1:1", folder, job, rule_files=read_rules(folder / "rules"))


def _load(services: dict[str, Service], logs: Path) -> None:
    """Send requests for some seconds, some of them failing, and write the services' lines where a node has them."""
    written = dict.fromkeys(services, 0)
    for _ in range(ROUNDS):
        send(services["chat-api"].url, calls(CALLS), lambda _progress: None)
        for name, service in services.items():
            path = pod_log(logs, name, f"shop_{name}-7d9f-x1_0f1e2d3c-1111-2222-3333-444455556666")
            lines = service.stdout[written[name] :]
            append(path, *(cri(line) for line in lines))
            written[name] += len(lines)
        time.sleep(0.5)  # a rate needs samples that are seconds apart


def named(queries: list[tuple[str, str]]) -> list[str]:
    """Return test ids: the panel or rule, numbered where it has several expressions."""
    return [f"{where} {index}" for index, (where, _) in enumerate(queries)]


def filled(expression: str) -> str:
    for variable, value in METRIC_VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def parsed(prometheus: Prometheus, expression: str) -> list[Selector]:
    return list(selectors(prometheus.get("parse_query", query=filled(expression))))


def emitted(prometheus: Prometheus) -> set[str]:
    return set(prometheus.get("label/__name__/values"))


def unknown(prometheus: Prometheus, found: list[Selector]) -> Iterator[str]:
    """Yield what no target of this test emits and no list documents."""
    names = emitted(prometheus)
    for selector in found:
        metrics = {name for name in names | documented().keys() if re.fullmatch(selector.matcher, name)}
        if not metrics:
            yield f"no metric {selector.matcher}"
        for label in selector.labels - TARGET_LABELS:
            carriers = [m for m in metrics if label in documented().get(m, ()) or _has_label(prometheus, m, label)]
            if not carriers:
                yield f"{selector.matcher} has no label {label}"


def _has_label(prometheus: Prometheus, metric: str, label: str) -> bool:
    return bool(prometheus.get("query", query=f'{{__name__="{metric}", {label}!=""}}')["result"])


@pytest.mark.parametrize(("where", "expression"), [*PROMETHEUS, *RULES], ids=named([*PROMETHEUS, *RULES]))
def test_names_only_metrics_and_labels_that_exist(observed, where, expression):
    assert list(unknown(observed.prometheus, parsed(observed.prometheus, expression))) == []


@pytest.mark.parametrize(("where", "expression"), PROMETHEUS, ids=named(PROMETHEUS))
def test_panel_has_data(observed, where, expression):
    """A panel whose metrics are all emitted here shows something; the others at least run."""
    found = parsed(observed.prometheus, expression)
    result = observed.prometheus.get("query", query=filled(expression))["result"]
    if {selector.matcher for selector in found} <= emitted(observed.prometheus):
        assert result != []


@pytest.mark.parametrize(("where", "expression"), RULES, ids=named(RULES))
def test_rule_runs(observed, where, expression):
    """Recording rules have recorded; each selector of an alert on metrics that are emitted here finds series."""
    prometheus = observed.prometheus
    prometheus.get("query", query=expression)
    if ":" in where:
        assert prometheus.until(lambda p: p.get("query", query=where)["result"]) != []


def test_no_rule_failed_and_the_watchdog_fires(observed):
    groups = observed.prometheus.get("rules")["groups"]
    rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert len(rules) == len(RULES)
    failed = {name: rule["lastError"] for name, rule in rules.items() if rule.get("lastError")}
    assert failed == {}
    assert rules["Watchdog"]["state"] == "firing"
    assert {name for name, rule in rules.items() if rule["health"] not in {"ok", "unknown"}} == set()


@pytest.mark.parametrize(("where", "expression"), LOKI, ids=named(LOKI))
def test_log_panel_has_data(observed, where, expression):
    # Nothing here takes a second; a threshold of none shows that the field is there.
    query = expression.replace("duration_ms > 1000", "duration_ms > 0")
    for variable, value in {
        "$namespace": ".*",
        "$service": ".+",
        "$search": "",
        "$trace": observed.trace_id,
        "$__auto": "10m",
    }.items():
        query = query.replace(variable, value)
    metric = expression.startswith(("sum", "avg"))
    find = (lambda: observed.loki.value(query)) if metric else (lambda: observed.loki.rows(query))
    assert eventually(find, 20.0, where)


def test_dashboard_variables_list_something(observed):
    metrics = set(variable_metrics())
    assert len(metrics) >= 5
    assert metrics - emitted(observed.prometheus) - documented().keys() == set()


def test_the_lists_hold_nothing_that_is_unused(observed):
    """A documented metric that no expression names does not belong into helm/observability/metrics."""
    expressions = [expression for _, expression in (*PROMETHEUS, *RULES)]
    used = {selector.matcher for expression in expressions for selector in parsed(observed.prometheus, expression)}
    used |= set(variable_metrics())
    assert {name for name in documented() if not any(re.fullmatch(pattern, name) for pattern in used)} == set()


def test_one_trace_of_the_load_crosses_both_services(observed):
    """What the link from an exemplar or a line leads to: the lines of one trace, from both services."""
    posted = observed.loki.rows('{service_name="inference"} |= `answer generated`')
    query = f'{{service_name=~".+"}} | trace_id="{posted[0].metadata["trace_id"]}"'
    assert {row.labels["service_name"] for row in observed.loki.rows(query)} == {"chat-api", "inference"}


def test_panels_whose_metrics_are_all_here_are_the_greater_part(observed):
    """The check above is not an empty one: only what needs a cluster, Kafka or a fault is excused from showing data."""
    here = emitted(observed.prometheus)
    excused = {
        where
        for where, expression in PROMETHEUS
        if not {selector.matcher for selector in parsed(observed.prometheus, expression)} <= here
    }
    assert {where.partition(":")[0] for where in excused} == {"node", "pipeline", "collector"}
    losses = {"collector: Refused and failed per second", "collector: Discarded lines per second"}
    assert {where for where in excused if where.startswith("collector")} == losses
