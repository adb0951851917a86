# SPDX-License-Identifier: Apache-2.0
"""What other programs write arrives as a person looks for it: level, time, trace id, service, one record; the shapes are in tests/support/shapes.py."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.shapes import NOW, SHAPES, T, iso
from testbed.collector import Collector, reading
from testbed.lines import append, cri, pod_log
from testbed.loki import Loki, Row
from testbed.server import eventually

UID = "0f1e2d3c-1111-2222-3333-444455556666"
LABELS = {"service_name", "deployment_environment_name", "k8s_namespace_name", "k8s_container_name"}
SINGLE = {
    name: shape for name, shape in SHAPES.items() if shape[0] in {"pod", "raw", "file"} and shape[2].get("n") != 0
}
# Named in docs/collector.md, each with its reason.
KNOWN = {"json-arrays", "cri-partial-interleaved"}


@pytest.fixture(scope="module")
def found(loki: Loki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Row]]]:
    """The rows of every shape, read by the default patterns: a container of its own for each, or a folder."""
    root = tmp_path_factory.mktemp("shapes")
    for name, (kind, lines, _) in SINGLE.items():
        _write(root, name, kind, lines)
    with Collector(root / "collector", reading(root, loki)) as collector:
        eventually(lambda: SINGLE.keys() <= {name for row in _rows(loki) for name in _names(row)}, 90.0)
        sent = "otelcol_exporter_sent_log_records_total"
        while (before := collector.metrics().value(sent)) != (time.sleep(3.5), collector.metrics().value(sent))[1]:
            pass  # what waits for its next line waits for three seconds at most
        assert before >= len(SINGLE)
        assert collector.metrics().value("otelcol_exporter_send_failed_log_records_total") == 0
        assert collector.process is not None
        assert [line for line in collector.process.stderr if "returned an error" in line] == []
    rows = _rows(loki)
    return {name: [row for row in rows if name in _names(row)] for name in SINGLE}


def _names(row: Row) -> set[str | None]:
    """Return the container, the folder and the service of a row: one of them is what its shape is called."""
    return {row.labels.get("k8s_container_name"), row.metadata.get("folder"), row.labels["service_name"]}


def _rows(loki: Loki) -> list[Row]:
    in_pods = loki.rows('{k8s_namespace_name="shapes"}')
    return in_pods + [row for row in loki.rows('{service_name=~"file-.+"}') if "k8s_namespace_name" not in row.labels]


def _write(root: Path, name: str, kind: str, lines: tuple[str | bytes, ...]) -> None:
    if kind == "file":
        append(root / "log" / name / "app.log", *map(str, lines))
        return
    path = pod_log(root, name, f"shapes_{name}_{UID}")
    given = [line.encode() if isinstance(line, str) else line for line in lines]
    at = iso(NOW, frac=6, tail="123Z").encode()
    envelope = at + b" stdout F " if kind == "pod" else b""
    path.write_bytes(b"".join(envelope + line + b"\n" for line in given))


def wrong(row: Row, expected: dict[str, Any]) -> Iterator[str]:
    """Yield what differs."""
    seen = {
        "level": row.metadata.get("level"),
        "trace": row.metadata.get("trace_id"),
        "body": row.line,
        "svc": row.labels["service_name"],
    }
    yield from (
        f"{key} is {seen[key]!r}, not {expected[key]!r}"
        for key in seen
        if key in expected and seen[key] != expected[key]
    )
    yield from (f"{key} is missing" for key in expected.get("has", ()) if key not in row.metadata)
    if "time" in expected and abs(row.time / 1e9 - (T if expected["time"] == "event" else NOW)) > 2:
        yield f"time is {row.time / 1e9 - NOW:.1f} s off the runtime's, wanted the {expected['time']}'s"
    if not row.labels.keys() <= LABELS:
        yield f"labels {sorted(row.labels)}"


@pytest.mark.parametrize("name", [name for name in SINGLE if name not in KNOWN])
def test_a_shape_arrives_as_expected(found: dict[str, list[Row]], name: str) -> None:
    """Whatever is expected of this one; nothing is lost of any."""
    expected, rows = SINGLE[name][2], found[name]
    assert rows, "nothing arrived"
    if "n" in expected:
        assert len(rows) == expected["n"], [row.line for row in rows]
    row = next((row for row in rows if row.line == expected.get("body")), rows[0])
    assert list(wrong(row, expected)) == []


def test_the_known_ones_are_few_and_lose_nothing(found: dict[str, list[Row]]) -> None:
    """At least 95 of 100 are right; of the others all text is there."""
    assert len(KNOWN) / len(SINGLE) < 0.05
    assert len(SINGLE) >= 95
    assert all(found[name] for name in KNOWN)


def test_one_line_with_very_many_keys_costs_little_and_holds_nobody_up(loki: Loki, tmp_path: Path) -> None:
    """A megabyte with 60,000 keys took 18 s of a node's Collector: it stays text now, and the next line arrives."""
    many = "{" + ",".join(f'"k{number}":{number}' for number in range(64_000)) + "}"
    assert 800_000 < len(many) < 1_000_000
    pod = pod_log(tmp_path, "main", f"many-keys_web_{UID}")
    append(pod, cri(many), cri("next"))
    with Collector(tmp_path / "collector", reading(tmp_path, loki)) as collector:
        assert collector.process is not None
        before = _cpu_seconds(collector.process.pid)
        eventually(lambda: "next" in {row.line for row in loki.rows('{k8s_namespace_name="many-keys"}')}, 30.0)
        assert _cpu_seconds(collector.process.pid) - before < 3.0


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
