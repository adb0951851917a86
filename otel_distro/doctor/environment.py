# SPDX-License-Identifier: Apache-2.0
"""What can be known before anything is sent: variables, versions, who else is installed, what is sampled."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from otel_distro.doctor.findings import Finding, note, ok, problem, warning
from otel_distro.lifecycle.preflight import other_distributions, problems_of
from otel_distro.settings.doubts import has_no_name
from otel_distro.settings.reading import Reading

# Packages that set tracer, meter or logger providers of their own when the application starts them.
OTHERS_THAT_SET_PROVIDERS = (
    "ddtrace",
    "logfire",
    "sentry-sdk",
    "langfuse",
    "agentops",
    "traceloop-sdk",
    "arize-phoenix-otel",
    "azure-monitor-opentelemetry",
    "elastic-apm",
    "newrelic",
    "splunk-opentelemetry",
)
_TOGETHER = (
    ("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-proto"),
    ("opentelemetry-instrumentation", "opentelemetry-semantic-conventions", "opentelemetry-instrumentation-asgi"),
)


def environment(reading: Reading) -> Iterator[Finding]:
    """Yield what is wrong with variables and packages."""
    if reading.settings.disabled:
        yield problem("OD105", "OTEL_SDK_DISABLED", "true: nothing is patched, nothing listens, nothing is exported")
    others = set(other_distributions())
    found = [each for each in problems_of(reading) if each not in others]
    for each in found:
        yield problem("OD101", "variables", each)
    if not found:
        yield ok("variables", f"{len(reading.given)} are set, and right")
    for each in sorted(others):
        yield problem("OD102", "distributions", each)
    if has_no_name(reading.settings, reading.sources):
        yield warning("OD106", "OTEL_SERVICE_NAME", "is not set: the service is called unknown_service")
    yield from _versions()
    yield from _others()
    yield from sampling(reading)


def _versions() -> Iterator[Finding]:
    wrong = False
    for packages in _TOGETHER:
        installed = {name: found for name in packages if (found := installed_version(name))}
        releases = {found.rpartition("b")[0] or found.rpartition(".")[0] for found in installed.values()}
        if len(releases) > 1:
            wrong = True
            said = ", ".join(f"{name} {found}" for name, found in installed.items())
            yield problem("OD103", "versions", f"are of several releases: {said}", packages=" ".join(installed))
    if not wrong:
        yield ok("versions", f"opentelemetry-sdk {installed_version('opentelemetry-sdk')} and what belongs to it")


def _others() -> Iterator[Finding]:
    for name in OTHERS_THAT_SET_PROVIDERS:
        if found := installed_version(name):
            yield warning(
                "OD104", name, f"{found} is installed: started by the application, it sets providers of its own"
            )


def sampling(reading: Reading) -> Iterator[Finding]:
    """Yield whether some or all spans are left out on purpose, and by whom."""
    sampler = str(reading.upstream.get("OTEL_TRACES_SAMPLER") or "parentbased_always_on")
    argument = reading.upstream.get("OTEL_TRACES_SAMPLER_ARG")
    if "always_off" in sampler or ("ratio" in sampler and argument is not None and str(argument) in {"0", "0.0"}):
        yield problem("OD110", "sampling", f"OTEL_TRACES_SAMPLER={sampler}: no span is recorded")
    elif "ratio" in sampler:
        yield note("sampling", f"{sampler}, {argument}: the other traces are left out on purpose")
    elif reading.settings.http.trust_incoming is True:
        yield note(
            "sampling",
            "callers decide: a traceparent that ends in 00 records nothing (OTEL_DISTRO_TRUST_INCOMING=true)",
        )


def installed_version(name: str) -> str | None:
    """Return the installed version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
