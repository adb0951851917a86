# SPDX-License-Identifier: Apache-2.0
"""Files that variables name: what cannot be used is said before it is needed, with what happens without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from testbed.certificates import Certificates, issue

from otel_distro.admin.certificate import Certificate
from otel_distro.lifecycle.preflight import problems_of
from otel_distro.settings.environ import read

OTLP = "OTEL_EXPORTER_OTLP"
TLS = "OTEL_DISTRO_ADMIN_TLS"


def problems(**environ: str) -> list[str]:
    return problems_of(read(environ))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that are none of what somebody needs."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "empty").touch()
    (folder / "blank").write_text(" \n")
    (folder / "prose").write_text("no certificate")
    for command in (
        "req -newkey rsa:2048 -nodes -subj /CN=a -keyout old.key -out old.csr",
        "x509 -req -in old.csr -signkey old.key -days -1 -out old.pem",
        "rsa -aes128 -passout pass:sesame -in old.key -out locked.key",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.mark.parametrize("name", ["missing", "empty", "blank", "."])
def test_a_token_that_cannot_be_read_is_said(odd: Path, name: str) -> None:
    (problem,) = problems(OTEL_DISTRO_ADMIN_TOKEN_FILE=str(odd / name))
    assert problem.startswith(f"cannot read {odd / name} (OTEL_DISTRO_ADMIN_TOKEN_FILE)")
    assert "refuses every request" in problem


@pytest.mark.parametrize("name", ["missing", "empty", "prose", ".", "old.key", "old.pem"])
@pytest.mark.parametrize("signal", ["", "_TRACES", "_METRICS", "_LOGS"])
def test_authorities_that_cannot_be_used_are_said_under_the_name_that_was_set(
    odd: Path, name: str, signal: str
) -> None:
    found = problems(**{f"{OTLP}{signal}_CERTIFICATE": str(odd / name)})
    assert len(found) == (1 if signal else 3)
    for problem in found:
        assert problem.startswith(f"{OTLP}{signal}_CERTIFICATE='{odd / name}': expected ")
        assert problem.endswith(" do not leave over TLS")


@pytest.mark.parametrize(
    ("certificate", "key", "expected"),
    [
        (None, "old.key", "beside it"),
        ("missing", "old.key", "a file that can be read (No such file or directory)"),
        ("old.pem", "missing", "a file that can be read (No such file or directory)"),
        ("old.pem", None, "a certificate in PEM and its key"),
        ("old.pem", "prose", "a certificate in PEM and its key"),
        ("old.pem", "locked.key", "without a passphrase"),
        ("old.pem", "old.key", "a certificate that is valid, but it ended on"),
    ],
)
@pytest.mark.parametrize(("prefix", "instead"), [(f"{OTLP}_TRACES_CLIENT", "do not leave over TLS"), (TLS, "is off")])
def test_half_and_broken_pairs_are_said(
    odd: Path, *, certificate: str | None, key: str | None, expected: str, prefix: str, instead: str
) -> None:
    chosen = {f"{prefix}_CERTIFICATE": certificate, f"{prefix}_KEY": key}
    found = problems(**{name: str(odd / file) for name, file in chosen.items() if file})
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].endswith(instead)
    assert prefix in found[0].partition("=")[0]


def test_what_fits_is_right(certificates: Certificates) -> None:
    environ = {
        f"{OTLP}_CERTIFICATE": certificates.authority,
        f"{OTLP}_CLIENT_CERTIFICATE": certificates.client,
        f"{OTLP}_CLIENT_KEY": certificates.client_key,
        f"{TLS}_CERTIFICATE": certificates.server,
        f"{TLS}_KEY": certificates.server_key,
    }
    assert problems(**environ) == []


def test_a_key_of_another_certificate_is_said(certificates: Certificates) -> None:
    (problem,) = problems(**{f"{TLS}_CERTIFICATE": certificates.server, f"{TLS}_KEY": certificates.client_key})
    assert problem.startswith(f"{TLS}_CERTIFICATE='{certificates.server}', {TLS}_KEY='{certificates.client_key}'")


def test_a_pipe_is_left_to_whoever_needs_what_it_says(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    assert problems(OTEL_DISTRO_ADMIN_TOKEN_FILE=str(pipe)) == []


@pytest.mark.parametrize("path", ["missing", "."])
def test_a_configuration_file_that_cannot_be_read_is_said(odd: Path, path: str) -> None:
    (problem,) = problems(OTEL_CONFIG_FILE=str(odd / path))
    assert problem.startswith(f"OTEL_CONFIG_FILE='{odd / path}': expected ")


def test_a_key_alone_never_means_plain_http(odd: Path) -> None:
    admin = read({f"{TLS}_KEY": str(odd / "old.key")}).settings.admin
    with pytest.raises(OSError, match="expected OTEL_DISTRO_ADMIN_TLS_CERTIFICATE beside it"):
        Certificate(admin)
