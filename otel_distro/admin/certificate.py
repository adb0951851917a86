# SPDX-License-Identifier: Apache-2.0
"""The admin port's certificate, read again when its files change: they are rotated by writing them (cert-manager)."""

from __future__ import annotations

import ssl
from pathlib import Path

from otel_distro import diagnostics
from otel_distro.settings.model import AdminSettings

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A context for TLS that is as new as its files; while they cannot be read, the one before stands."""

    def __init__(self, admin: AdminSettings) -> None:
        """Read the files.

        Raises:
            OSError: a file is missing or not what it should be; names both variables.
        """
        if not admin.tls_certificate:  # never plain HTTP where somebody asked for TLS
            wanted = "expected OTEL_DISTRO_ADMIN_TLS_CERTIFICATE beside it"
            raise OSError(f"OTEL_DISTRO_ADMIN_TLS_KEY={admin.tls_key!r}: {wanted}")
        self._files = admin.tls_certificate, admin.tls_key
        self._stamp = self._stamp_now()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp  # taken before reading, so that a write meanwhile only makes us read once more
            try:
                self._context = self._read()
            except OSError as error:
                diagnostics.report(f"the admin port goes on with the certificate that it has: {error}")
        return self._context

    def _read(self) -> ssl.SSLContext:
        certificate, key = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, key, password="")  # else it would ask the terminal
        except OSError as error:
            chosen = f"{certificate!r}, OTEL_DISTRO_ADMIN_TLS_KEY={key!r}"
            raise OSError(f"OTEL_DISTRO_ADMIN_TLS_CERTIFICATE={chosen}: {error}") from error
        return context

    def _stamp_now(self) -> _Stamp:
        try:
            stats = [Path(file).stat() for file in self._files if file]
        except OSError:
            return ()
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)
