# SPDX-License-Identifier: Apache-2.0
"""The route template of a request, as the router itself found it.

FastAPI's router reports the template it selected, prefixes and mounts included, to an object in the scope
(`fastapi.telemetry`). That is right where `scope["route"].path` is not, and it costs nothing, where matching all
routes again costs 12 us for 5 of them and 221 us for 105. What lies inside a mount of plain Starlette is found by
`otel_distro.http.server.mounts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_distro.ground.asgi import Scope
from otel_distro.upstream import http as upstream_http

SCOPE_KEY = "fastapi.telemetry"

# In the scope of an application that is mounted in one that is not observed: the templates of the mounts around it.
MOUNTED_KEY = "otel_distro.mounted"
REST = "/{path}"  # how the template of every mount ends


class NoReport:
    """Stands in where the router does not report (FastAPI before 0.142): the route stays what the caller sets."""

    __slots__ = ("route",)

    exceptions: tuple[BaseException, ...] = ()

    def __init__(self, _prefix: str) -> None:
        self.route: str | None = None


def root_of(scope: Scope) -> str:
    """Return what comes before an application's own templates: the server's root path, and mounts around it."""
    mounted: str | None = scope.get(MOUNTED_KEY)
    root = scope.get("app_root_path") or scope.get("root_path")
    return mounted or (root.rstrip("/") if isinstance(root, str) else "")


def _reporting(base: type) -> type:
    class RouteReport(base):  # type: ignore[misc]  # FastAPI checks with isinstance, so its class is the base
        """What FastAPI's router reports to; without a tracer and a span it writes the route and nothing else."""

        span = None
        span_method = ""
        tracer = None
        logger = None
        data = None
        status_code = None
        _entered: str | None = None

        def __init__(self, prefix: str) -> None:
            self.route: str | None = None
            self._mount_prefix = prefix
            # FastAPI appends what the application did not handle, before an error handler makes a response of it.
            self._exceptions: list[BaseException] = []
            self.exceptions = self._exceptions

        def enter(self, scope: Scope, template: str) -> None:
            """Go on inside a mount, which FastAPI's router has reported already if it was the one to choose it."""
            if self.route is None or self._mount_prefix == self._entered:
                self._mount_prefix += template
            self._entered = self._mount_prefix
            self._reported: str | None = self._mount_prefix + REST
            self._inside, self._found_before = scope, scope.get("route")
            self.__class__ = MountedReport

        def leave(self) -> None:
            """Keep the route and let go of the scope: each holds the other."""
            found = self.route
            self.__class__ = RouteReport
            self.route, self._inside, self._found_before = found, {}, None

    class MountedReport(RouteReport):
        """The same inside a mount, where a router of plain Starlette says what it selected only in the scope."""

        @property
        def route(self) -> str | None:
            found = self._inside.get("route")
            if found is self._found_before or self._reported != self._mount_prefix + REST:
                return self._reported
            template = getattr(found, "path_format", REST)
            return self._mount_prefix + (template if isinstance(template, str) else REST)

        @route.setter
        def route(self, reported: str | None) -> None:
            self._reported = reported

    return RouteReport


def report_class() -> Callable[[str], Any] | None:
    """Return the class of which one instance per request goes into the scope; None if FastAPI is too old for it."""
    base = upstream_http.fastapi_request_telemetry()
    return None if base is None else _reporting(base)


def has_route(application: Any, path: str) -> bool:
    """Whether an application has a route for GET of exactly this path; one that takes any path (`/{rest:path}`) is none."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "query_string": b""}
    return any(_is_exact(route, {**scope, "app": application}) for route in getattr(application, "routes", ()))


def _is_exact(route: Any, scope: Scope) -> bool:
    try:
        match, found = route.matches(scope)
    except Exception:  # noqa: BLE001 - a route of the application's own kind may need more of a request: then it is none
        return False
    if not match.value or found.get("path_params"):
        return False
    if getattr(route, "app", None) is not None and hasattr(route, "routes"):  # a mount: what is in it decides
        return any(_is_exact(inner, {**scope, **found}) for inner in route.routes or ())
    return True
