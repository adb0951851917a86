# SPDX-License-Identifier: Apache-2.0
"""Templates of what is mounted: each mount of Starlette tells the report of the request that it is gone through.

A router of plain Starlette leaves its last choice in `scope["route"]`, so of nested mounts all but one would be lost,
and of a mount with parameters only the client's own values would be left, in `root_path`.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from starlette.routing import Mount

from otel_distro import diagnostics
from otel_distro.http.routes import MOUNTED_KEY, REST, SCOPE_KEY, Scope

_handle = Mount.handle


def follow() -> None:
    """Have mounts tell where they lead."""
    if Mount.handle is _handle:
        Mount.handle = _followed  # type: ignore[method-assign]  # subclasses inherit it


def stop_following() -> None:
    """Undo `follow`."""
    if Mount.handle is _followed:
        Mount.handle = _handle  # type: ignore[method-assign]


@wraps(_handle)
async def _followed(self: Mount, scope: Scope, receive: Any, send: Any) -> None:
    report = _entered(self, scope)
    try:
        await _handle(self, scope, receive, send)
    finally:
        if report is not None:
            report.leave()


def _entered(mount: Mount, scope: Scope) -> Any:
    """Note that a request goes through a mount; return the report that was told of it, if there is one."""
    try:
        report, template = scope.get(SCOPE_KEY), mount.path_format.removesuffix(REST)
        if report is None:  # nobody observes out here; an application further in may
            outside = scope.get(MOUNTED_KEY) or (scope.get("app_root_path") or "").rstrip("/")
            scope[MOUNTED_KEY] = outside + template
        elif hasattr(report, "enter"):
            report.enter(scope, template)
            return report
    except Exception as error:  # noqa: BLE001 - the boundary to the application: a fault of ours stays ours
        diagnostics.fault("http.server", error)
    return None
