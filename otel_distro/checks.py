# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an environment, found before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from otel_distro.exporters import plan
from otel_distro.settings import Reading
from otel_distro.upstream import entry_point_names

OTHER_DISTRIBUTION = "distro"  # the entry point of opentelemetry-distro


def problems_of(reading: Reading) -> list[str]:
    """Return every problem, one sentence each; an empty list means that the launcher will set everything up."""
    return [
        *(str(problem) for problem in reading.problems),
        *plan(reading.settings).problems,
        *_unknown_entry_points(reading),
        *_other_distribution(reading),
    ]


def _unknown_entry_points(reading: Reading) -> Iterator[str]:
    """An unknown propagator ends the launcher before any distribution runs: only a check can catch it."""
    values = {value.variable.name: value.value for value in reading.values}
    for variable, group in (
        ("OTEL_PROPAGATORS", "opentelemetry_propagator"),
        ("OTEL_PYTHON_ID_GENERATOR", "opentelemetry_id_generator"),
        ("OTEL_TRACES_SAMPLER", "opentelemetry_traces_sampler"),
    ):
        chosen = values[variable] or ()
        known = {*entry_point_names(group), "none"}
        for name in (chosen,) if isinstance(chosen, str) else chosen:
            if name not in known:
                yield f"{variable}={name!r}: expected one of {', '.join(sorted(known))}"


def _other_distribution(reading: Reading) -> Iterator[str]:
    chosen = {value.variable.name: value.value for value in reading.values}["OTEL_PYTHON_DISTRO"]
    if chosen is None and OTHER_DISTRIBUTION in entry_point_names("opentelemetry_distro"):
        yield (
            "opentelemetry-distro is installed beside otel-distro and may be loaded in its place: uninstall it, "
            "or set OTEL_PYTHON_DISTRO=otel_distro and OTEL_PYTHON_CONFIGURATOR=otel_distro"
        )
