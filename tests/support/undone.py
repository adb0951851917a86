# SPDX-License-Identifier: Apache-2.0
"""Start and close twice in one process that has everything imported, and print what stands afterwards as before.

Run by `tests/service/test_undone.py`. Prints a line of JSON: what was other while it stood (`replaced`), what still is
(`left`, after each close), and what a page of /metrics said at the second time.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import sys
import urllib.request
from typing import Any

from support.attributes import Attributes

IMPORTED = [
    "logging.config",
    "logging.handlers",
    "uvicorn",
    "uvicorn.server",
    "gunicorn.glogging",
    "gunicorn.app.base",
    "gunicorn.arbiter",
    "gunicorn.workers.base",
    "starlette.applications",
    "starlette.routing",
    "fastapi.applications",
    "fastapi.telemetry",
    "httpx",
    "structlog",
    "loguru",
    "celery.app.log",
    "prometheus_client",
    "opentelemetry.trace",
    "opentelemetry.metrics",
    "opentelemetry._logs",
    "opentelemetry.propagate",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.sdk.metrics.export",
    "opentelemetry.sdk._logs.export",
    "opentelemetry.sdk._configuration",
    "opentelemetry.instrumentation.asgi",
    "opentelemetry.instrumentation.fastapi",
    "opentelemetry.instrumentation.httpx",
    "opentelemetry.instrumentation.auto_instrumentation._load",
    "aiokafka",
    "confluent_kafka",
    "kafka",
]
PACKAGES = [
    "builtins",
    "importlib",
    "sys",
    "os",
    "io",
    "atexit",
    "gc",
    "signal",
    "threading",
    "warnings",
    "logging",
    "asyncio",
    "multiprocessing",
    "_thread",
    "uvicorn",
    "gunicorn",
    "starlette",
    "fastapi",
    "httpx",
    "httpcore",
    "structlog",
    "loguru",
    "celery",
    "kombu",
    "aiokafka",
    "confluent_kafka",
    "kafka",
    "prometheus_client",
    "opentelemetry",
    "wrapt",
]


def main() -> None:
    """Print what is other."""
    for name in IMPORTED:
        importlib.import_module(name)
    asyncio.run(work("bare"))  # what libraries keep of their first use, they keep from here on
    found: dict[str, Any] = {"left": []}
    import otel_distro

    for path in ("first", "second"):
        before = Attributes(PACKAGES)
        runtime = otel_distro.start()
        asyncio.run(work(path))
        found["page"] = page(str(runtime.facts["admin"]))
        standing = Attributes(PACKAGES)
        runtime.close()
        found["left"].append(before.different_in(Attributes(PACKAGES)))
        found["replaced"] = before.different_in(standing)
    sys.stdout.write(json.dumps(found) + "\n")


async def work(path: str) -> None:
    """Serve one request by uvicorn, asked for by httpx, that logs a line by each library."""
    import logging

    import httpx
    import loguru
    import structlog
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.get(f"/{path}")
    async def _endpoint() -> dict[str, str]:
        structlog.get_logger().info(f"structlog {path}")
        logging.getLogger("app").warning("logging %s", path)
        loguru.logger.info(f"loguru {path}")
        return {}

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/{path}")).status_code == 200
    server.should_exit = True
    await serving


def page(admin: str) -> str:
    """Return what /metrics says; `admin` is what the start-up line says of the port."""
    port = re.search(r":(\d+)", admin)
    assert port is not None, admin
    with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=10) as response:
        return str(response.read().decode())


if __name__ == "__main__":
    main()
