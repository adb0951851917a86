# SPDX-License-Identifier: Apache-2.0
"""The routes: OTLP in, questions, news, the page."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from otel_distro.settings.model import OtlpSettings
from otel_distro.view.live import Feed
from otel_distro.view.query.questions import QUESTIONS
from otel_distro.view.receive.body import TooLarge, read
from otel_distro.view.receive.decode import REQUESTS
from otel_distro.view.receive.door import Door
from otel_distro.view.receive.tee import Answer, Tee
from otel_distro.view.scrape import Scraper
from otel_distro.view.services import Services
from otel_distro.view.store.store import Store

PAGE: Final = Path(__file__).parent.parent / "page"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


class Parts:
    """What the routes stand on."""

    def __init__(self, store: Store, feed: Feed, scraper: Scraper, services: Services) -> None:
        self.store = store
        self.feed = feed
        self.scraper = scraper
        self.services = services
        self.door = Door(store)
        self.link: Callable[[], str] = str
        self._files = {path.name: path for path in PAGE.iterdir() if path.suffix in _TYPES}

    def state(self) -> dict[str, int]:
        """Return the counters, and how many services are there."""
        return {**self.store.counts, "services": len(self.services)}

    async def otlp(self, request: Request) -> Response:
        """Take one request in; of a service with a collector of its own, pass it on and answer what that answers."""
        signal = request.path_params["signal"]
        if signal not in REQUESTS:
            return Response(f"no such signal: {signal}\n", 404)
        try:
            body = await read(request.stream())
        except TooLarge as error:
            return Response(f"{error}\n", 413)
        tee = self.services.tee(request.path_params.get("service", ""), signal)
        if "service" in request.path_params and tee is None:
            return Response("this service is not known any more\n", 503)
        answer = self.door.take(signal, body, request.headers)
        if tee is not None:
            answer = await run_in_threadpool(tee.forward, body)
        return _response(answer)

    def ask(self, request: Request) -> Response:
        """Answer one question."""
        question = QUESTIONS.get(request.path_params["question"])
        if question is None:
            return Response(f"no such question; there are {', '.join(QUESTIONS)}\n", 404)
        try:
            with contextlib.closing(self.store.reader()) as connection:
                return _json(question(connection, request.query_params))
        except ValueError as error:
            return Response(f"{error}\n", 400)
        except (sqlite3.Error, OverflowError) as error:
            return Response(f"{type(error).__name__}: {error}\n", 500)

    async def live(self, _request: Request) -> Response:
        """Tell what is new, until the page goes."""
        return StreamingResponse(
            self.feed.events(lambda: {**self.state(), "error": self.store.error}), media_type="text/event-stream"
        )

    async def register(self, request: Request) -> Response:
        """A service is about to start: its process, its name, its page of metrics, its own collector per signal."""
        about = orjson.loads(await read(request.stream()))
        tees = {signal: Tee(signal, OtlpSettings(**otlp)) for signal, otlp in about.get("tees", {}).items()}
        number = self.services.add(int(about["pid"]), str(about.get("name", "")), about.get("admin"), tees)
        return _json({"service": number})

    async def new_link(self, _request: Request) -> Response:
        """Return an address with a token that works once."""
        return _json({"link": self.link()})

    async def status(self, _request: Request) -> Response:
        """Return the counters, the services, and what could not be read."""
        about = {"pid": os.getpid(), "counts": self.state(), "error": self.store.error, "pages": self.feed.listeners}
        return _json({**about, "services": self.services.listed(), "scrapes": self.scraper.failures})

    async def file(self, request: Request) -> Response:
        """Return a file of the page."""
        path = self._files.get(request.path_params.get("file") or "index.html")
        if path is None:
            return Response("there is no such page\n", 404)
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])


def application(parts: Parts) -> Starlette:
    """Return the application; whoever serves it puts a guard before it."""
    routes: list[tuple[str, Callable[..., Response | Awaitable[Response]], list[str]]] = [
        ("/v1/{signal}", parts.otlp, ["POST"]),
        ("/tee/{service}/v1/{signal}", parts.otlp, ["POST"]),
        ("/api/register", parts.register, ["POST"]),
        ("/api/link", parts.new_link, ["POST"]),
        ("/api/status", parts.status, ["GET"]),
        ("/api/{question}", parts.ask, ["GET"]),
        ("/live", parts.live, ["GET"]),
        ("/", parts.file, ["GET"]),
        ("/{file}", parts.file, ["GET"]),
    ]
    return Starlette(routes=[Route(path, endpoint, methods=methods) for path, endpoint, methods in routes])


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


def _response(answer: Answer) -> Response:
    headers = {"Retry-After": answer.retry_after} if answer.retry_after else None
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)
