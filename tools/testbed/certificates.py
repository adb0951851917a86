# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for a test: one server on the loopback address, one client."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files."""

    authority: str
    server: str
    server_key: str
    client: str
    client_key: str


def issue(folder: Path) -> Certificates:
    """Make an authority and what it signs, valid for a day; skips the test where there is no `openssl`."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is missing")
    authority = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test-authority -keyout ca.key -out ca.pem"
    # Python 3.13 verifies strictly: RFC 5280 wants an authority's key usage, and its key named in what it signs.
    _openssl(folder, f"{authority} -addext keyUsage=critical,keyCertSign,cRLSign")
    for name, subject_alternative_name in (("server", "IP:127.0.0.1,DNS:collector.example"), ("client", "DNS:client")):
        (folder / f"{name}.ext").write_text(
            f"subjectAltName={subject_alternative_name}\nauthorityKeyIdentifier=keyid\n", encoding="ascii"
        )
        _openssl(folder, f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
        _openssl(
            folder,
            f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile {name}.ext"
            f" -out {name}.pem",
        )
    return Certificates(
        *(str(folder / name) for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key"))
    )


def _openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True, timeout=60)
