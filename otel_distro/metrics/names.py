# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry names as Prometheus names.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from otel_distro.ground.bounded import short_cache
from otel_distro.metrics.labels import exported

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABEL = re.compile(r"[^a-zA-Z0-9]+")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NOT_EXPOSED_IN_NAME = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_EXPOSED_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_NOT_FIRST = re.compile(r"^[0-9]")
_ANNOTATION = re.compile(r"\{.*\}")
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
_PER = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


@short_cache(1024)
def family_name(name: str, unit: str, *, counter: bool) -> str:
    """Return the family's name: sanitized, the unit as a suffix, a counter without `_total`."""
    name = _leading(name, _NOT_IN_NAME)
    if counter:
        name = name.removesuffix("_total")
    suffix = unit_name(unit)
    return name if not suffix or name.endswith("_" + suffix) else f"{name}_{suffix}"


@short_cache(256)
def unit_name(unit: str) -> str:
    """Return a UCUM unit in Prometheus' words: `s` is `seconds`, `By/s` is `bytes_per_second`, `{request}` is none."""
    unit = _ANNOTATION.sub("", unit)
    if unit in _UNITS:
        return _UNITS[unit]
    top, slash, bottom = unit.partition("/")
    below = _NOT_IN_NAME.sub("_", bottom) if slash else ""
    if below:
        above = _NOT_IN_NAME.sub("_", top)
        above, below = _UNITS.get(above, above), _PER.get(below, below)
        return f"{above}_per_{below}" if above else f"per_{below}"
    return _NOT_IN_NAME.sub("_", unit).strip("_")


def label_texts(attributes: Mapping[str, Any] | None, *reserved: str) -> dict[str, str]:
    """Return attributes as labels; keys that become the same label share it, their values joined by `;`.

    Args:
        attributes: Of a measurement, a scope or the resource.
        reserved: Labels that the metric's kind needs for itself, such as a histogram's `le`.
    """
    labels: dict[str, str] = {}
    for key, value in sorted((attributes or {}).items()):
        name = exported(label_name(key), *reserved)
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        labels[name] = f"{labels[name]};{text}" if name in labels else text
    return labels


def exposed_name(name: str) -> str:
    """Return a name of `prometheus_client` as the library exposes it: one underscore for each sign that is not allowed.

    Raises:
        ValueError: it is empty.
    """
    if not name:
        raise ValueError("a metric without a name")
    return name if _NAME.fullmatch(name) else _NOT_FIRST.sub("_", _NOT_EXPOSED_IN_NAME.sub("_", name))


def exposed_labels(labels: Mapping[Any, Any], *reserved: str) -> str:
    """Return labels of `prometheus_client` as text; names that become the same share it, their values joined by `;`."""
    found: dict[str, str] = {}
    for key, value in labels.items():
        name = exported(_exposed_label(str(key)), *reserved)
        found[name] = f"{found[name]};{value}" if name in found else str(value)
    return join_labels(found)


@short_cache(2048)
def _exposed_label(name: str) -> str:
    return _NOT_FIRST.sub("_", _NOT_EXPOSED_IN_LABEL.sub("_", name)) or "_"


def join_labels(labels: Mapping[str, str]) -> str:
    """Return Prometheus labels as text: sorted, escaped, empty values left out."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in sorted(labels.items()) if value)


@short_cache(2048)
def label_name(key: str) -> str:
    """Return an attribute's key as a label name."""
    return _leading(key, _NOT_IN_LABEL) or "_"


def escape(text: str) -> str:
    """Escape a label's value; lone surrogates, which no encoder takes, become question marks."""
    if text.isascii() and text.isalnum():
        return text
    return text.translate(_ESCAPES).encode("utf-8", "replace").decode("utf-8")


def _leading(name: str, unwanted: re.Pattern[str]) -> str:
    # As upstream does it: a leading digit gives way to an underscore.
    if name[:1].isdigit():
        name = "_" + name[1:]
    return unwanted.sub("_", name)
