# SPDX-License-Identifier: Apache-2.0
"""The only reader, and writer, of the environment.

`otel_distro.reading` makes settings of it; here is what touches it, and what upstream shall find there.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # `otel-distro run` starts with this module: importing `typing` would be a quarter of its time
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping
    from contextlib import AbstractContextManager

    from otel_distro.reading import Reading

# What the distribution wants of upstream where the user said nothing; children inherit it.
THIS_DISTRIBUTION = {"OTEL_PYTHON_DISTRO": "otel_distro", "OTEL_PYTHON_CONFIGURATOR": "otel_distro"}
UPSTREAM_DEFAULTS: Mapping[str, str] = {
    **THIS_DISTRIBUTION,
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_LOGS_EXPORTER": "none",
}


def read(environ: Mapping[str, str] | None = None, *, terminal: bool | None = None) -> Reading:
    """Read the environment.

    Args:
        environ: The variables; the process's own by default.
        terminal: Whether stdout is a terminal; found out by default.
    """
    from otel_distro import reading

    # A copy: each look into `os.environ` encodes and decodes, and we look for some two hundred names.
    environ = os.environ.copy() if environ is None else environ
    return reading.read(environ, terminal=_stdout_is_terminal() if terminal is None else terminal)


def _stdout_is_terminal() -> bool:
    return sys.stdout is not None and not sys.stdout.closed and sys.stdout.isatty()


def prepare_upstream(reading: Reading, environ: MutableMapping[str, str] | None = None) -> None:
    """Fill in the defaults that upstream reads, and take away the values that would make it raise."""
    from otel_distro.casts import names
    from otel_distro.variables.upstream import ratio_is_missing

    environ = os.environ if environ is None else environ
    for problem in reading.problems:
        if problem.name.startswith("OTEL_"):  # the others are the application's: LOG_LEVEL, HTTPS_PROXY
            environ.pop(problem.name, None)
    _set_defaults(UPSTREAM_DEFAULTS, environ)
    if ratio_is_missing(environ):
        environ["OTEL_TRACES_SAMPLER_ARG"] = "1.0"
    # A list that names other conventions only would bring the old HTTP names back, which no dashboard of ours knows.
    conventions = names(environ["OTEL_SEMCONV_STABILITY_OPT_IN"])
    if not {"http", "http/dup"}.intersection(conventions):
        environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = ",".join((*conventions, "http"))


def prefer_this_distribution() -> None:
    """Choose this distribution for the program that the launcher is about to start, unless the user chose another."""
    _set_defaults(THIS_DISTRIBUTION, os.environ)


def launch_environment(folder: str) -> dict[str, str]:
    """Return the environment of a program that `otel-distro run` starts: as upstream's launcher makes it.

    Args:
        folder: Comes first on PYTHONPATH, then the working directory, then what was there.
    """
    environ = os.environ.copy()
    _set_defaults(THIS_DISTRIBUTION, environ)
    here = os.getcwd()  # noqa: PTH109  pathlib takes longer to import than all of this runs
    present = [place for place in environ.get("PYTHONPATH", "").split(os.pathsep) if place and place != folder]
    environ["PYTHONPATH"] = os.pathsep.join([folder, *([] if here in present else [here]), *present])
    return environ


def launches_ours() -> bool:
    """Whether this process shall be set up by us alone: nobody chose another distribution, or gevent's patches."""
    chosen = all(os.environ.get(name) in {None, "", ours} for name, ours in THIS_DISTRIBUTION.items())
    return chosen and "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH" not in os.environ


def without_on_python_path(folder: str) -> AbstractContextManager[None]:
    """Take a folder off PYTHONPATH for the length of a call."""
    places = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return overridden({"PYTHONPATH": os.pathsep.join(place for place in places if place != folder)})


def _set_defaults(defaults: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    for name, value in defaults.items():
        if not environ.get(name, "").strip():
            environ[name] = value


@contextmanager
def overridden(changes: Mapping[str, str], environ: MutableMapping[str, str] | None = None) -> Iterator[None]:
    """Set variables for the length of a call into upstream, then put back what was there: children inherit it."""
    environ = os.environ if environ is None else environ
    before = {name: environ.get(name) for name in changes}
    environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            environ.pop(name, None) if value is None else environ.__setitem__(name, value)


def publish_owner(value: str | None) -> None:
    """Leave word of the admin port's owner for the children of this process, or take it back."""
    if value is None:
        os.environ.pop("OTEL_DISTRO_OWNER", None)
    else:
        os.environ["OTEL_DISTRO_OWNER"] = value
