# SPDX-License-Identifier: Apache-2.0
"""How many websockets are open: `active_ws_connections_total{type}`, if OTEL_DISTRO_WEBSOCKET_CONNECTIONS asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from otel_distro.ground.asgi import Message
from otel_distro.http.server.variants import WebsocketSession

NAME = "active_ws_connections_total"
OTHER = "other"
_MOST_TYPES = 256


class OpenWebsockets:
    """The sessions between accept and close, by type. A set for each: adding and discarding are atomic, and count once."""

    def __init__(self, meter: Meter) -> None:
        self._by_type: dict[str, set[object]] = {}
        meter.create_observable_up_down_counter(NAME, [self._observe], "", "Websockets that are open, by type.")

    def of(self, route: str | None) -> set[object]:
        """Return the open sessions of a route's type."""
        kind = type_of(route)
        if kind not in self._by_type and len(self._by_type) >= _MOST_TYPES:
            kind = OTHER
        return self._by_type.setdefault(kind, set())

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for kind, sessions in list(self._by_type.items()):
            yield Observation(len(sessions), {"type": kind})


def type_of(route: str | None) -> str:
    """Return the last fixed segment of a route before its first parameter: `/ws/audio/{room_code}` is `audio`."""
    fixed, parameter, _ = (route or "").partition("{")
    segments = [segment for segment in (fixed.rpartition("/")[0] if parameter else fixed).split("/") if segment]
    return segments[-1] if segments else OTHER


class CountedWebsocket(WebsocketSession):
    """A websocket that is counted while it is open."""

    open: OpenWebsockets
    _among: set[object] | None = None

    def _observe(self, kind: Any, message: Message) -> Message:
        if kind == "websocket.accept" and self._among is None and not self._finished:
            self._among = self.open.of(self._report.route)
            self._among.add(self)
        return super()._observe(kind, message)

    def finish(self) -> None:
        """Record the session, which is open no more."""
        if self._among is not None:
            self._among.discard(self)
        super().finish()


_by_meter: WeakKeyDictionary[Meter, type[CountedWebsocket]] = WeakKeyDictionary()


def counted_websockets(meter: Meter) -> type[CountedWebsocket]:
    """Return the class of a meter's websockets; applications that share a meter share it, or the gauge would count twice."""
    kind = _by_meter.get(meter)
    if kind is None:
        members = {"open": OpenWebsockets(meter)}
        kind = _by_meter.setdefault(meter, type(CountedWebsocket.__name__, (CountedWebsocket,), members))
    return kind
