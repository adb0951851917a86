# SPDX-License-Identifier: Apache-2.0
"""What makes a /metrics page one that Prometheus takes, and generated metrics that try to make it another."""

from collections import Counter

from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Exemplar, Timestamp

from otel_distro.metrics.exposition import OPEN_METRICS, TEXT, render
from otel_distro.metrics.families import merge
from otel_distro.metrics.labels import checked_labels, checked_name

NAMES = (
    *("jobs", "jobs_total", "jobs_created", "jobs.created", "jobs_info", "jobs_bucket", "jobs_count", "jobs_sum"),
    *("jobs_gsum", "a:b", "größe", "1st", "a b", "a\nb", 'a"b', "le", "_", "__name__", "ns_jobs_total_total", "🙂"),
)
LABELS = (
    *("a", "worker", "otel_distro_worker", "le", "quantile", "__name__", "a.b", "a_b", "é", "x y", "1st", "", "jobs"),
    *('a"', "a\n", "exported_le", "trace_id"),
)
TEXTS = st.text(st.characters(), max_size=6) | st.sampled_from(
    ["", "\ud800", 'a"b', "a\\", "\n", "\r", "\x00", "\u2028"]
)
LABEL_SETS = st.dictionaries(st.sampled_from(LABELS), TEXTS, max_size=3)
NUMBERS = st.floats() | st.integers() | st.sampled_from([0, 1, -1, 10**400, 2**64, 0.5])
KINDS = ("counter", "gauge", "histogram", "summary", "info", "stateset", "unknown", "gaugehistogram")
SUFFIXES = ("", "_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info", "_other")
BOUNDS = st.sampled_from(["0.5", "1", "1.0", "-1", "+Inf", "NaN", "x", ""])
TIMES = st.none() | st.sampled_from([0, 1.5, 1700000000.25, Timestamp(5, 6)])


@st.composite
def metrics(draw):
    """Return a metric as a collector may yield it: nothing of it needs to fit."""
    metric = Metric(
        draw(st.sampled_from(NAMES)), draw(TEXTS), draw(st.sampled_from(KINDS)), draw(st.sampled_from(["", "s", "b c"]))
    )
    for _ in range(draw(st.integers(0, 6))):
        labels = dict(draw(LABEL_SETS))
        suffix = draw(st.sampled_from(SUFFIXES))
        if suffix == "_bucket":
            labels["le"] = draw(BOUNDS)
        if metric.type == "stateset":
            labels[metric.name] = draw(TEXTS)
        exemplar = draw(st.none() | st.builds(Exemplar, LABEL_SETS, st.floats(), TIMES))
        value = draw(NUMBERS | st.none())
        metric.add_sample(metric.name + suffix, labels, value, draw(TIMES), exemplar)
    return metric


class Collector:
    """A collector of an application's: yields these metrics, and raises at the end if told so."""

    def __init__(self, yielded, error=None):
        self.yielded = yielded
        self.error = error

    def collect(self):
        """Yield, and raise."""
        yield from self.yielded
        if self.error is not None:
            raise self.error


def samples(page, parse):
    """Return every sample of a page as a set; labels without a value are as good as absent."""
    return {
        (
            sample.name,
            tuple(sorted(pair for pair in sample.labels.items() if pair[1])),
            repr(float(sample.value)),
            time(sample),
        )
        for metric in parse(page)
        for sample in metric.samples
    }


def time(sample):
    """Return a sample's time in milliseconds."""
    return None if sample.timestamp is None else int(float(sample.timestamp) * 1000)


def assert_taken(families):
    """Assert that both formats are pages that every parser takes, and return them."""
    pages = []
    for form, parse in ((TEXT, parse_text), (OPEN_METRICS, parse_open_metrics)):
        page = render(families, form).decode()
        names = [metric.name for metric in parse(page)]
        assert len(names) == len(set(names)), names
        assert_lines(page)
        pages.append(page)
    return pages


def assert_lines(page):
    """Assert of every line what the library's parser does not look at and Prometheus does."""
    series = []
    for line in page.split("\n"):
        if line and not line.startswith("#"):
            name, brace, rest = line.partition("{")
            labels = rest[: _closing(rest)] if brace and " " not in name else ""
            name = name.partition(" ")[0]
            assert checked_name(name) == name
            assert checked_labels(labels) == labels
            series.append((name, labels))
    assert [item for item, times in Counter(series).items() if times > 1] == []


def _closing(rest):
    """Return where the label set ends: the first brace outside of quotes."""
    quoted = escaped = False
    for position, sign in enumerate(rest):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted
        elif sign == "}" and not quoted:
            return position
    raise AssertionError(rest)


def of_workers(families, count):
    """Return what so many workers with the same families make together."""
    total = {}
    for slot in range(1, count + 1):
        merge(total, families, str(slot))
    return list(total.values())
