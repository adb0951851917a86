# SPDX-License-Identifier: Apache-2.0
"""How the numbers of several processes become one."""

import pytest

from otel_distro.metrics.families import Distribution, Exemplar, Family, Number, merge, negative


def family(kind, value, policy="sum", labels='a="1"', name="metric"):
    return Family(name, kind, "Help.", policy=policy, points={labels: Number(value)})


def merged(*families):
    total = {}
    for slot, item in enumerate(families, 1):
        merge(total, [item], str(slot))
    return total["metric"].points


def values(points):
    return {labels: point.value for labels, point in points.items()}


def test_counters_are_added():
    assert values(merged(family("counter", 1), family("counter", 2), family("counter", 3))) == {'a="1"': 6}


@pytest.mark.parametrize(("policy", "value"), [("sum", 6), ("max", 3), ("min", 1), ("last", 2)])
def test_gauges_follow_their_policy(policy, value):
    assert values(merged(*(family("gauge", item, policy) for item in (1, 3, 2)))) == {'a="1"': value}


def test_other_gauges_are_told_apart_by_worker():
    assert values(merged(family("gauge", 1, "worker"), family("gauge", 2, "worker", labels=""))) == {
        'a="1",worker="1"': 1,
        'worker="2"': 2,
    }


def test_merging_changes_nothing_of_what_was_merged():
    one = Family("metric", "histogram", "", points={"": Distribution((1.0,), [1, 2], 3)})
    total = {}
    merge(total, [one])
    merge(total, [one])
    assert one.points[""] == Distribution((1.0,), [1, 2], 3)
    assert total["metric"].points[""] == Distribution((1.0,), [2, 4], 6)


def test_the_newest_exemplar_of_a_bucket_and_the_earliest_beginning_stand():
    old, new = Exemplar('trace_id="1"', 1, 100.0), Exemplar('trace_id="2"', 1, 200.0)
    one = Distribution((1.0,), [1, 0], 1, 50.0, {0: new, 1: old})
    other = Distribution((1.0,), [1, 0], 1, 40.0, {0: old})
    total = {}
    merge(
        total,
        [Family("metric", "histogram", "", points={"": one}), Family("metric", "histogram", "", points={"": other})],
    )
    point = total["metric"].points[""]
    assert (point.created, point.exemplars) == (40.0, {0: new, 1: old})


def test_histograms_of_different_bounds_stay_apart():
    points = merged(
        Family("metric", "histogram", "", points={'a="1"': Distribution((1.0,), [1, 1], 2)}),
        Family("metric", "histogram", "", points={'a="1"': Distribution((2.0,), [5, 5], 9)}),
    )
    assert points == {'a="1"': Distribution((1.0,), [1, 1], 2), 'a="1",worker="2"': Distribution((2.0,), [5, 5], 9)}


def test_a_name_with_two_meanings_keeps_the_first():
    assert values(merged(family("counter", 1), family("gauge", 5))) == {'a="1"': 1}


def test_what_was_inherited_is_taken_away():
    counted = Family("metric", "histogram", "", points={"": Distribution((1.0,), [3, 4], 9)})
    total = {}
    merge(total, [counted, negative(counted)])
    assert total["metric"].points[""] == Distribution((1.0,), [0, 0], 0)


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_exemplar_of_a_counter_stands_whichever_worker_comes_first(turned):
    old, new = Exemplar('trace_id="1"', 1, 100.0), Exemplar('trace_id="2"', 1, 200.0)
    points = [Number(1, exemplar=exemplar) for exemplar in ((new, old) if turned else (old, new))]
    total = {}
    merge(total, [Family("metric", "counter", "", points={"": point}) for point in points])
    assert (total["metric"].points[""].value, total["metric"].points[""].exemplar) == (2, new)


def test_the_newest_exemplar_of_a_bucket_may_come_later():
    old, new = Exemplar('trace_id="1"', 1, 100.0), Exemplar('trace_id="2"', 1, 200.0)
    total = {}
    for exemplar in (old, new):
        point = Distribution((1.0,), [1, 0], 1, 50.0, {0: exemplar})
        merge(total, [Family("metric", "histogram", "", points={"": point})])
    assert total["metric"].points[""].exemplars == {0: new}
