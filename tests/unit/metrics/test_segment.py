# SPDX-License-Identifier: Apache-2.0
"""Series in memory that another process reads."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.metrics.cells import SegmentReader, Series, Store
from otel_distro.metrics.families import Distribution
from otel_distro.metrics.segment import Segment

memfd = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the platform has no memfd_create")


def series(labels="", kind="counter", bounds=()):
    return Series("orders", kind, "Orders.", "", "sum", labels, bounds)


def values(segment):
    return {
        labels: point.counts if isinstance(point, Distribution) else point.value
        for family in SegmentReader(segment).families()
        for labels, point in family.points.items()
    }


@memfd
def test_another_process_reads_what_a_killed_one_has_counted():
    store = Store()
    segment = Segment.shared()
    copy = os.dup(segment.fd)
    child = os.fork()
    if not child:
        store.move(segment)
        cell = store.cell(series('user="ä"'))
        for _ in range(1000):
            cell.record(1)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    mapped = Segment.mapped(copy)
    assert values(mapped) == {'user="ä"': 1000}
    mapped.close()


@memfd
def test_a_file_that_could_shrink_under_the_reader_is_refused():
    fd = os.memfd_create("forged", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    with pytest.raises(ValueError, match="sealed"):
        Segment.mapped(fd)
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(fd)


def test_a_pipe_is_no_segment():
    read, write = os.pipe()
    with pytest.raises(OSError, match="Invalid"):
        Segment.mapped(read)
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(read)
    os.close(write)


def test_a_full_segment_is_followed_by_another():
    store = Store()
    small = Segment.private(1024)
    store.move(small)
    for number in range(3000):
        store.cell(series(f'n="{number}"')).record(1)
    found = [values(segment) for segment in store.private()]
    assert sum(map(len, found)) == 3000
    assert 0 < len(found[0]) < 20
    assert {value for page in found for value in page.values()} == {1}


def test_moving_begins_at_zero_with_the_same_series():
    store = Store()
    cell = store.cell(series(kind="histogram", bounds=(1.0, 2.0)))
    cell.record(1)
    store.move(Segment.private())
    assert values(store.segment) == {"": [0, 0, 0]}
    cell.record(5)
    assert values(store.segment) == {"": [0, 0, 1]}


def test_the_same_labels_of_two_scopes_are_both_read():
    store = Store()
    store.cell(series()).record(1)
    store.cell(series()).record(2)
    families = SegmentReader(store.segment).families()
    assert [family.points[""].value for family in families] == [1, 2]


def test_a_reader_finds_series_that_came_after_it():
    store = Store()
    reader = SegmentReader(store.segment)
    assert reader.families() == []
    store.cell(series('a="1"')).record(1)
    assert [family.points['a="1"'].value for family in reader.families()] == [1]
    store.cell(series('a="2"')).record(2)
    (family,) = reader.families()
    assert {labels: point.value for labels, point in family.points.items()} == {'a="1"': 1, 'a="2"': 2}


@given(st.binary(max_size=400))
def test_garbage_in_a_segment_is_an_error_and_no_crash(garbage):
    segment = Segment.private(1024)
    segment._memory[: len(garbage)] = garbage
    try:
        SegmentReader(segment).families()
    except ValueError:
        return
    # Nothing but an end right at the beginning reads as an empty segment.
    assert garbage[:8].strip(b"\0") == b""
