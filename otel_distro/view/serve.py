# SPDX-License-Identifier: Apache-2.0
"""The viewer's process: a store, a scraper, one loop that serves, and an end."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvicorn

from otel_distro.launch.viewer import folder
from otel_distro.view.http.app import Parts, application
from otel_distro.view.http.guard import Guard
from otel_distro.view.live import Feed
from otel_distro.view.receive.open_file import batches
from otel_distro.view.scrape import Scraper
from otel_distro.view.services import Services
from otel_distro.view.store.store import Store

OTLP_HTTP, OTLP_GRPC = 4318, 4317
LINGER_SECONDS: Final = 60.0


class Options(NamedTuple):
    """How a viewer is started.

    Attributes:
        port: Of the page and of OTLP; another one is taken if somebody else has it.
        ends_itself: Whether it ends a minute after its last service and page.
        usual_ports: Whether it also listens on OTLP's usual ports, where they are free.
        database: Where to keep everything; by default a folder that goes at the end.
        scrape: Addresses of further pages of metrics.
        files: Documents of OTLP's JSON to be shown.
        announce: Called with the link once it listens.
    """

    port: int = 0
    ends_itself: bool = False
    usual_ports: bool = False
    database: Path | None = None
    scrape: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    announce: Callable[[str, list[str]], None] = lambda _link, _also: None


def serve(options: Options) -> int:
    """Serve until SIGINT or SIGTERM, or until nobody needs it."""
    with ExitStack() as parts:
        feed = Feed()
        store = Store(parts.enter_context(_database(options.database)), changed=feed.notify)
        parts.callback(store.close)
        scraper = Scraper(lambda batch: store.put("metrics", batch, 64 * len(batch.points)))
        parts.callback(scraper.close)
        for address in options.scrape:
            scraper.add(address)
        for path in options.files:
            for signal, message in batches(path):
                store.put(signal, message, message.ByteSize())
        services = Services(scraper)
        _run(options, Parts(store, feed, scraper, services), parts)
    return 0


def _run(options: Options, parts: Parts, stack: ExitStack) -> None:
    main = _listen(options.port) or _listen(0)
    if main is None:
        raise OSError("no free port on 127.0.0.1")
    port, secret = main.getsockname()[1], secrets.token_urlsafe(32)
    guard = Guard(application(parts), secret, port)
    parts.link = lambda: f"http://127.0.0.1:{port}/?t={guard.token()}"
    also = _also(options, parts, stack)
    config = uvicorn.Config(
        guard,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    server = uvicorn.Server(config)
    stack.enter_context(_announced({"pid": os.getpid(), "port": port, "secret": secret}))
    threading.Thread(target=_watch, args=(server, parts, options.ends_itself), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises them again when it has ended, and the store is to go
    options.announce(parts.link(), [name for name, _ in also])
    server.run(sockets=[main, *(listener for _, listener in also if listener is not None)])


def _also(options: Options, parts: Parts, stack: ExitStack) -> list[tuple[str, socket.socket | None]]:
    """Listen where exporters send by default, as far as nobody else does."""
    if not options.usual_ports:
        return []
    found: list[tuple[str, socket.socket | None]] = []
    if listener := _listen(OTLP_HTTP):
        found.append((f"OTLP/HTTP on 127.0.0.1:{OTLP_HTTP}", listener))
    try:
        from otel_distro.view.receive.grpc_server import serve as serve_grpc

        server, port = serve_grpc(parts.door, OTLP_GRPC)
    except (ImportError, OSError):
        return found
    stack.callback(lambda: server.stop(grace=None).wait())
    return [*found, (f"OTLP/gRPC on 127.0.0.1:{port}", None)]


def _listen(port: int) -> socket.socket | None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()  # two that are only bound may share a port: https://man7.org/linux/man-pages/man7/socket.7.html
    except OSError:
        listener.close()
        return None
    return listener


def _watch(server: Any, parts: Parts, ends_itself: bool) -> None:
    """Let go of services that have ended; end after the last of them, when no page is open any more."""
    needed = time.monotonic()
    while not server.should_exit:
        if parts.services.forget_ended() or parts.feed.listeners or not ends_itself:
            needed = time.monotonic()
        if time.monotonic() - needed > LINGER_SECONDS:
            server.should_exit = True
        time.sleep(1)
    parts.feed.closed = True


@contextmanager
def _database(path: Path | None) -> Iterator[Path]:
    if path is not None:
        yield path.absolute()
        return
    place = Path(tempfile.mkdtemp(prefix="otel-distro-view-store-"))  # nobody else may enter
    try:
        yield place / "view.sqlite"
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _announced(about: dict[str, Any]) -> Iterator[None]:
    """Tell programs of this user where the viewer is, as long as it is there."""
    place = folder() / "viewer.json"
    fresh = place.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(about))
    fresh.replace(place)
    try:
        yield
    finally:
        try:
            if json.loads(place.read_text())["pid"] == about["pid"]:
                place.unlink()
        except (OSError, ValueError, KeyError):
            print("otel-distro view: another viewer has come since", file=sys.stderr)  # noqa: T201
