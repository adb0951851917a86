# SPDX-License-Identifier: Apache-2.0
"""Clients that make up whatever HTTP lets them, over real connections; all that they choose bears a mark."""

import asyncio
import random
import string
from collections.abc import Iterator
from itertools import islice
from urllib.parse import quote_from_bytes

MARK = "evil"
_METHODS = (b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE")
_PATHS = ("/items/", "/of/", "/of/x/pages/", "/", "/events/")
_HEADERS = (
    *("user-agent", "traceparent", "tracestate", "baggage", "x-trace-id", "x-request-id", "x-correlation-id", "cookie"),
    *("authorization", "x-forwarded-for", "x-forwarded-proto", "accept-encoding", "referer", "origin", "forwarded"),
)
_SPAN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def requests(number: int, seed: int, methods: tuple[bytes, ...] = ()) -> Iterator[bytes]:
    """Yield random requests: methods of their own making unless some are given, hosts, paths, queries, headers, bodies."""
    chance = random.Random(seed)
    for _ in range(number):
        path = f"{chance.choice(_PATHS)}{MARK}{quote_from_bytes(chance.randbytes(chance.randrange(20)))}"
        query = f"?{MARK}={quote_from_bytes(chance.randbytes(8))}" if chance.random() < 0.3 else ""
        body = chance.randbytes(chance.randrange(1, 200)) if chance.random() < 0.3 else b""
        head = [_method(chance, methods) + f" {path}{query} HTTP/1.1".encode(), *_headers(chance)]
        if body:
            head.append(b"content-length: %d" % len(body))
        yield b"\r\n".join([*head, b"", body])


def _method(chance: random.Random, methods: tuple[bytes, ...]) -> bytes:
    if methods or chance.random() < 0.7:
        return chance.choice(methods or _METHODS)
    return (MARK.upper() + "".join(chance.choices(string.ascii_letters, k=chance.randrange(9)))).encode()


def _headers(chance: random.Random) -> Iterator[bytes]:
    yield f"host: {MARK}{chance.randrange(10**9)}.example:{chance.randrange(99999)}".encode()
    if chance.random() < 0.02:
        yield b"x-control: \x00"  # no server takes this for a header
    for name in chance.sample(_HEADERS, chance.randrange(6)):
        value = chance.choice((_SPAN, MARK + "".join(chance.choices(string.printable[:94], k=chance.randrange(60)))))
        yield f"{name}: {value}".encode()


class Stranger:
    """One client: sends its requests one after the other and connects again where the server has closed.

    Attributes:
        statuses: Of every answer.
        observed: The trace ids that answers bear; those that the server itself gives bear none.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.statuses: list[int] = []
        self.observed: list[str] = []

    async def send(self, messages: Iterator[bytes]) -> None:
        writer = None
        for message in messages:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(message)
            if not await self._answered(reader, message.startswith(b"HEAD ")):
                writer.close()
                writer = None
        if writer is not None:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, only_head: bool) -> bool:
        """Read one answer; return whether the connection stays open."""
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.statuses.append(int(status.split()[1]))
        if "x-trace-id" in headers:
            self.observed.append(headers["x-trace-id"])
        if headers.get("connection") == "close":
            return False
        await reader.readexactly(0 if only_head else int(headers.get("content-length", "0")))
        return True


async def meet(port: int, number: int, methods: tuple[bytes, ...] = (), strangers: int = 4) -> list[Stranger]:
    """Send so many random requests from a few clients at once; return the clients."""
    all_of_them = [Stranger(port) for _ in range(strangers)]
    sending = (each.send(requests(number // strangers, seed, methods)) for seed, each in enumerate(all_of_them))
    await asyncio.gather(*sending)
    return all_of_them


async def flood(port: int, messages: Iterator[bytes], number: int, batch: int = 20) -> int:
    """Send so many requests over one connection, some at once; return the number of answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    for begun in range(0, number, batch):
        sent = list(islice(messages, min(batch, number - begun)))
        writer.write(b"".join(sent))
        waited, tail = 0, b""
        while waited < len(sent):
            part = await reader.read(65536)
            assert part, f"the server hung up after {answered + waited} answers"
            waited += (tail + part).count(b"HTTP/1.1 ") - tail.count(b"HTTP/1.1 ")
            tail = part[-16:]
        answered += waited
    writer.close()
    return answered


async def knock(port: int, path: str, number: int) -> None:
    """Ask for so many websockets, each under a path of its own."""
    for serial in range(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET {path}{serial:08}key={serial} HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        await reader.read(4096)
        writer.close()
