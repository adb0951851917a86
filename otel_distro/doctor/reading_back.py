# SPDX-License-Identifier: Apache-2.0
"""Look in the stores for what was sent: is it there, how soon, under which labels?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from otel_distro.doctor.findings import Finding, ok, problem
from otel_distro.doctor.port import fetch
from otel_distro.doctor.sample import Sample
from otel_distro.settings.model import Settings

EVERY_SECONDS = 0.5
_LOOK = Callable[[], "str | None"]


class Stores:
    """Where to look, and for how long."""

    def __init__(self, loki: str | None, prometheus: str | None, tempo: str | None, timeout_seconds: float) -> None:
        self.loki, self.prometheus, self.tempo = loki, prometheus, tempo
        self.timeout_seconds = timeout_seconds


def read_back(settings: Settings, sample: Sample, stores: Stores) -> Iterator[Finding]:
    """Yield what is found in each store that was named, all asked at once."""
    looks: list[tuple[str, _LOOK]] = []
    if stores.tempo:
        url = f"{stores.tempo.rstrip('/')}/api/traces/{sample.trace_id}"
        looks.append(("Tempo", lambda: _trace(url)))
    if stores.loki and any(name.startswith("otlp") for name in settings.logs.exporters):
        looks.append(("Loki", lambda: _line(stores.loki or "", settings, sample)))
    elif stores.loki:
        looks.append(("Loki", lambda: _any_line(stores.loki or "", settings)))
    with ThreadPoolExecutor(len(looks) + 1) as pool:
        found = pool.map(lambda look: _found(look[0], look[1], stores.timeout_seconds), looks)
        yield from list(_target(stores.prometheus, settings)) if stores.prometheus else ()
        yield from found


def _found(store: str, look: _LOOK, timeout_seconds: float) -> Finding:
    """Look again and again until something is found."""
    began = time.monotonic()
    while True:
        try:
            found = look()
        except (OSError, ValueError, KeyError, TypeError) as error:
            return problem("OD602", store, f"cannot be asked: {error}", store=store)
        took = time.monotonic() - began
        if found is not None:
            return ok(store, f"has it after {took:.1f} s: {found}")
        if took > timeout_seconds:
            return problem("OD601", store, f"has nothing after {took:.0f} s", store=store)
        time.sleep(EVERY_SECONDS)


def _asked(url: str) -> Any:
    status, text = fetch(url)
    if status == HTTPStatus.NOT_FOUND:
        return None
    if status != HTTPStatus.OK:
        raise ValueError(f"{status} {text[:200].strip()}")
    return json.loads(text)


def _trace(url: str) -> str | None:
    return None if _asked(url) is None else "the span"


def _line(loki: str, settings: Settings, sample: Sample) -> str | None:
    return _query(loki, f'{{service_name="{_quoted(settings.service.name)}"}} |= "{sample.trace_id}"')


def _any_line(loki: str, settings: Settings) -> str | None:
    return _query(loki, f'{{service_name="{_quoted(settings.service.name)}"}}')


def _query(loki: str, query: str) -> str | None:
    answer = _asked(f"{loki.rstrip('/')}/loki/api/v1/query_range?{urlencode({'query': query, 'limit': 1})}")
    streams = answer["data"]["result"] if answer is not None else []
    return "a line, with the labels " + _labels(streams[0]["stream"]) if streams else None


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _target(prometheus: str, settings: Settings) -> Iterator[Finding]:
    """Yield whether Prometheus scrapes this service, and what it says if it does not."""
    try:
        data = _asked(f"{prometheus.rstrip('/')}/api/v1/targets?state={quote('any')}")["data"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield problem("OD602", "Prometheus", f"cannot be asked: {error}", store="Prometheus")
        return
    port = f":{settings.admin.port}/"
    ours = [target for target in data["activeTargets"] if port in target["scrapeUrl"]]
    for target in ours:
        if target["health"] == "up":
            yield ok("Prometheus", f"scrapes {target['scrapeUrl']} as {_labels(target['labels'])}")
        else:
            yield problem("OD407", "Prometheus", f"{target['scrapeUrl']} is {target['health']}: {target['lastError']}")
    if not ours:
        dropped = len(data.get("droppedTargets") or ())
        said = f"scrapes nothing at port {settings.admin.port}; it knows {len(data['activeTargets'])} targets, {dropped} dropped"
        yield problem("OD406", "Prometheus", said)
