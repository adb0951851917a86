# SPDX-License-Identifier: Apache-2.0
"""All installed instrumentations, as upstream's launcher loads them; ours when their library is imported."""

from __future__ import annotations

from otel_distro.lifecycle.replaced import OUR_OWN, REPLACED
from otel_distro.lifecycle.start import instrument
from otel_distro.settings.reading import Reading
from otel_distro.upstream import instrumentors, load_instrumentors


def load(reading: Reading) -> None:
    """Load each instrumentation that is not switched off; if there are others than ours, all as upstream does."""
    found = instrumentors()
    if found is None or {entry_point.name for entry_point in found} - OUR_OWN - REPLACED.keys():
        from otel_distro.launch.distro import Distro

        load_instrumentors(Distro())
        return
    disabled = reading.upstream["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] or ()
    for entry_point in found:
        if not {entry_point.name, "*"}.intersection(disabled):
            instrument(entry_point)
