# SPDX-License-Identifier: Apache-2.0
"""The text of a variable: cleaned of what tools leave around it, and values as people and upstream shall read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from otel_distro.settings.urls import BETWEEN, without_credentials, without_query

if TYPE_CHECKING:
    from otel_distro.settings.declare import Variable

MASK = "***"
_REFERENCE = re.compile(r"((?:^|,)\s*(?:[\w.-]+=)?)\$\{?([A-Za-z_]\w*)\}?(?=\s*(?:,|$))")
_QUOTES = ("'", '"')


def clean(text: str) -> str:
    """Return a variable's text without blanks, carriage returns and quotes around it, and without broken characters.

    `docker run --env-file` and systemd's cousins keep quotes, and files written on Windows their carriage returns.
    """
    text = text.strip()
    if is_quoted(text):
        text = text[1:-1].strip()
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def referred(text: str, environ: Mapping[str, str]) -> str:
    """Return a text in which `$NAME` and `${NAME}` stand for what other variables say.

    Only where an entry begins: a password may hold a dollar.

    Raises:
        ValueError: one of them says nothing.
    """

    def resolved(found: re.Match[str]) -> str:
        value = clean(environ.get(found.group(2), ""))
        if not value:
            raise ValueError(f"a variable {found.group(2)} that says something")
        return found.group(1) + value

    return _REFERENCE.sub(resolved, text)


def is_quoted(text: str) -> bool:
    """Whether a text stands in quotes as a whole."""
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES


def shown(variable: Variable, text: str) -> str:
    """Return a variable's value for people to read: without credentials and queries of URLs, and nothing of a secret."""
    if variable.secret:
        return MASK
    return ",".join(without_query(without_credentials(url, f"{MASK}@"), MASK) for url in BETWEEN.split(text))


def default_text(variable: Variable, default: Any) -> str:
    """Return a variable's default as the tables show it."""
    return variable.default_text or as_text(default)


def as_text(value: Any) -> str:
    """Return a value for people; a dash for none."""
    if value is None or value in ((), {}):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{key}={content}" for key, content in value.items())
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def written(value: Any) -> str:
    """Return a value as it is written into the environment for upstream to read."""
    if isinstance(value, Mapping):
        return ",".join(f"{quote(key)}={quote(str(content))}" for key, content in value.items())
    return as_text(value)
