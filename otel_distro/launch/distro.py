# SPDX-License-Identifier: Apache-2.0
"""The entry points that the launcher loads: thin adapters between `opentelemetry-instrument` and the runtime.

Order of the launcher: `Distro.configure`, `Configurator.configure`, `Distro.load_instrumentor` for each library found.
Nothing heavy is imported here: the launcher loads this module in every Python process, helpers included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # its file opts out of types

from otel_distro.launch.garbage import exempt_from_collection, paused_collection
from otel_distro.lifecycle import start
from otel_distro.roles import Role, recognise
from otel_distro.upstream import hush_conflicts, hush_other_configurators

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Distro(BaseDistro):  # type: ignore[misc]  # as above
    """Fills in the defaults and decides which instrumentation is loaded, and how."""

    def _configure(self, **_kwargs: Any) -> None:
        reading = start.prepare()
        hush_other_configurators()
        role = recognise()
        if role is Role.HELPER or (role is Role.WORKER and reading.settings.owner):
            hush_conflicts()  # the service's first process says them once

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Load one instrumentation; one that fails is reported and the others are loaded all the same."""
        start.instrument(entry_point, **kwargs)


class Configurator:
    """Sets the providers up. Not a subclass of the SDK's configurator: importing that takes longer than a helper lives."""

    def configure(self, **kwargs: Any) -> None:
        """Start the runtime; `kwargs` are the launcher's, such as its version."""
        with paused_collection():
            started = start.start(**kwargs)
        if started.stands:
            exempt_from_collection()
