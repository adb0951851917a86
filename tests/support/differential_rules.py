# SPDX-License-Identifier: Apache-2.0
"""Where ours and contrib's say different things of the same request, each with its reason."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """A field of a server span (attributes by their own name) and the pairs of values that are meant."""

    reason: str
    field: str
    expected: Callable[[Any, Any], bool]


def _route_found(theirs: str | None, ours: str) -> bool:
    return (theirs, ours) in {
        ("/starlette", "/starlette/{name}"),
        ("/starlette", "/starlette/deep/{name}"),
        (None, "/starlette/{path}"),
        (None, "/items/{number}"),
    }


def _name_of_route_found(theirs: str, ours: str) -> bool:
    method, _, route = theirs.partition(" ")
    return ours.startswith(f"{method} ") and _route_found(route or None, ours.partition(" ")[2])


DIFFERENCES = (
    Difference(
        "the address that the client asked for, from its Host header; contrib joins the socket's address and port",
        "server.address",
        lambda theirs, ours: theirs == "127.0.0.1:8000" and ours in {"shop.example", "127.0.0.1"},
    ),
    Difference("the port of that address", "server.port", lambda theirs, ours: theirs == 8000 and ours in {80, 8443}),
    Difference(
        "every value of a query is masked, not only those of a list of names",
        "url.query",
        lambda theirs, ours: "geheim" in theirs and ours == "colour=REDACTED&sig=REDACTED&AWSAccessKeyId=REDACTED",
    ),
    Difference(
        "the routers tell the route: the whole template inside a mount, and that of the route that a slash redirect leads to",
        "http.route",
        _route_found,
    ),
    Difference("the name follows the route", "name", _name_of_route_found),
    Difference(
        "the exception stays in the status of a span whose response is a 500",
        "status",
        lambda theirs, ours: theirs == ["ERROR", None] and ours == ["ERROR", "ValueError: broken"],
    ),
    Difference(
        "an exception after the first byte is an error, though the status is 200",
        "error.type",
        lambda theirs, ours: theirs is None and ours == "ValueError",
    ),
    Difference(
        "the same exception is recorded once", "events", lambda theirs, ours: theirs == ours * 2 and len(ours) == 1
    ),
    Difference(
        "a websocket's handshake is answered with 101, a refused one with 403",
        "http.response.status_code",
        lambda theirs, ours: (theirs, ours) in {(200, 101), (None, 403)},
    ),
)


def as_contrib_counts(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a point's attributes of ours as contrib has them: what the differences above are in the metric."""
    attributes = dict(attributes)
    if attributes.get("http.response.status_code") == 307:
        attributes.pop("http.route")
    elif str(attributes.get("http.route")).startswith("/starlette/"):
        attributes["http.route"] = "/starlette"
    if attributes.get("error.type") == "ValueError":
        del attributes["error.type"]
    return attributes


def _without_secrets(theirs: str, ours: str) -> bool:
    if theirs.startswith("invalid:"):
        return theirs == ours
    theirs = theirs.replace("//REDACTED:REDACTED@", "//").partition("#")[0].replace("page=2", "page=REDACTED")
    return ours == (theirs if theirs.count("/") > 2 else f"{theirs}/")


CLIENT_DIFFERENCES = (
    Difference(
        "the address of the connection's other end, unknown where none was made; contrib repeats the URL's host",
        "network.peer.address",
        lambda theirs, ours: theirs in {"127.0.0.1", "nowhere"} and ours is None,
    ),
    Difference(
        "the port of that address", "network.peer.port", lambda theirs, ours: theirs in {9999, 1} and ours is None
    ),
    Difference(
        "no credentials, not even masked ones; every value of a query is masked; no fragment, which is not sent; the path "
        "as it is sent, which is never empty",
        "url.full",
        _without_secrets,
    ),
)
