# SPDX-License-Identifier: Apache-2.0
"""Names of variables that nobody reads: a typing error in one is otherwise never noticed.

Our own prefix is closed. Of `OTEL_*` there are hundreds, of other languages, instrumentations and the operator; there only
a name that nearly is one we know, and is none that exists, is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

OURS = "OTEL_DISTRO_"
# Whole families that belong to others: https://opentelemetry.io/docs/zero-code/ and the operator's variables.
_FAMILIES = (
    "OTEL_INSTRUMENTATION_",
    "OTEL_EXPERIMENTAL_",
    "OTEL_JAVA",
    "OTEL_NODE_",
    "OTEL_JS_",
    "OTEL_BROWSER_",
    "OTEL_GO_",
    "OTEL_EBPF_",
    "OTEL_DOTNET_",
    "OTEL_RUBY_",
    "OTEL_PHP_",
    "OTEL_RUST_",
    "OTEL_CPP_",
    "OTEL_ERLANG_",
    "OTEL_SWIFT_",
    "OTEL_LAMBDA_",
    "OTEL_AWS_",
    "OTEL_OPERATOR_",
    "OTEL_INJECTOR_",
    "OTEL_COLLECTOR_",
    "OTEL_RESOURCE_ATTRIBUTES_",
    "OTEL_RESOURCE_PROVIDERS_",
    "OTEL_EXPORTER_JAEGER_",
    "OTEL_EXPORTER_ZIPKIN_",
    "OTEL_EXPORTER_OPENCENSUS_",
    "OTEL_OPAMP_",
    "OTEL_PYTHON_OPAMP_",
    "OTEL_PYTHON_EXPORTER_OTLP_",
    "OTEL_DISTRO_TEST_",  # of our own tests
    "OTEL_POD_",
    "OTEL_K8S_",
)
# Single names that upstream, contrib's instrumentations or the specification know, and we do not.
_OTHERS = frozenset(
    {
        "OTEL_LOG_LEVEL",
        "OTEL_ENTITIES",
        "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
        "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
        "OTEL_SERVER_NAME",
        "OTEL_NODE_IP",
        "OTEL_SERVICE_VERSION",
        "OTEL_SERVICE_NAMESPACE",
        "OTEL_SERVICE_INSTANCE_ID",
        "OTEL_PROFILES_EXPORTER",
        "OTEL_PYTHON_TRACER_PROVIDER",
        "OTEL_PYTHON_METER_PROVIDER",
        "OTEL_PYTHON_LOGGER_PROVIDER",
        "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION",
        "OTEL_PYTHON_LOG_CODE_ATTRIBUTES",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_FORMAT",
        "OTEL_PYTHON_LOG_HANDLER_LEVEL",
        "OTEL_PYTHON_LOG_HANDLER_LEVEL_BY_NAME",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_PYTHON_GRPC_EXCLUDED_SERVICES",
    }
)
_OF_AN_INSTRUMENTATION = re.compile(r"OTEL_PYTHON_[A-Z0-9_]+_(EXCLUDED_URLS|TRACED_REQUEST_ATTRS|CREDENTIAL_PROVIDER)")
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_NEAR = 0.88  # of difflib's ratio: two or three wrong letters, one word too few, two words exchanged


def strangers(environ: Mapping[str, str], known: AbstractSet[str]) -> Iterator[str]:
    """Yield one sentence for each variable that has no effect and looks as if it were to have one.

    Args:
        environ: All variables.
        known: Names that have an effect.
    """
    suspects = [
        name for name in environ if name[:2].upper() in {"OT", "OE"} and not _is_of_a_kubernetes_service(name, environ)
    ]
    for name in sorted(set(suspects) - known):
        if _is_meant_for_us(name):
            meant = _nearest(name, known)
            if meant or name.upper().startswith(OURS):
                yield f"{name}: no variable has this name, so it has no effect" + (
                    f"; did you mean {meant}?" if meant else ""
                )


def _is_of_a_kubernetes_service(name: str, environ: Mapping[str, str]) -> bool:
    """A Service called `otel-distro-x` puts OTEL_DISTRO_X_PORT and more into every pod of its namespace.

    https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    return bool(_SERVICE_LINK.search(name)) or (name.endswith("_PORT") and "://" in environ[name])


def _is_meant_for_us(name: str) -> bool:
    looks_so = re.match(r"(?i)O(?:TEL|ETL|TLE|TELL?|TLP|TL)[_-]", name)
    return bool(looks_so) and not exists_elsewhere(name)


def exists_elsewhere(name: str) -> bool:
    """Whether a variable is one of others: of upstream's instrumentations, another language, the operator."""
    return name.startswith(_FAMILIES) or name in _OTHERS or _OF_AN_INSTRUMENTATION.fullmatch(name) is not None


def _nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant, if one is."""
    from difflib import get_close_matches  # for those who have mistyped
    from functools import partial

    normal = name.upper().replace("-", "_")
    candidates = sorted(one for one in known if one.startswith("OTEL_"))
    if normal in candidates:
        return normal
    same_words = [one for one in candidates if sorted(one.split("_")) == sorted(normal.split("_"))]
    near = _ours if normal.startswith(OURS) else partial(get_close_matches, n=1, cutoff=_NEAR)
    found = same_words or near(normal, candidates)
    return found[0] if found else None


def _ours(name: str, candidates: list[str]) -> list[str]:
    """Compare what follows our prefix, which would make all of our names near ones."""
    from difflib import get_close_matches

    tail, tails = name.removeprefix(OURS), [one.removeprefix(OURS) for one in candidates if one.startswith(OURS)]
    longer = [one for one in tails if one.startswith(tail)] if len(tail) > 4 else []
    return [OURS + one for one in longer or get_close_matches(tail, tails, n=1, cutoff=0.7)]
