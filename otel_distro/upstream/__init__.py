# SPDX-License-Identifier: Apache-2.0
"""The only room that touches private names of upstream: what moves with a version is found here.

This file has what the start needs; the others are apart because only those who need them should import what they import.

Versions tested: the oldest and the newest of pyproject.toml.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

SIGNAL_GROUPS: Mapping[str, str] = {
    "traces": "opentelemetry_traces_exporter",
    "metrics": "opentelemetry_metrics_exporter",
    "logs": "opentelemetry_logs_exporter",
}

# Who says "Overriding of current … is not allowed".
PROVIDER_LOGGERS = ("opentelemetry.trace", "opentelemetry.metrics._internal", "opentelemetry._logs._internal")

_LOADER = "opentelemetry.instrumentation.auto_instrumentation._load"


def entry_point_names(group: str) -> list[str]:
    """Return the names installed in an entry-point group, from upstream's cache of all entry points."""
    from opentelemetry.util._importlib_metadata import entry_points

    return sorted({entry_point.name for entry_point in entry_points(group=group)})


def load_entry_point(group: str, name: str) -> Any:
    """Load one entry point.

    Raises:
        LookupError: No package provides it.
        ImportError: Its package is incomplete.
    """
    from opentelemetry.util._importlib_metadata import entry_points

    for entry_point in entry_points(group=group, name=name):
        return entry_point.load()
    raise LookupError(f"one of {', '.join(entry_point_names(group))}")


def configure_sdk(**kwargs: Any) -> None:
    """Run the SDK's own configurator: every `OTEL_*` variable keeps its meaning, `OTEL_CONFIG_FILE` included."""
    from opentelemetry.sdk._configuration import _OTelSDKConfigurator

    _OTelSDKConfigurator()._configure(**kwargs)


def has_declarative_configuration() -> bool:
    """Whether the package is installed that reads the file of `OTEL_CONFIG_FILE`."""
    from importlib.util import find_spec

    return find_spec("opentelemetry.configuration") is not None


def launch() -> None:
    """Do all that upstream's launcher does in a process, whichever distribution was chosen."""
    from opentelemetry.instrumentation.auto_instrumentation import initialize

    initialize()


def read_conventions_anew() -> None:
    """Have upstream read OTEL_SEMCONV_STABILITY_OPT_IN, which it does once: an application may have instrumented before."""
    module = sys.modules.get("opentelemetry.instrumentation._semconv")
    if module is not None:
        module._OpenTelemetrySemanticConventionStability._initialized = False


def launcher_options() -> dict[str, str]:
    """Return the options of upstream's launcher without their dashes, and the variable that each stands for."""
    from opentelemetry.util._importlib_metadata import entry_points

    modules = [entry_point.load() for entry_point in entry_points(group="opentelemetry_environment_variables")]
    variables = [name for module in modules for name in dir(module) if name.startswith("OTEL_")]
    return {name.removeprefix("OTEL_").removeprefix("PYTHON_").lower(): name for name in variables}


def launcher_version() -> str:
    """Return the version that upstream's launcher would put into the resource."""
    from opentelemetry.instrumentation.version import __version__

    return __version__


def instrumentors() -> list[Any] | None:
    """Return the entry points of all instrumentations; None if there is more to load, before or after them."""
    from opentelemetry.util._importlib_metadata import entry_points

    if entry_points(group="opentelemetry_pre_instrument") or entry_points(group="opentelemetry_post_instrument"):
        return None
    return list(entry_points(group="opentelemetry_instrumentor"))


def load_instrumentors(distro: Any) -> None:
    """Load every installed instrumentation as the launcher does."""
    from opentelemetry.instrumentation.auto_instrumentation._load import _load_instrumentors

    _load_instrumentors(distro)


def fits_its_library(entry_point: Any) -> bool:
    """Whether an instrumentation knows the version of its library that is installed; if not, say so as the launcher does."""
    from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts

    conflict = get_dist_dependency_conflicts(entry_point.dist)
    if conflict is not None:
        conflict._log(logging.getLogger(_LOADER), entry_point.name)
    return conflict is None


def format_of(formatter: logging.Formatter) -> str | None:
    """Return the format that a formatter of the standard library was made with."""
    return formatter._fmt


def format_used(formatter: logging.Formatter) -> Any:
    """Return the format that a formatter of the standard library uses, by now; None if it has another idea of styles."""
    return getattr(vars(formatter).get("_style"), "_fmt", None)


def format_defaults(formatter: logging.Formatter) -> Any:
    """Return what a formatter of the standard library says where a record has nothing for a name, if it says anything."""
    return getattr(vars(formatter).get("_style"), "_defaults", None)


def otlp_entry_point(protocol: str) -> str:
    """Return the entry point of upstream's OTLP exporter for a transport."""
    return {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}[protocol]


def names_of(exporters: Sequence[str]) -> str:
    """Return a list of exporters as upstream's variables want it."""
    return ",".join(exporters) or "none"


def hush_conflicts() -> None:
    """Drop the launcher's lines on libraries whose version no instrumentation knows: another process has said them."""
    logging.getLogger(_LOADER).addFilter(lambda record: "only instruments" not in str(record.msg))


def hush_other_configurators() -> None:
    """Drop the launcher's lines on configurators that were not chosen: the start says in one line who stands beside."""
    logger = logging.getLogger(_LOADER)
    logger.addFilter(lambda record: "not loaded" not in str(record.msg))
