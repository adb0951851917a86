# SPDX-License-Identifier: Apache-2.0
"""Who is of the same kind as the service, and who only looks like it."""

import pytest

from otel_distro.http.correlation import Policy
from otel_distro.settings.model import HttpSettings

INSIDE = (
    *(
        "inference",
        "LOCALHOST",
        "chat-api",
        "db.svc",
        "db.ns.svc",
        "db.ns.svc.cluster.local",
        "db.ns.svc.cluster.local.",
    ),
    *("a.internal", "printer.local", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"),
)
OUTSIDE = (
    *("127.0.0.1", "::1", "8.8.8.8", "172.32.0.1", "169.254.169.254", "2001:db8::1", "::ffff:8.8.8.8", "fe80::1%eth0"),
    *("134744072", "0x08080808", "api.example.com", "svc", "internal.example.com", "xlocal.example", "ai.", "", "."),
    *("a.svc.example.com", "notinternal", "192.168.1.1.example.com", "10.0.0.1.nip.io"),
)
SINGLE_LABELS = ("svc", "notinternal")


@pytest.mark.parametrize("host", INSIDE)
def test_by_default_hosts_of_the_same_kind_get_ids(host):
    assert Policy(HttpSettings()).allows(host)


@pytest.mark.parametrize("host", [host for host in OUTSIDE if host not in SINGLE_LABELS])
def test_by_default_others_get_none(host):
    assert not Policy(HttpSettings()).allows(host)


def test_others_are_named_beside_them_or_in_their_place():
    named = Policy(HttpSettings(correlation_hosts=("inside", "*.example.com")))
    alone = Policy(HttpSettings(correlation_hosts=("*.example.com",)))
    hosts = ("db", "api.example.com", "API.EXAMPLE.COM.", "example.org")
    assert [named.allows(host) for host in hosts] == [True, True, True, False]
    assert [alone.allows(host) for host in hosts] == [False, True, True, False]
    assert Policy(HttpSettings(correlation_hosts=("*",))).allows("anybody.example")
    assert not Policy(HttpSettings(correlation_hosts=())).allows("db")
