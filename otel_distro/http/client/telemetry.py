# SPDX-License-Identifier: Apache-2.0
"""What calls share: the tracer, the policy, and per destination what is the same for every call that goes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.metrics import Histogram
from opentelemetry.trace import Tracer

from otel_distro.http.attributes import DEFAULT_PORTS, method_label, span_name, text
from otel_distro.http.correlation import Policy
from otel_distro.http.server.asgi_messages import number
from otel_distro.http.spans import starter
from otel_distro.metrics.series import BoundSeries, UnboundSeries, bind

# Hosts come from the application's data at times (crawlers, webhooks), statuses from strangers: beyond so many a cache
# starts over, and the instrument's own limit decides what is counted apart.
_MAX_TARGETS = 1000
_MAX_OUTCOMES = 64
_MAX_KEPT_TEXT = 512


class Outcome(NamedTuple):
    """What calls that ended alike have in common.

    Attributes:
        series: Where they are counted.
        attributes: What their spans get at the end.
        failed: Whether the status of their spans is an error.
    """

    series: BoundSeries | UnboundSeries
    attributes: dict[str, Any]
    failed: bool


class Target:
    """Where calls go: what is known of one before it is made, and of those that came back.

    Attributes:
        name: Of the span.
        origin: What `url.full` begins with: no credentials.
        attributes: Of the span; to be copied.
        gets_ids: Whether the host may see our correlation ids.
        outcomes: By status and HTTP version.
    """

    __slots__ = ("_histogram", "_labels", "attributes", "gets_ids", "name", "origin", "outcomes")

    def __init__(self, method: str, url: Any, policy: Policy, histogram: Histogram) -> None:
        label, host, port = method_label(method), text(url.host), url.port
        address = url.raw_host.decode("ascii")
        address = f"[{address}]" if ":" in address else address
        self.name = span_name(label, None)
        self.origin = f"{url.scheme}://{address}" if port is None else f"{url.scheme}://{address}:{port}"
        self.gets_ids = policy.allows(url.raw_host.decode("ascii"))
        self.outcomes: dict[tuple[Any, ...], Outcome] = {}
        port = port or DEFAULT_PORTS.get(url.scheme)
        self._histogram = histogram
        self._labels: dict[str, Any] = {"http.request.method": label, "server.address": host}
        if port is not None:
            self._labels["server.port"] = port
        self.attributes = dict(self._labels)
        if label != method:
            self.attributes["http.request.method_original"] = method[:128]

    def answered(self, key: tuple[int, bytes | None]) -> Outcome:
        """Return the outcome of a status and an HTTP version (`b"HTTP/1.1"`)."""
        status, version = number(key[0]), key[1]
        ended: dict[str, Any] = {} if status is None else {"http.response.status_code": status}
        if version:
            ended["network.protocol.version"] = version.decode("ascii", "ignore").removeprefix("HTTP/")
        failed = status is not None and status >= 400
        if failed:
            ended["error.type"] = str(status)
        return self._keep(key, ended, failed=failed)

    def raised(self, kind: str | None) -> Outcome:
        """Return the outcome of calls that raised this kind of exception; None for those that were cancelled."""
        return self.outcomes.get((kind,)) or self._keep(
            (kind,), {"error.type": kind} if kind else {}, failed=bool(kind)
        )

    def _keep(self, key: tuple[Any, ...], ended: dict[str, Any], *, failed: bool) -> Outcome:
        if len(self.outcomes) >= _MAX_OUTCOMES:
            self.outcomes.clear()
        outcome = self.outcomes[key] = Outcome(bind(self._histogram, {**self._labels, **ended}), ended, failed)
        return outcome


class ClientTelemetry:
    """What all calls of an instrumented client share.

    Attributes:
        start: Starts a span.
        policy: Which ids are sent on, and to whom.
        url_parts: Returns a URL's seven parts: scheme, user, host, port, path, query, fragment.
        targets: By method, scheme, host and port.
    """

    def __init__(self, tracer: Tracer, histogram: Histogram, policy: Policy, url_parts: Callable[..., Any]) -> None:
        self.start = starter(tracer)
        self.policy = policy
        self.url_parts = url_parts
        self.targets: dict[tuple[Any, ...], Target] = {}
        self._histogram = histogram

    def target(self, key: tuple[Any, ...], url: Any) -> Target:
        """Return a destination that was not known, and keep it unless it is of unusual size."""
        method, _, host, _ = key
        target = Target(method, url, self.policy, self._histogram)
        if len(method) + len(host) < _MAX_KEPT_TEXT:
            if len(self.targets) >= _MAX_TARGETS:
                self.targets.clear()
            self.targets[key] = target
        return target
