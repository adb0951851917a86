# SPDX-License-Identifier: Apache-2.0
"""The address that a call really went to: from httpx's own connection, and nothing where there is none."""

import asyncio
import socketserver
import threading

import httpx
import pytest
from testbed.http_server import Answering, http_server

from otel_distro import diagnostics
from otel_distro.http import instrumentors
from otel_distro.http.client.peer import peer_of

PEER = ("network.peer.address", "network.peer.port")


@pytest.fixture
def client(observed):
    """What the server's fixture observes, with httpx instrumented as well."""
    instrumentor = instrumentors.replace("httpx")()
    instrumentor.instrument(**observed.providers)
    yield observed
    instrumentor.uninstrument()


@pytest.fixture
def socket_path(tmp_path):
    """A server on a Unix domain socket."""
    path = str(tmp_path / "server")
    with socketserver.ThreadingUnixStreamServer(path, Answering) as server:
        server.daemon_threads, server.requests, server.ending = True, [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def peers(observed):
    return [tuple(span.attributes.get(name) for name in PEER) for span in observed.spans()]


@pytest.mark.parametrize("limits", [httpx.Limits(), httpx.Limits(max_keepalive_connections=0)], ids=["kept", "anew"])
def test_the_address_is_the_connections_not_the_urls(client, limits):
    with http_server() as server:
        port = server.server_address[1]
        with httpx.Client(limits=limits) as caller:
            for _ in range(3):
                caller.get(f"http://localhost:{port}/status/200")
    assert peers(client) == [("127.0.0.1", port)] * 3
    assert {span.attributes["server.address"] for span in client.spans()} == {"localhost"}
    assert all(set(PEER).isdisjoint(point.attributes) for point in client.points("http.client.request.duration"))


def test_asynchronous_connections_have_addresses_too(client):
    async def get(url):
        async with httpx.AsyncClient() as caller:
            await caller.get(url)
            await caller.get(url)

    with http_server() as server:
        asyncio.run(get(f"{server.url}/status/200"))
        assert peers(client) == [("127.0.0.1", server.server_address[1])] * 2


def test_behind_a_proxy_the_peer_is_the_proxy(client):
    with http_server() as server:
        with httpx.Client(proxy=server.url) as caller:
            caller.get("http://api.example/status/200")
        assert peers(client) == [("127.0.0.1", server.server_address[1])]


def test_a_unix_domain_socket_is_its_path(client, socket_path):
    with httpx.Client(transport=httpx.HTTPTransport(uds=socket_path)) as caller:
        caller.get("http://api.example/status/200")
    assert peers(client) == [(socket_path, None)]


def test_who_got_no_answer_knows_no_peer(client):
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:1/")
    assert peers(client) == [(None, None)]


class Stream:
    """What a transport of the application's own may give for its connection."""

    def __init__(self, address):
        self.address, self.asked = address, 0

    def get_extra_info(self, name):
        self.asked += 1
        if isinstance(self.address, Exception):
            raise self.address
        return self.address


def test_a_connection_is_asked_once():
    stream = Stream(("10.0.0.7", 443))
    assert [peer_of(stream) for _ in range(3)] == [dict(zip(PEER, ("10.0.0.7", 443), strict=True))] * 3
    assert stream.asked == 1


@pytest.mark.parametrize(
    "stream",
    [object(), "text", Stream(None), Stream(""), Stream(()), Stream(("host", None)), Stream(OSError(107, "gone"))],
    ids=lambda stream: type(stream).__name__,
)
def test_a_stream_that_cannot_say_is_none(stream):
    before = dict(diagnostics.faults())
    assert peer_of(stream) == {}
    assert dict(diagnostics.faults()) == before


def test_the_four_parts_of_an_ipv6_address_are_a_host_and_a_port():
    assert peer_of(Stream(("::1", 8080, 0, 0))) == dict(zip(PEER, ("::1", 8080), strict=True))
