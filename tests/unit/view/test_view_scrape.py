# SPDX-License-Identifier: Apache-2.0
"""A page of metrics is read once; after that, what has changed."""

from otel_distro.view.query.metrics import percentiles_of, rates
from otel_distro.view.scrape import Page

FIRST = """# TYPE target info
target_info{service_name="shop"} 1.0
# TYPE items counter
items_total{kind="a \\"b\\""} 3.0
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1.0 # {trace_id="abc"} 0.05 1.0
seconds_bucket{le="+Inf"} 2.0
seconds_count 2.0
seconds_sum 1.05
# EOF
"""


def test_points_have_labels_buckets_and_exemplars() -> None:
    items, seconds = Page().read(FIRST, 10)
    assert (items.service, items.name, items.kind, items.labels, items.value) == (
        "shop",
        "items_total",
        "counter",
        '{"kind":"a \\"b\\""}',
        3.0,
    )
    assert (seconds.name, seconds.kind, seconds.value) == ("seconds", "histogram", [1.05, {"0.1": 1.0, "+Inf": 2.0}])
    assert seconds.exemplars == (("0.1", 0.05, "abc"),)


def test_what_stands_still_is_not_told_again_and_a_rate_begins_at_the_last_look() -> None:
    page = Page()
    page.read(FIRST, 10)
    assert page.read(FIRST, 20) == []
    changed = page.read(FIRST.replace("3.0", "5.0"), 30)
    assert [(point.time, point.value) for point in changed] == [(20, 3.0), (30, 5.0)]
    born = page.read(FIRST.replace("3.0", "5.0") + "more_total 4.0\n", 40)
    assert [(point.time, point.value) for point in born] == [(30, 0.0), (40, 4.0)]


def test_what_a_service_has_counted_before_the_first_look_counts_from_where_it_began() -> None:
    page = Page(begun_ns=5)
    points = page.read(FIRST + "# TYPE rooms gauge\nrooms 7.0\n", 10)
    assert [(point.name, point.time, point.value) for point in points] == [
        ("items_total", 5, 0.0),
        ("items_total", 10, 3.0),
        ("seconds", 5, [0.0, {"0.1": 0.0, "+Inf": 0.0}]),
        ("seconds", 10, [1.05, {"0.1": 1.0, "+Inf": 2.0}]),
        ("rooms", 10, 7.0),
    ]


def test_a_gauge_that_comes_later_was_not_zero_before() -> None:
    page = Page()
    page.read(FIRST, 10)
    born = page.read(FIRST + "# TYPE rooms gauge\nrooms 7.0\n", 20)
    assert [(point.name, point.time, point.value) for point in born] == [("rooms", 20, 7.0)]


def test_a_counter_that_begins_anew_has_no_negative_rate() -> None:
    second = 10**9
    assert rates([(0, 5.0), (second, 7.0), (2 * second, 1.0)]) == [(1000.0, 2.0), (2000.0, 1.0)]


def test_percentiles_are_linear_within_a_bucket() -> None:
    assert percentiles_of(["1", "2", "+Inf"], [0, 100, 0]) == {"p50": 1.5, "p95": 1.95, "p99": 1.99}
    assert percentiles_of(["1", "+Inf"], [0, 0]) is None
