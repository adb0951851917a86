# SPDX-License-Identifier: Apache-2.0
"""Read each service's real /metrics once a second, and keep what has changed since.

An idle page is nearly all the same lines as a second ago: those are not even split.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from otel_distro.view.receive.rows import Batch, Point
from otel_distro.view.receive.values import sorted_json

EVERY_SECONDS: Final = 1.0
_ACCEPT: Final = "application/openmetrics-text; version=1.0.0"
_LABEL: Final = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPES: Final = re.compile(r"\\(.)")
_LONGEST_PAGE: Final = 16 * 2**20
_Key = tuple[str, str]


class Page:
    """What is known of one service's page from one scrape to the next.

    Args:
        begun_ns: When the service began, so that its counters stood at zero, in nanoseconds since the epoch; 0 if nobody saw it.
    """

    def __init__(self, begun_ns: int = 0) -> None:
        self.service = ""
        self._lines: frozenset[str] = frozenset()
        self._types: dict[str, dict[str, str]] = {}
        self._values: dict[_Key, tuple[Any, int]] = {}
        self._last_ns = begun_ns

    def read(self, text: str, now: int, fallback: str = "") -> list[Point]:
        """Return the points of what has changed; a series that was still until now also with its last value.

        Args:
            text: The page, as Prometheus or OpenMetrics has it.
            now: Nanoseconds since the epoch.
            fallback: The service's name if `target_info` does not tell it.
        """
        lines = text.split("\n")
        fresh = [line for line in lines if line not in self._lines]
        self._lines = frozenset(lines)
        touched: dict[_Key, tuple[Any, list[tuple[str, float, str]]]] = {}
        for line in fresh:
            if line.startswith("#"):
                self._describe(line)
            elif line:
                self._sample(line, touched)
        self.service = self.service or fallback
        points = [point for key, (value, marks) in touched.items() for point in self._points(key, value, marks, now)]
        self._last_ns = now
        return points

    def _describe(self, line: str) -> None:
        parts = line.split(" ", 3)
        if len(parts) == 4 and parts[1] in {"TYPE", "HELP", "UNIT"}:
            self._types.setdefault(parts[2], {})[parts[1]] = parts[3]

    def _sample(self, line: str, touched: dict[_Key, tuple[Any, list[tuple[str, float, str]]]]) -> None:
        body, _, exemplar = line.partition(" # ")
        name, labels, number = _split(body)
        if name == "target_info":
            self.service = labels.get("service_name", self.service)
        if number is None or name == "target_info" or name.endswith("_created"):
            return
        family, part = self._family(name)
        if part == "histogram":
            self._bucket(family, name[len(family) :], labels, number, exemplar, touched)
        else:
            touched[name, sorted_json(labels)] = (number, [])

    def _bucket(  # noqa: PLR0913, PLR0917  the parts of a line
        self,
        family: str,
        suffix: str,
        labels: dict[str, str],
        number: float,
        exemplar: str,
        touched: dict[_Key, tuple[Any, list[tuple[str, float, str]]]],
    ) -> None:
        le = labels.pop("le", "")
        key = family, sorted_json(labels)
        if key not in touched:
            known = self._values.get(key, ([0.0, {}], 0))[0]
            touched[key] = [known[0], dict(known[1])], []
        value, marks = touched[key]
        if suffix == "_sum":
            value[0] = number
        elif suffix == "_bucket" and le:
            value[1][le] = number
            marks += _exemplar(le, exemplar)

    def _family(self, name: str) -> tuple[str, str]:
        for suffix in ("_bucket", "_sum", "_count"):
            family = name.removesuffix(suffix)
            if family != name and self._types.get(family, {}).get("TYPE") == "histogram":
                return family, "histogram"
        return name, ""

    def _points(self, key: _Key, value: Any, marks: list[tuple[str, float, str]], now: int) -> Iterator[Point]:
        name, labels = key
        about = self._types.get(name) or self._types.get(name.removesuffix("_total"), {})
        kind = about.get("TYPE", "counter" if name.endswith("_total") else "gauge")
        counts = kind in {"counter", "histogram"}
        describe = (self.service, name, kind if counts else "gauge")
        more = (about.get("UNIT", ""), about.get("HELP", ""), labels)
        before, at = self._values.get(key, (_nothing(value), 0))
        if self._last_ns > at and (at or counts):  # it stood still, or counts from zero since the last scrape
            yield Point(*describe, *more, self._last_ns, before)
        yield Point(*describe, *more, now, value, tuple(marks))
        self._values[key] = value, now


def _nothing(value: Any) -> Any:
    return [0.0, dict.fromkeys(value[1], 0.0)] if isinstance(value, list) else 0.0


def _split(body: str) -> tuple[str, dict[str, str], float | None]:
    """Return name, labels and value of a sample; None if it is no number. A timestamp is left out."""
    name, brace, rest = body.partition("{")
    if brace:
        inside, _, after = rest.rpartition("}")
        labels = {key: _ESCAPES.sub(_unescaped, text) for key, text in _LABEL.findall(inside)}
    else:
        name, _, after = body.partition(" ")
        labels = {}
    try:
        number = float(after.split()[0])
    except (IndexError, ValueError):
        return name, labels, None
    return name, labels, number if number - number == 0 else None  # NaN and infinity are no JSON


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def _exemplar(le: str, text: str) -> list[tuple[str, float, str]]:
    _, labels, number = _split(f"exemplar{text}")
    trace_id = labels.get("trace_id", "")
    return [(le, number, trace_id)] if trace_id and number is not None else []


class Scraper:
    """Reads the pages of all targets in a thread of its own.

    Args:
        keep: Takes the rows.
    """

    def __init__(self, keep: Callable[[Batch], object]) -> None:
        self._keep = keep
        self._pages: dict[str, tuple[Page, str]] = {}
        self._closed = threading.Event()
        self.failures: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="otel-distro-view-scrape", daemon=True)
        self._thread.start()

    def add(self, address: str, service: str = "", begun_ns: int = 0) -> None:
        """Read `http://ADDRESS/metrics` from now on.

        Args:
            address: HOST:PORT.
            service: The service's name where the page does not tell it.
            begun_ns: When it began, if it is known: what it has counted by the first scrape it has counted since then.
        """
        self._pages = {**self._pages, address: (Page(begun_ns), service)}

    def remove(self, address: str) -> None:
        """Read it no longer."""
        self._pages = {key: page for key, page in self._pages.items() if key != address}

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._closed.wait(EVERY_SECONDS):
            for address, (page, service) in self._pages.items():
                self._scrape(address, page, service)

    def _scrape(self, address: str, page: Page, service: str) -> None:
        try:
            points = page.read(fetch(address), time.time_ns(), service or address)
            if points:
                self._keep(Batch([], [], points, {}))
            self.failures.pop(address, None)
        except Exception as error:  # noqa: BLE001  a service that is not there yet, or answers nonsense: the next second may be better
            self.failures[address] = f"{type(error).__name__}: {error}"


def fetch(address: str) -> str:
    """Return the text of a page of metrics.

    Raises:
        OSError: Nobody listens, or the answer is no page of metrics.
    """
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", "/metrics", headers={"Accept": _ACCEPT})
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"/metrics answered {answer.status}")
        return answer.read(_LONGEST_PAGE).decode("utf-8", "replace")
    finally:
        connection.close()
