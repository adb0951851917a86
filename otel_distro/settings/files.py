# SPDX-License-Identifier: Apache-2.0
"""Files that variables name: whether they can be read and are what they should be, found out before they are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_distro.settings.model import Settings

_VALIDITY = re.compile(rb"\x30[\x1e\x20\x22](?:\x17\x0d|\x18\x0f)(\d{12,14})Z(?:\x17\x0d|\x18\x0f)(\d{12,14})Z")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def unusable_files(settings: Settings, sources: Mapping[str, str]) -> Iterator[str]:
    """Yield one sentence for each file that cannot be used, with what happens without it."""
    admin = settings.admin
    if admin.token_file:
        reason = unreadable(admin.token_file)
        if reason:
            yield (
                f"cannot read {admin.token_file} (OTEL_DISTRO_ADMIN_TOKEN_FILE), the admin port refuses every request: {reason}"
            )
    for signal, group in (("TRACES", settings.traces), ("METRICS", settings.metrics), ("LOGS", settings.logs)):
        names = {
            suffix: sources.get(f"OTEL_EXPORTER_OTLP_{signal}_{suffix}", "")
            for suffix in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
        }
        instead = f"{signal.lower()} do not leave over TLS"
        if group.otlp.certificate and (wrong := _wrong_certificate(group.otlp.certificate)):
            yield f"{names['CERTIFICATE']}={group.otlp.certificate!r}: expected {wrong}; {instead}"
        client = _wrong_pair(
            group.otlp.client_certificate, group.otlp.client_key, names["CLIENT_CERTIFICATE"], names["CLIENT_KEY"]
        )
        if client:
            yield f"{client}; {instead}"


def unusable_admin_tls(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the admin port's certificate: apart, since opening the port says it, too."""
    admin = settings.admin
    names = "OTEL_DISTRO_ADMIN_TLS_CERTIFICATE", "OTEL_DISTRO_ADMIN_TLS_KEY"
    wrong = _wrong_pair(admin.tls_certificate, admin.tls_key, *names) if admin.enabled else None
    if wrong:
        yield f"{wrong}; the admin port is off"


def unreadable(path: str) -> str | None:
    """Return why nothing can be read from a file, None if something can; what is no plain file is not opened."""
    try:
        place = Path(path)
        if place.is_dir():
            return "it is a folder"
        if place.exists() and not place.is_file():
            return None  # reading from a pipe would take what it says from whoever needs it
        with place.open("rb") as file:
            return None if file.read(4096).strip() else "it is empty"
    except (OSError, ValueError) as error:  # the second of a name with a zero byte
        return getattr(error, "strerror", None) or str(error)


def _wrong_certificate(path: str) -> str | None:
    """Return what was expected of a file with certificates to trust, None if it is right."""
    reason = unreadable(path)
    if reason:
        return f"a file that can be read ({reason})"
    import ssl  # half a megabyte, for those who speak TLS

    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        return "certificates in PEM"
    return _expired(path)


def _wrong_pair(certificate: str | None, key: str | None, certificate_name: str, key_name: str) -> str | None:
    """Return what is wrong with a certificate and its key, None if they fit; both may stand in one file."""
    if not certificate:
        named = certificate_name or key_name.replace("KEY", "CERTIFICATE")
        return f"{key_name}={key!r}: expected {named} beside it" if key else None
    for path, name in ((certificate, certificate_name), (key, key_name)):
        if path and (reason := unreadable(path)):
            return f"{name}={path!r}: expected a file that can be read ({reason})"
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        pair = f"{certificate_name}={certificate!r}" + (f", {key_name}={key!r}" if key else "")
        return f"{pair}: expected a certificate in PEM and its key, without a passphrase ({error})"
    expired = _expired(certificate)
    return f"{certificate_name}={certificate!r}: expected {expired}" if expired else None


def _expired(path: str) -> str | None:
    """Return what was expected if each certificate of a file has expired."""
    import ssl
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc).strftime("%Y%m%d%H%M%S")
    ends = []
    for block in _CERTIFICATE.findall(Path(path).read_bytes()):
        found = _VALIDITY.search(ssl.PEM_cert_to_DER_cert(block.decode("ascii", "replace")))
        if found is None:
            return None  # a form that we do not know: whoever needs it will judge it
        end = found.group(2).decode()
        ends.append(end if len(end) == 14 else ("19" if end >= "50" else "20") + end)
    if ends and max(ends) < now:
        last = max(ends)
        return f"a certificate that is valid, but it ended on {last[:4]}-{last[4:6]}-{last[6:8]}"
    return None
