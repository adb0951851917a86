# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an environment, found before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from otel_distro.exporters import plan
from otel_distro.reading import Reading
from otel_distro.upstream import entry_point_names

THIS = "otel_distro"
OTHERS = {"distro": "opentelemetry-distro"}  # entry point -> package
OTHER_CONFIGURATORS = {"distro": "configurator"}


def problems_of(reading: Reading) -> list[str]:
    """Return every problem, one sentence each; an empty list means that the launcher will set everything up."""
    return [
        *(str(problem) for problem in reading.problems),
        *plan(reading.settings).problems,
        *_unknown_entry_points(reading),
        *other_distributions(),
    ]


def _unknown_entry_points(reading: Reading) -> Iterator[str]:
    """An unknown propagator ends the launcher before any distribution runs: only a check can catch it."""
    values = {value.variable.name: value.value for value in reading.values}
    for variable, group in (
        ("OTEL_PROPAGATORS", "opentelemetry_propagator"),
        ("OTEL_PYTHON_ID_GENERATOR", "opentelemetry_id_generator"),
    ):
        chosen = values[variable] or ()
        known = {*entry_point_names(group), "none"}
        for name in (chosen,) if isinstance(chosen, str) else chosen:
            if name not in known:
                yield f"{variable}={name!r}: expected one of {', '.join(sorted(known))}"


def other_distributions() -> Iterator[str]:
    """Without a choice the launcher takes whichever it finds first; its own command line chooses ours."""
    for name in entry_point_names("opentelemetry_distro"):
        if name != THIS:
            yield (
                f"another distribution, {OTHERS.get(name, name)}, is installed beside otel-distro and passed over; uninstall it, "
                f"or set OTEL_PYTHON_DISTRO={name} OTEL_PYTHON_CONFIGURATOR={OTHER_CONFIGURATORS.get(name, name)} to use it"
            )
