# SPDX-License-Identifier: Apache-2.0
"""TLS to the collector, with the certificates of OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY."""

import pytest
from testbed.certificates import issue
from testbed.exporting import submit
from testbed.tls_proxy import tls_in_front_of


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("certificates"))


def test_a_server_certificate_of_the_given_authority_is_trusted(receiver, exporter_to, certificates):
    with tls_in_front_of(receiver.port, certificates) as port:
        exporter = exporter_to(port, scheme="https", certificate=certificates.authority)
        submit(exporter, 3)
        assert exporter.force_flush(10)
        exporter.shutdown(5)
    assert len(receiver.logs()) == 3


def test_a_server_certificate_of_an_unknown_authority_is_not(receiver, exporter_to, certificates, caplog):
    with tls_in_front_of(receiver.port, certificates) as port:
        exporter = exporter_to(port, scheme="https")
        submit(exporter, 3)
        assert not exporter.force_flush(10)
        exporter.shutdown(0.5)
    assert receiver.requests() == []
    assert "certificate verify failed" in caplog.messages[0]


def test_a_client_certificate_is_shown(receiver, exporter_to, certificates):
    with tls_in_front_of(receiver.port, certificates, ask_client=True) as port:
        exporter = exporter_to(
            port,
            scheme="https",
            certificate=certificates.authority,
            client_certificate=certificates.client,
            client_key=certificates.client_key,
        )
        submit(exporter, 3)
        assert exporter.force_flush(10)
        exporter.shutdown(5)
    assert len(receiver.logs()) == 3


def test_a_certificate_file_that_is_missing_is_an_outage_and_named(closed_port, exporter_to, caplog):
    exporter = exporter_to(closed_port, scheme="https", certificate="/does/not/exist.pem")
    submit(exporter, 1)
    assert not exporter.force_flush(10)
    assert "/does/not/exist.pem" in caplog.messages[0]
    assert exporter.stats.queue_size == 1
