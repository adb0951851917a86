# SPDX-License-Identifier: Apache-2.0
"""Answers every request of a connection at once with the same few bytes: the other side of the httpx benchmark.

python tools/bench/answering.py     prints its port
"""

from __future__ import annotations

import asyncio

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Answering(asyncio.Protocol):
    """One connection; requests have no body, so that each ends with an empty line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer whatever is complete."""
        *complete, self._received = (self._received + data).split(b"\r\n\r\n")
        self._transport.write(ANSWER * len(complete))  # type: ignore[attr-defined]  # what a TCP connection has


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
