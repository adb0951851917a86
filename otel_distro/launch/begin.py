# SPDX-License-Identifier: Apache-2.0
"""What `otel-distro run` has every Python process do before its program; upstream's `sitecustomize` does the same.

Only that it first looks what the process is: a helper ends here, with nothing imported. And upstream checks whether
instrumentations fit their libraries at every start, which takes a parser of versions; here that waits for the library.
"""

from __future__ import annotations

from otel_distro.launch.run import FOLDER
from otel_distro.roles import Role, recognise
from otel_distro.settings import launches_ours, without_on_python_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def begin() -> None:
    """Start telemetry in this process, if it is one that shall have any."""
    if recognise() is Role.HELPER:
        return
    with without_on_python_path(FOLDER):  # what is started meanwhile, by a resource detector say, shall not begin, too
        if launches_ours():
            _begin()
        else:
            from otel_distro.upstream import launch

            launch()


def _begin() -> None:
    from otel_distro.launch.garbage import exempt_from_collection, paused_collection

    with paused_collection():
        from otel_distro.runtime import prepare, start
        from otel_distro.upstream import launcher_version

        reading = prepare()
        if reading.settings.disabled:
            return
        start(auto_instrumentation_version=launcher_version())
        _load_instrumentors(reading.upstream["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] or ())
    exempt_from_collection()


def _load_instrumentors(disabled: tuple[str, ...]) -> None:
    """Load each instrumentation when its library is imported; if there are others than ours, all as upstream does."""
    from functools import partial

    from otel_distro.imports import when_imported
    from otel_distro.runtime import REPLACED
    from otel_distro.upstream import instrumentors, load_instrumentors

    found = instrumentors()
    if found is None or not REPLACED.issuperset(entry_point.name for entry_point in found):
        from otel_distro.distro import Distro

        load_instrumentors(Distro())
        return
    for entry_point in found:
        if not {entry_point.name, "*"}.intersection(disabled):
            when_imported(entry_point.name, partial(_instrument, entry_point))


def _instrument(entry_point: Any) -> None:
    from otel_distro.runtime import instrument
    from otel_distro.upstream import fits_its_library

    if fits_its_library(entry_point):
        instrument(entry_point, skip_dep_check=True)
