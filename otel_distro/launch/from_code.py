# SPDX-License-Identifier: Apache-2.0
"""`otel_distro.start()`: what the launchers do, asked for by the application."""

from __future__ import annotations

from otel_distro import diagnostics
from otel_distro.launch.instrumentations import load
from otel_distro.lifecycle.runtime import Runtime
from otel_distro.lifecycle.start import prepare, standing
from otel_distro.lifecycle.start import start as start_runtime
from otel_distro.roles import recognise
from otel_distro.upstream import read_conventions_anew
from otel_distro.workers.siblings import role_from_code


def start() -> Runtime:
    """Start everything, unless it stands already, and load all instrumentations."""
    there = standing()
    if there is not None:
        return there
    prepare()
    read_conventions_anew()
    started = start_runtime(role_from_code(recognise()))
    if started.stands:
        try:
            load(prepare())
        except Exception as error:  # noqa: BLE001 - the boundary: an instrumentation of others ends its own loading only
            diagnostics.fault("instrumentations", error)
    return started
