# SPDX-License-Identifier: Apache-2.0
"""Web frameworks, each with a small application as its documentation writes one."""

from world.application import Application, Call

_ITEMS = (
    Call("/items/7"),
    Call("/items/8?q=a%20b", headers={"x-request-id": "abc-1"}),
    Call("/items", "POST", json={"name": "chair"}),
    Call("/missing"),
    Call("/fails"),
    Call("/items/9", "DELETE"),
)
_GUNICORN = "gunicorn==27.0.1"
_UVICORN = "uvicorn[standard]==0.54.0"

FRAMEWORKS = (
    Application(
        "fastapi-users",
        (
            "fastapi-users[sqlalchemy]==15.0.5",
            "fastapi==0.165.0",
            "sqladmin==0.32.0",
            "strawberry-graphql[fastapi]==0.341.2",
            "aiosqlite==0.22.1",
            _UVICORN,
        ),
        ("uvicorn", "app:app", "--port", "{port}"),
        (
            Call("/auth/register", "POST", json={"email": "a@example.com", "password": "correct horse"}),
            Call("/auth/register", "POST", json={"email": "a@example.com", "password": "correct horse"}),
            Call(
                "/auth/jwt/login",
                "POST",
                content="username=a%40example.com&password=correct+horse",
                headers={"content-type": "application/x-www-form-urlencoded"},
            ),
            Call("/users/me"),
            Call("/graphql", "POST", json={"query": "{ hello }"}),
            Call("/admin/"),
            Call("/docs"),
        ),
        ready="/openapi.json",
        volatile=(r'"access_token":"[^"]+"',),
        ignored_files=("users.db*",),
    ),
    Application(
        "litestar",
        ("litestar[standard]==2.25.0", _UVICORN),
        ("uvicorn", "app:app", "--port", "{port}"),
        _ITEMS,
        ready="/items/1",
        counted="none",
    ),
    Application(
        "quart",
        ("quart==0.22.0", "hypercorn==0.18.0"),
        ("hypercorn", "app:app", "--bind", "127.0.0.1:{port}"),
        _ITEMS,
        ready="/items/1",
        counted="none",
    ),
    Application(
        "sanic",
        ("sanic==25.12.1",),
        ("sanic", "app:app", "--port", "{port}", "--single-process", "--no-motd"),
        _ITEMS,
        ready="/items/1",
        counted="none",
    ),
    Application(
        "django-asgi",
        ("django==5.2.19", _UVICORN),
        ("uvicorn", "site_asgi:application", "--port", "{port}"),
        _ITEMS,
        files="django",
        ready="/items/1",
        counted="none",
    ),
    Application(
        "django-wsgi",
        ("django==5.2.19", _GUNICORN),
        ("gunicorn", "site_wsgi:application", "-b", "127.0.0.1:{port}", "-w", "2"),
        _ITEMS,
        files="django",
        ready="/items/1",
        counted="none",
    ),
    Application(
        "starlette-gunicorn",
        ("starlette==1.10.0", _UVICORN, _GUNICORN, "uvicorn-worker==0.4.0", "httpx==0.28.1"),
        ("gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:{port}", "-w", "2"),
        _ITEMS,
        ready="/items/1",
        counted="none",
    ),
)
