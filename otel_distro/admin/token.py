# SPDX-License-Identifier: Apache-2.0
"""The bearer token of the admin port."""

from __future__ import annotations

import hmac
from pathlib import Path

from otel_distro import diagnostics
from otel_distro.settings.files import unreadable


class Token:
    """A token in a file, read again whenever the file changes: secrets are rotated by writing it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._stamp: tuple[int, int, int] | None = None
        self._token = b""
        self._reported = unreadable(path) is not None  # then the start has said so

    def matches(self, authorization: str) -> bool:
        """Whether an Authorization header carries the token; nothing matches an empty or unreadable file."""
        self._refresh()
        scheme, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token)
        return right and scheme.lower() == "bearer" and self._token != b""

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
            stamp = stat.st_mtime_ns, stat.st_ino, stat.st_size
            if stamp != self._stamp:
                self._token, self._stamp = self._path.read_bytes().strip(), stamp
                self._reported = False
        except OSError as error:
            if not self._reported:
                self._reported = True
                diagnostics.report(
                    f"cannot read {self._path} (OTEL_DISTRO_ADMIN_TOKEN_FILE), the admin port refuses every request: "
                    f"{error.strerror}"
                )
            self._token, self._stamp = b"", None
