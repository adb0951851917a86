# SPDX-License-Identifier: Apache-2.0
"""The text formats, as Prometheus' own parsers read them."""

import math

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from otel_distro.metrics import exposition
from otel_distro.metrics.exposition import OPEN_METRICS, TEXT, choose, render
from otel_distro.metrics.families import Distribution, Exemplar, Family, Number

EXEMPLAR = Exemplar('trace_id="ab",span_id="cd"', 0.5, 1700000000.25)
FAMILIES = [
    Family("latency_seconds", "histogram", 'The "time"\nit takes \\.', "seconds"),
    Family("orders", "counter", "Orders."),
    Family("rooms", "gauge", "Rooms."),
    Family("build", "info", "Build."),
    Family("size_bytes", "summary", "Sizes.", "bytes"),
    Family("nothing", "counter", "No points."),
]
FAMILIES[0].points['a="1"'] = Distribution((0.1, 1.0), [1, 2, 3], 9.5, None, {1: EXEMPLAR})
FAMILIES[1].points[""] = Number(7, 1600000000.0, EXEMPLAR)
FAMILIES[2].points['a="x"'] = Number(math.nan)
FAMILIES[2].points['a="y"'] = Number(-math.inf)
FAMILIES[3].points['version="1"'] = Number(1)
FAMILIES[4].points[""] = Distribution((), [4], 10)


def samples(families):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not math.isnan(sample.value)
    }


BOTH = {
    ("latency_seconds_bucket", (("a", "1"), ("le", "0.1"))): 1,
    ("latency_seconds_bucket", (("a", "1"), ("le", "1.0"))): 3,
    ("latency_seconds_bucket", (("a", "1"), ("le", "+Inf"))): 6,
    ("latency_seconds_count", (("a", "1"),)): 6,
    ("latency_seconds_sum", (("a", "1"),)): 9.5,
    ("orders_total", ()): 7,
    ("orders_created", ()): 1600000000.0,
    ("rooms", (("a", "y"),)): -math.inf,
    ("build_info", (("version", "1"),)): 1,
    ("size_bytes_count", ()): 4,
    ("size_bytes_sum", ()): 10,
}


def test_the_text_format_says_everything_but_exemplars():
    page = render(FAMILIES, TEXT).decode()
    assert samples(parse_text(page)) == BOTH
    assert "trace_id" not in page
    assert '# HELP latency_seconds The "time"\\nit takes \\\\.\n' in page
    assert "nothing" not in page


def test_open_metrics_says_everything():
    page = render(FAMILIES, OPEN_METRICS).decode()
    families = {family.name: family for family in parse_open_metrics(page)}
    assert samples(families.values()) == BOTH
    assert families["latency_seconds"].documentation == 'The "time"\nit takes \\.'
    assert families["latency_seconds"].unit == "seconds"
    kinds = {name: family.type for name, family in families.items()}
    assert kinds == {
        "latency_seconds": "histogram",
        "orders": "counter",
        "rooms": "gauge",
        "build": "info",
        "size_bytes": "summary",
    }


def test_exemplars_stand_on_their_bucket_and_counter():
    found = {
        sample.labels.get("le", "counter"): sample.exemplar
        for family in parse_open_metrics(render(FAMILIES, OPEN_METRICS).decode())
        for sample in family.samples
        if sample.exemplar
    }
    assert set(found) == {"1.0", "counter"}
    assert found["1.0"].labels == {"trace_id": "ab", "span_id": "cd"}
    assert (found["1.0"].value, float(found["1.0"].timestamp)) == (0.5, 1700000000.25)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain", TEXT),
        ("application/openmetrics-text", OPEN_METRICS),
        ("application/openmetrics-text; version=1.0.0, text/plain", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1", OPEN_METRICS),
        ("application/openmetrics-text;q=0.1,text/plain;version=0.0.4;q=0.3", TEXT),
        ("application/openmetrics-text;q=rubbish", TEXT),
        (";;,,;q=", TEXT),
    ],
)
def test_the_format_that_the_client_prefers(accept, form):
    assert choose(accept) is form


def test_surrogates_and_foreign_letters_are_written_as_far_as_they_can_be():
    family = Family("orders", "counter", "Köln \ud800", points={'city="Köln"': Number(1)})
    assert 'orders_total{city="Köln"} 1.0' in render([family], TEXT).decode()


def test_numbers_are_written_as_go_reads_them():
    assert [exposition.number(value) for value in (1, 0.1, 1e21, math.inf, -math.inf)] == [
        "1.0",
        "0.1",
        "1e+21",
        "+Inf",
        "-Inf",
    ]
