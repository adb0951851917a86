# SPDX-License-Identifier: Apache-2.0
"""A program that imports FastAPI, httpx and httpx2 in a given order and form, and tells what was observed afterwards.

Reads cases from standard input, a list of names of `FORMS` each, and prints one JSON object for each of them. Each runs in
a fork of its own: whatever launched this process is launched once, and no case finds what another one has imported. The
form `start` calls `otel_distro.start()`.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import sys
import threading
import traceback
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_SECONDS = 30  # a case takes one

# Each leaves FastAPI, httpx or httpx2 in `names`, if it is about one of them.
FORMS = {
    "start": "import otel_distro; names['handle'] = otel_distro.start()",
    # FastAPI
    "fastapi": "import fastapi; names['FastAPI'] = fastapi.FastAPI",
    "from fastapi": "from fastapi import FastAPI; names['FastAPI'] = FastAPI",
    "from fastapi.applications": "from fastapi.applications import FastAPI; names['FastAPI'] = FastAPI",
    "import fastapi.applications as": "import fastapi.applications as a; names['FastAPI'] = a.FastAPI",
    "fastapi.routing first": "from fastapi.routing import APIRouter; from fastapi import FastAPI; names['FastAPI'] = FastAPI",
    "fastapi.testclient first": "import fastapi.testclient; from fastapi import FastAPI; names['FastAPI'] = FastAPI",
    "contrib's FastAPIInstrumentor first": (
        "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor\n"
        "from fastapi import FastAPI; names['FastAPI'] = FastAPI"
    ),
    "fastapi in a function": "def f():\n    from fastapi import FastAPI\n    names['FastAPI'] = FastAPI\nf()",
    "fastapi in a thread": (
        "import threading\ndef f():\n    from fastapi import FastAPI\n    names['FastAPI'] = FastAPI\n"
        "t = threading.Thread(target=f); t.start(); t.join()"
    ),
    "fastapi in eight threads": (
        "import threading\ndef f():\n    from fastapi import FastAPI\n    names['FastAPI'] = FastAPI\n"
        "ts = [threading.Thread(target=f) for _ in range(8)]\n[t.start() for t in ts]; [t.join() for t in ts]"
    ),
    "fastapi looked for": (
        "import importlib.util, importlib.metadata\nassert importlib.util.find_spec('fastapi').loader is not None\n"
        "assert importlib.util.find_spec('fastapi').loader.get_source('fastapi')\n"
        "importlib.metadata.version('fastapi')\nimport fastapi; names['FastAPI'] = fastapi.FastAPI"
    ),
    "fastapi by LazyLoader": "names['FastAPI'] = lazy('fastapi').FastAPI",
    "fastapi by name": "import importlib; names['FastAPI'] = importlib.import_module('fastapi').FastAPI",
    "fastapi by __import__": "names['FastAPI'] = __import__('fastapi').FastAPI",
    "fastapi reloaded": "import fastapi, importlib; importlib.reload(fastapi); names['FastAPI'] = fastapi.FastAPI",
    "fastapi imported anew": "import fastapi; forget('fastapi'); import fastapi; names['FastAPI'] = fastapi.FastAPI",
    "a subclass of FastAPI": "import fastapi\nclass Own(fastapi.FastAPI):\n    pass\nnames['FastAPI'] = Own",
    "a subclass with a stack of its own": (
        "import fastapi\nclass Own(fastapi.FastAPI):\n    def build_middleware_stack(self):\n"
        "        from starlette.middleware.gzip import GZipMiddleware\n"
        "        return GZipMiddleware(super().build_middleware_stack())\nnames['FastAPI'] = Own"
    ),
    "an application": "application()",
    "an application at work": "application(); request()",
    # httpx
    "httpx": "import httpx",
    "from httpx": "from httpx import Client, AsyncClient",
    "httpx's submodule first": "from httpx._client import Client",
    "httpcore first": "import httpcore, httpx",
    "contrib's HTTPXClientInstrumentor first": (
        "from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor\nimport httpx"
    ),
    "httpx in a thread": (
        "import threading\ndef f():\n    import httpx\nt = threading.Thread(target=f); t.start(); t.join()"
    ),
    "httpx tried": "try:\n    import httpx\nexcept ImportError:\n    raise SystemExit('not there')",
    "httpx looked for": "import importlib.util; assert importlib.util.find_spec('httpx'); import httpx",
    "httpx by LazyLoader": "lazy('httpx').Client",
    "httpx reloaded": "import httpx, importlib; importlib.reload(httpx)",
    "httpx imported anew": "import httpx; forget('httpx'); import httpx",
    "a client of httpx": "import httpx; names['client'] = httpx.Client()",
    "httpx instrumented by hand": (
        "from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor\n"
        "import logging; logging.getLogger('opentelemetry.instrumentation.instrumentor').setLevel(50)\n"
        "HTTPXClientInstrumentor().instrument()"
    ),
    # httpx2
    "httpx2": "import httpx2",
    "from httpx2": "from httpx2 import Client",
    "httpx2 imported anew": "import httpx2; forget('httpx2'); import httpx2",
    "httpx and httpx2 at once": (
        "import threading\ndef one():\n    import httpx\ndef two():\n    import httpx2\n"
        "ts = [threading.Thread(target=f) for f in (one, two) * 4]\n[t.start() for t in ts]; [t.join() for t in ts]"
    ),
}


def lazy(name: str) -> object:
    """Import as the documentation of `importlib` recommends it for lazy imports."""
    import importlib.util

    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


class Case:
    """What one fork does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.names: dict[str, object] = {}
        self.served = 0

    def application(self) -> None:
        if "application" in self.names:
            return
        app = self.names["application"] = self.names["FastAPI"]()
        app.get("/items/{item}")(lambda item: item)

    def request(self) -> None:
        import asyncio

        app = self.names["application"]
        scope = {"type": "http", "method": "GET", "path": "/items/5", "raw_path": b"/items/5", "query_string": b"",
                 "headers": [], "http_version": "1.1", "scheme": "http", "root_path": "", "client": ("127.0.0.1", 5),
                 "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"}}  # fmt: skip
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        assert sent[0]["status"] == 200, sent

    def run(self, forms: list[str]) -> dict[str, object]:
        scope = {"names": self.names, "lazy": lazy, "forget": forget, "application": self.application,
                 "request": self.request}  # fmt: skip
        for form in forms:
            exec(FORMS[form], scope)
        observed = Observed()
        if "FastAPI" in self.names:
            self.application()
            self.request()
        called = self.call(sys.modules.get("httpx")) + self.call(sys.modules.get("httpx2"))
        return {**observed.told(), "requests": int("FastAPI" in self.names), "calls": called}

    def call(self, library: object) -> int:
        import asyncio

        if library is None:
            return 0
        client = self.names.get("client") or library.Client()
        client = client if isinstance(client, library.Client) else library.Client()

        async def get() -> None:
            async with library.AsyncClient() as asynchronous:
                await asynchronous.get(self.url)

        client.get(self.url)
        asyncio.run(get())
        return 2


class Observed:
    """Spans and durations of this process from now on."""

    def __init__(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter = InMemorySpanExporter()
        trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(self.exporter))
        self.before = self.durations()

    def durations(self) -> dict[str, float]:
        """Read the page of the process that owns the admin port: this one, or the one that it was forked from."""
        import otel_distro

        with urllib.request.urlopen(f"{otel_distro.start().facts['admin']}/metrics", timeout=10) as answer:
            page = answer.read().decode()
        found = dict.fromkeys(("server", "client"), 0.0)
        for kind, count in re.findall(
            r"^http_(server|client)_request_duration_seconds_count\{.*\} (\S+)", page, re.MULTILINE
        ):
            found[kind] += float(count)
        return found

    def told(self) -> dict[str, object]:
        from otel_distro import diagnostics

        kinds = [span.kind.name.lower() for span in self.exporter.get_finished_spans()]
        now = self.durations()
        return {
            "spans": {kind: kinds.count(kind) for kind in ("server", "client", "internal")},
            "durations": {kind: int(now[kind] - self.before[kind]) for kind in now},
            "faults": dict(diagnostics.faults()),
        }


def forked(work: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Return what a fork of this process finds, with all that it has printed."""
    told, out = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(out[1], 1)
        os.dup2(out[1], 2)
        faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
        try:
            result = work()
        except BaseException:  # noqa: BLE001  the test shows it
            result = {"raised": traceback.format_exc()}
        os.write(told[1], json.dumps(result).encode())
        os._exit(0)
    for pipe in (told, out):
        os.close(pipe[1])
    texts = {}
    readers = [threading.Thread(target=lambda p=p: texts.update({p: _all(p)})) for p in (told[0], out[0])]
    [reader.start() for reader in readers]
    [reader.join() for reader in readers]
    os.waitpid(pid, 0)
    return {**json.loads(texts[told[0]] or "{}"), "printed": texts[out[0]]}


def _all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read().decode()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    for case in json.load(sys.stdin):
        print(json.dumps(forked(lambda case=case: Case(url).run(case))), flush=True)
