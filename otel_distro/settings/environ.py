# SPDX-License-Identifier: Apache-2.0
"""The only reader, and writer, of the environment.

`otel_distro.settings.reading` makes settings of it; here is what touches it, and what upstream shall find there.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # `otel-distro run` starts with this module: importing `typing` would be a quarter of its time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from contextlib import AbstractContextManager

    from otel_distro.settings.reading import Reading

# What the distribution wants of upstream where the user said nothing; children inherit it.
THIS_DISTRIBUTION = {"OTEL_PYTHON_DISTRO": "otel_distro", "OTEL_PYTHON_CONFIGURATOR": "otel_distro"}
UPSTREAM_BATCH = 512  # its default; a queue that holds less makes it raise
UPSTREAM_DEFAULTS: Mapping[str, str] = {
    **THIS_DISTRIBUTION,
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "prometheus",
    "OTEL_LOGS_EXPORTER": "none",
}


def read(environ: Mapping[str, str] | None = None) -> Reading:
    """Read the environment.

    Args:
        environ: The variables; the process's own by default.
    """
    from otel_distro.settings import reading

    # A copy: each look into `os.environ` encodes and decodes, and we look for some two hundred names.
    environ = os.environ.copy() if environ is None else environ
    return reading.read(environ)


def variable_names() -> list[str]:
    """Return the names of all variables of this process."""
    return list(os.environ)


def wants_colours() -> bool | None:
    """Return what the environment says about colours; None if nothing.

    https://no-color.org, https://force-color.org
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0", "false"}:
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def in_kubernetes() -> bool:
    """Whether this process is in a pod."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def in_container() -> bool:
    """Whether this process seems to be in a container: what Docker, Podman and Kubernetes leave there says so."""
    marks = ("/.dockerenv", "/run/.containerenv")
    return in_kubernetes() or "container" in os.environ or any(map(os.path.exists, marks))


def prepare_upstream(reading: Reading, environ: MutableMapping[str, str] | None = None) -> Callable[[], None]:
    """Fill in the defaults that upstream reads, and take away the values that would make it raise.

    Returns:
        What undoes that, but for what somebody else has set meanwhile.
    """
    environ = os.environ if environ is None else environ
    before = dict(environ)
    _prepare_upstream(reading, environ)
    changed = {name: environ.get(name) for name in {*before, *environ} if before.get(name) != environ.get(name)}

    def undo() -> None:
        for name, ours in changed.items():
            if environ.get(name) == ours:
                _put(environ, name, before.get(name))

    return undo


def _prepare_upstream(reading: Reading, environ: MutableMapping[str, str]) -> None:
    from otel_distro.settings.casts import names
    from otel_distro.settings.sdk import ratio_is_missing

    for name, text in (*reading.corrections.items(), *_spelled_out(reading, environ)):
        if name.startswith("OTEL_"):  # the others are the application's: LOG_LEVEL, HTTPS_PROXY
            _put(environ, name, text)
    _set_defaults(UPSTREAM_DEFAULTS, environ)
    if ratio_is_missing(environ):
        environ["OTEL_TRACES_SAMPLER_ARG"] = "1.0"
    # A list that names other conventions only would bring the old HTTP names back, which no dashboard of ours knows.
    conventions = names(environ["OTEL_SEMCONV_STABILITY_OPT_IN"])
    if not {"http", "http/dup"}.intersection(conventions):
        environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = ",".join((*conventions, "http"))


def _spelled_out(reading: Reading, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what upstream would read otherwise than we do, or not at all: endpoints and batches that follow from others."""
    settings, general = reading.settings, "OTEL_EXPORTER_OTLP_ENDPOINT"
    left = reading.corrections.get(general, environ.get(general)) or ""
    for group, signal in ((settings.traces, "TRACES"), (settings.metrics, "METRICS"), (settings.logs, "LOGS")):
        own = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
        theirs = left if group.otlp.protocol == "grpc" else f"{left.rstrip('/')}/v1/{signal.lower()}"
        if reading.sources.get(own) == general and theirs != group.otlp.endpoint:
            yield own, group.otlp.endpoint
    for queue, prefix in ((settings.traces.queue, "BSP"), (settings.logs.queue, "BLRP")):
        if queue.max_queue_size < UPSTREAM_BATCH:
            yield f"OTEL_{prefix}_MAX_EXPORT_BATCH_SIZE", str(queue.max_export_batch_size)


def settle_propagators() -> None:
    """Make upstream's first import of its propagators succeed: it raises for one that is not installed, or cannot be loaded."""
    from otel_distro.upstream import entry_point_names

    known = {*entry_point_names("opentelemetry_propagator"), "none"}
    chosen = [name.strip() for name in os.environ["OTEL_PROPAGATORS"].split(",")]
    with overridden({"OTEL_PROPAGATORS": ",".join(name for name in chosen if name in known)}):
        try:
            import opentelemetry.propagate
        except Exception:  # noqa: BLE001  one of them raises; `prepare` says which
            os.environ["OTEL_PROPAGATORS"] = ""
            import opentelemetry.propagate  # noqa: F401


def prefer_this_distribution() -> None:
    """Choose this distribution for the program that the launcher is about to start, unless the user chose another."""
    _choose_this(os.environ)


def _choose_this(environ: MutableMapping[str, str]) -> None:
    """Choose this distribution where nobody chose another, or one that is not installed: that would leave nothing."""
    for name, group in (("OTEL_PYTHON_DISTRO", "distro"), ("OTEL_PYTHON_CONFIGURATOR", "configurator")):
        chosen, ours = environ.get(name, "").strip(), THIS_DISTRIBUTION[name]
        if chosen not in {"", ours}:
            from otel_distro.upstream import entry_point_names  # half of a start: for those who chose another

            known = entry_point_names(f"opentelemetry_{group}")
            if chosen in known:
                continue
            expected = f"one of {', '.join(known)}"
            print(f"otel-distro: {name}={chosen!r}: expected {expected}; using {ours}", file=sys.stderr)  # noqa: T201  nothing else stands yet
        environ[name] = ours


def launch_environment(
    folder: str, variables: Mapping[str, str] | None = None, *, safe: bool = False
) -> dict[str, str]:
    """Return the environment of a program that `otel-distro run` starts: as upstream's launcher makes it.

    Args:
        folder: Comes first on PYTHONPATH, then the working directory, then what was there.
        variables: What the launcher's options say.
        safe: Leave the working directory out, as PYTHONSAFEPATH does.
    """
    environ = {**os.environ, **(variables or {})}
    _choose_this(environ)
    here = os.getcwd()  # noqa: PTH109  pathlib takes longer to import than all of this runs
    present = [place for place in environ.get("PYTHONPATH", "").split(os.pathsep) if place and place != folder]
    left_out = safe or environ.get("PYTHONSAFEPATH") or here in present
    environ["PYTHONPATH"] = os.pathsep.join([folder, *([] if left_out else [here]), *present])
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
            _put(environ, name, value)


def publish_owner(value: str | None) -> None:
    """Leave word of the admin port's owner for the children of this process, or take it back."""
    _put(os.environ, "OTEL_DISTRO_OWNER", value)


def _put(environ: MutableMapping[str, str], name: str, value: str | None) -> None:
    """Set a variable, or take it out."""
    if value is None:
        environ.pop(name, None)
    else:
        environ[name] = value


def snapshot() -> dict[str, str]:
    """Return a copy of the environment, for those who start another process with a changed one."""
    return dict(os.environ)
