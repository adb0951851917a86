# SPDX-License-Identifier: Apache-2.0
"""Who may read /metrics on the application's port: nobody by the address of a proxy, and nobody without the token."""

import asyncio
from typing import Any

import pytest
from testbed.asgi import scope

from otel_distro.admin.app_path import AppPath
from otel_distro.settings.admin import AdminSettings

TOKEN = (b"authorization", b"Bearer secret")
FORWARDING = (
    *(
        "forwarded",
        "x-forwarded-for",
        "X-Forwarded-Host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
    ),
    *("X-Real-IP", "via", "x-client-ip", "true-client-ip", "cf-connecting-ip"),
)


def status(client: Any, *headers: tuple[bytes, bytes], token: str | None = None) -> int:
    settings = AdminSettings(app_metrics_path="/internal/metrics", token_file=token)
    path = AppPath(settings, lambda _, deliver: deliver("text/plain", b"page"))
    return int(asyncio.run(path.answer(scope(path="/internal/metrics", headers=list(headers), client=client))).status)


@pytest.fixture
def token(tmp_path):
    (tmp_path / "token").write_text("secret")
    return str(tmp_path / "token")


NEAR = [("127.0.0.1", 1), ("10.0.0.7", 1), ("::ffff:10.0.0.7", 1), ("testclient", 50000)]
FAR = [("203.0.113.9", 1), ("example", 1), ("", 0), None, []]


@pytest.mark.parametrize("client", NEAR)
def test_without_a_token_the_networks_may_read(client):
    assert status(client) == 200


@pytest.mark.parametrize("client", FAR)
def test_without_a_token_nobody_else_may(client):
    assert status(client) == 404


@pytest.mark.parametrize("name", FORWARDING)
def test_whoever_comes_through_a_proxy_is_a_stranger(name):
    assert status(("127.0.0.1", 1), (name.encode(), b"10.0.0.1")) == 404


def test_a_token_that_is_set_is_always_asked_for(token):
    assert status(("127.0.0.1", 1), token=token) == 404
    assert status(("127.0.0.1", 1), TOKEN, token=token) == 200
    assert status(("127.0.0.1", 1), TOKEN, (b"x-forwarded-for", b"203.0.113.9"), token=token) == 200
    assert status(("203.0.113.9", 1), TOKEN, token=token) == 404
    assert status(None, TOKEN, token=token) == 200  # a Unix socket: whoever connects is on this machine
