# SPDX-License-Identifier: Apache-2.0
"""URLs: what of them people may read, and what lies below them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

# A comma inside a URL (several hosts of one PostgreSQL) separates nothing: an entry begins with a scheme, or a name before it.
BETWEEN = re.compile(r",(?=\s*(?:[\w.-]+=)?[A-Za-z][A-Za-z0-9+.-]*://)")
_SIGNAL = re.compile(r"/v1/(?:traces|metrics|logs)/*$")


def without_credentials(url: str, instead: str = "") -> str:
    """Return a URL with what stands before its host replaced, if anything does; any other text as it is."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    _, credentials, host = authority.rpartition("@")
    return f"{scheme}{separator}{instead}{host}{slash}{path}" if credentials else url


def without_query(url: str, instead: str) -> str:
    """Return a URL with its query replaced, if it has one: some collectors want their API key there."""
    before, mark, _ = url.partition("?")
    return f"{before}{mark}{instead}" if mark and "://" in before else url


def base(url: str) -> str:
    """Return a collector's URL without the path of one signal, which the general endpoint must not have."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=_SIGNAL.sub("", parts.path)))


def below(url: str, path: str) -> str:
    """Return the URL of a path below another; a query stays behind it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path))
