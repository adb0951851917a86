# SPDX-License-Identifier: Apache-2.0
"""Requests beside the main road, on real servers: clients that leave, applications around ours, ids of others."""

import socket
from pathlib import Path

import httpx
import pytest
from testbed.processes import json_objects
from testbed.services import Service
from testbed.waiting import wait_until

APPS = Path(__file__).parents[1] / "support" / "apps"
QUIET = {"OTEL_TRACES_EXPORTER": "none"}


def served(application, server="uvicorn", **more):
    return Service(f"around:{application}", APPS, QUIET | more, server=server)


def lines(service, logger):
    return [line for line in json_objects(service.stdout) if line["logger"] == logger]


def events(service, number):
    """Return the access events, once there are so many."""
    wait_until(lambda: len(lines(service, "otel_distro.access")) >= number, seconds=60)
    return lines(service, "otel_distro.access")


def leave(service, path, after=b""):
    """Ask for something and hang up, once so much of the answer is there."""
    with socket.create_connection(("127.0.0.1", service.port), 10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: h\r\n\r\n".encode())
        answer = b""
        while after not in answer:
            answer += client.recv(4096)


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_a_client_that_leaves_is_aborted(server):
    with served("api", server) as service:
        leave(service, "/slow")
        leave(service, "/stream", after=b"part")
        httpx.get(f"{service.url}/items/1", timeout=60)
        found = {event["path"]: event for event in events(service, 3)}
        assert service.scrape().value("http_server_active_requests") == 0
    assert {path: (event["level"], event.get("aborted")) for path, event in found.items()} == {
        "/slow": ("warning", True),
        "/stream": ("warning", True),
        "/items/1": ("info", None),
    }


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "granian"])
def test_each_request_leaves_one_line_whoever_answers_it(server):
    with served("outer", server) as service:
        for _ in range(3):
            assert httpx.get(f"{service.url}/home", timeout=60).text == "home"
            assert httpx.get(f"{service.url}/items/1", timeout=60).status_code == 200
        events(service, 3)
        wait_until(lambda: sum("/home" in line for line in service.stdout) >= 3, seconds=60)
        service.stop()
    assert sum("/home" in line for line in service.stdout) == 3
    assert sum("/items/1" in line for line in service.stdout) == 3


def test_a_preflight_that_is_answered_outside_keeps_the_servers_line():
    asks = {"origin": "https://a.example", "access-control-request-method": "GET"}
    with served("crossed") as service:
        assert httpx.options(f"{service.url}/items/1", headers=asks, timeout=60).status_code == 200
        wait_until(lambda: len(lines(service, "uvicorn.access")) == 1, seconds=60)
        assert httpx.get(f"{service.url}/items/1", timeout=60).status_code == 200
        events(service, 1)
        service.stop()
    assert len(lines(service, "uvicorn.access")) == 1


@pytest.mark.parametrize("application", ["minting", "insisting"])
def test_the_client_is_told_the_id_that_the_lines_have(application):
    with served(application) as service:
        told = httpx.get(f"{service.url}/items/1", timeout=60).headers["x-request-id"]
        sent = httpx.get(f"{service.url}/items/2", headers={"x-request-id": "customer-42"}, timeout=60).headers[
            "x-request-id"
        ]
        first, second = events(service, 2)
    assert (first["request_id"], second["request_id"]) == (told, sent)
    assert (sent == "customer-42") is (application == "minting")


def test_pipelined_requests_are_traces_of_their_own():
    request = b"GET /items/1 HTTP/1.1\r\nhost: h\r\n\r\n"
    with served("api") as service, socket.create_connection(("127.0.0.1", service.port), 10) as client:
        client.sendall(request * 4)
        found = events(service, 4)
    assert len({event["trace_id"] for event in found}) == len({event["request_id"] for event in found}) == 4


def test_a_websocket_that_is_closed_without_a_status_is_no_error():
    hello = (
        b"GET /talk HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with served("api") as service:
        with socket.create_connection(("127.0.0.1", service.port), 10) as client:
            client.sendall(hello)
            assert client.recv(4096).startswith(b"HTTP/1.1 101")
            client.sendall(b"\x88\x80\0\0\0\0")
            client.recv(4096)
        (event,) = events(service, 1)
    assert (event["level"], event["status_code"], "error" in event) == ("info", 101, False)
