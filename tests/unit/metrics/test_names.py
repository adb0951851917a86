# SPDX-License-Identifier: Apache-2.0
"""Names come out as upstream's exporter makes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.prometheus._mapping import map_unit, sanitize_attribute, sanitize_full_name
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from otel_distro.metrics.names import family_name, join_labels, label_name, label_texts, unit_name

NAMES = st.one_of(
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.\-/]{0,30}", fullmatch=True),
    st.sampled_from(["items_total", "items.total", "9lives", "http.server.duration", "x_seconds", "a:b"]),
)
UNITS = st.sampled_from(["", "1", "s", "ms", "By", "By/s", "{request}", "m/s", "1/min", "%", "KiBy", "widget", "a b/c"])


@given(UNITS)
def test_units_are_upstream_s(unit):
    assert unit_name(unit) == map_unit(unit)


@given(NAMES, UNITS)
def test_gauges_are_named_as_upstream_names_them(name, unit):
    expected = GaugeMetricFamily(sanitize_full_name(name), "", unit=map_unit(unit)).name
    assert family_name(name, unit, counter=False) == expected


@given(NAMES, UNITS)
def test_counters_are_named_as_upstream_names_them(name, unit):
    expected = CounterMetricFamily(sanitize_full_name(name), "", unit=map_unit(unit)).name
    assert family_name(name, unit, counter=True) == expected


@given(st.text(min_size=1, max_size=40))
def test_label_names_are_upstream_s(key):
    assert label_name(key) == sanitize_attribute(key)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(min_size=1, max_size=40), max_size=4))
def test_any_text_survives_as_a_label_s_value(attributes):
    labels = join_labels(label_texts(attributes))
    page = f"metric{{{labels}}} 1.0\n" if labels else "metric 1.0\n"
    (family,) = text_string_to_metric_families(page)
    expected = {key: value.encode("utf-8", "replace").decode() for key, value in attributes.items()}
    assert family.samples[0].labels == expected


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (None, ""),
        ({"b": 1, "a": "x"}, 'a="x",b="1"'),
        ({"flag": True, "ratio": 0.5}, 'flag="true",ratio="0.5"'),
        ({"list": ["a", 1]}, r'list="[\"a\", 1]"'),
        ({"empty": "", "a": "x"}, 'a="x"'),
        ({"a.b": "1", "a_b": "2"}, 'a_b="1;2"'),
        ({"a": 'say "hi"\n\\'}, r'a="say \"hi\"\n\\"'),
        ({"a": "\ud800"}, 'a="?"'),
    ],
)
def test_attributes_as_label_text(attributes, text):
    assert join_labels(label_texts(attributes)) == text
