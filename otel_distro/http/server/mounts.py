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
from otel_distro.ground.asgi import Scope
from otel_distro.ground.patch import Patches
from otel_distro.http.server.routes import MOUNTED_KEY, REST, SCOPE_KEY

_handle = Mount.handle


def follow(patches: Patches) -> None:
    """Have mounts tell where they lead."""
    if not patches.holds(Mount):
        patches.set(Mount, "handle", _followed)  # subclasses inherit it


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
