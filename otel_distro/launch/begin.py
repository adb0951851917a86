# SPDX-License-Identifier: Apache-2.0
"""What `otel-distro run` has every Python process do before its program; upstream's `sitecustomize` does the same.

Only that it first looks what the process is: a helper ends here, with nothing imported. And upstream checks whether
instrumentations fit their libraries at every start, which takes a parser of versions; here that waits for the library.
"""

from __future__ import annotations

from otel_distro.launch.run import FOLDER
from otel_distro.roles import Role, recognise
from otel_distro.settings.environ import launches_ours, without_on_python_path


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
        from otel_distro.launch.instrumentations import load
        from otel_distro.lifecycle.start import prepare, start
        from otel_distro.upstream import launcher_version

        reading = prepare()
        if reading.settings.disabled:
            return
        start(auto_instrumentation_version=launcher_version())
        load(reading)
    exempt_from_collection()
