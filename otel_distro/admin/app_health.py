# SPDX-License-Identifier: Apache-2.0
"""Liveness and readiness on the application's own port (OTEL_DISTRO_APP_HEALTH_PATH)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from otel_distro.admin.http import Response, headers_of, plain_text
from otel_distro.admin.pages import Health
from otel_distro.admin.token import Token
from otel_distro.ground.asgi import Scope
from otel_distro.settings.model import Settings


class AppHealth:
    """Answers with what is known already: it neither asks another process nor waits."""

    def __init__(self, settings: Settings, ready: Callable[[], Mapping[str, Any]]) -> None:
        self._health = Health(lambda: {"status": "ok"}, ready)
        self._token = Token(settings.admin.token_file) if settings.admin.token_file else None

    async def live(self, scope: Scope) -> Response:
        """Say that this process answers."""
        return self._answer(scope, ready=False)

    async def ready(self, scope: Scope) -> Response:
        """Say whether the service can be sent requests; why not is for whoever has the token."""
        return self._answer(scope, ready=True)

    def _answer(self, scope: Scope, *, ready: bool) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return plain_text(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        authorization = headers_of(scope).get("authorization", "")
        return self._health.page(ready=ready, details=self._token is not None and self._token.matches(authorization))
