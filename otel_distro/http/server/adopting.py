# SPDX-License-Identifier: Apache-2.0
"""asgi-correlation-id left in an application: where it refuses the caller's id and mints one, that is the request's id.

It finds our ids in the request's headers, so it mints only what it does not take: by default an id that is no UUID.
https://github.com/snok/asgi-correlation-id
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from otel_distro import diagnostics
from otel_distro.ground.asgi import App, Receive, Scope, Send
from otel_distro.ground.patch import Patches
from otel_distro.ground.request_ids import current
from otel_distro.http.correlation import field_name, harmless
from otel_distro.http.server.bound_ids import adopt
from otel_distro.http.server.request import OBSERVED_KEY

LIBRARY = "asgi_correlation_id.middleware"


def follow() -> Callable[[], None]:
    """Have middlewares that are built from now on tell us their ids; to be called when the library has been imported."""
    library, patches = sys.modules[LIBRARY], Patches()
    kind, minted = library.CorrelationIdMiddleware, library.correlation_id
    construct = kind.__post_init__

    @wraps(construct)
    def construct_followed(self: Any) -> None:
        construct(self)
        self.app = _Behind(self.app, str(self.header_name).lower(), minted.get)

    patches.set(kind, "__post_init__", construct_followed)
    return patches.undo


class _Behind:
    """The application behind the middleware."""

    def __init__(self, app: App, header: str, minted: Callable[[], str | None]) -> None:
        self._app = app
        self._field = field_name(header)
        self._minted = minted

    def __getattr__(self, name: str) -> Any:
        """Whoever looks through the middlewares finds the application's attributes."""
        if name == "_app":  # a copy that has nothing yet
            raise AttributeError(name)
        return getattr(self._app, name)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request under the middleware's id."""
        try:
            self._adopt(self._minted(), scope)
        except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
            diagnostics.fault("http.server", error)
        return self._app(scope, receive, send)

    def _adopt(self, minted: str | None, scope: Scope) -> None:
        ids, answered = current.get(), scope.get(OBSERVED_KEY)
        if not isinstance(ids, dict) or type(answered) is not list or ids.get(self._field, minted) == minted:
            return
        if minted is not None and harmless(minted):
            adopt(self._field, minted, ids, answered)
