# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an environment, found before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

from otel_distro.lifecycle.exporters import plan
from otel_distro.settings.doubts import has_no_name
from otel_distro.settings.files import unreadable, unusable_admin_tls, unusable_files
from otel_distro.settings.reading import Reading
from otel_distro.upstream import entry_point_names, has_declarative_configuration

THIS = "otel_distro"
OTHERS = {"distro": "opentelemetry-distro"}  # entry point -> package
OTHER_CONFIGURATORS = {"distro": "configurator"}


def problems_of(reading: Reading) -> list[str]:
    """Return every problem, one sentence each; an empty list means that the launcher will set everything up."""
    return [
        *reading.complaints,
        *plan(reading.settings).problems,
        *unusable_files(reading.settings, reading.sources),
        *unusable_admin_tls(reading.settings),
        *_declarative(reading.settings.config_file),
        *other_distributions(),
        *reading.doubts,
    ]


def notes_on(reading: Reading) -> list[str]:
    """Return what is worth knowing and no problem."""
    if reading.settings.disabled:
        return ["OTEL_SDK_DISABLED=true: nothing is patched, nothing listens, nothing is exported"]
    if has_no_name(reading.settings, reading.sources):
        return ["the service has no name and will be called unknown_service: set OTEL_SERVICE_NAME"]
    return []


def _declarative(path: str | None) -> Iterator[str]:
    if path is None:
        return
    if not has_declarative_configuration():
        yield f"OTEL_CONFIG_FILE={path!r}: expected the package opentelemetry-configuration; nothing is exported without it"
    elif reason := unreadable(path):
        yield f"OTEL_CONFIG_FILE={path!r}: expected a file that can be read ({reason}); nothing is exported without it"


def other_distributions() -> Iterator[str]:
    """Without a choice the launcher takes whichever it finds first; its own command line chooses ours."""
    for name in entry_point_names("opentelemetry_distro"):
        if name != THIS:
            yield (
                f"another distribution, {OTHERS.get(name, name)}, is installed beside otel-distro and passed over; uninstall it, "
                f"or set OTEL_PYTHON_DISTRO={name} OTEL_PYTHON_CONFIGURATOR={OTHER_CONFIGURATORS.get(name, name)} to use it"
            )
