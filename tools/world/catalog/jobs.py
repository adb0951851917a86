# SPDX-License-Identifier: Apache-2.0
"""Programs that serve no HTTP: workers of queues, and the test suites of FastAPI projects."""

from world.application import Application


def _suite(name: str, packages: tuple[str, ...], *arguments: str) -> Application:
    """A project's own tests, out of its source distribution: the first of its packages."""
    return Application(
        name,
        (*packages, "pytest"),
        ("sh", "run.sh", *arguments),
        prepare=(("pip", "download", "-q", "--no-deps", "--no-binary", ":all:", packages[0]),),
        seconds=400,
        volatile=(r"in [\d.]+s[^=]*", r"rootdir: .*", r"cachedir: .*"),
        ignored_files=("*",),
    )


_WARNINGS = {
    "_warn_or_raise_security_error": "a warning is one event, without the line of source that Python prints below it"
}

JOBS = (
    Application(
        "celery-prefork",
        ("celery==5.7.0",),
        ("celery", "-A", "tasks", "worker", "--concurrency", "2", "--loglevel", "info", "--hostname", "world"),
        done="work/done-5",
        prepare=(("python", "send.py"),),
        explained=_WARNINGS,
        ignored_files=("queue/*", "processed/*", "work/control/*"),
        volatile=(
            r"transport: .*",
            r"filesystem://\S+",
            r"celery@\S+",
            r"Task tasks\.\w+.*",
            r"ForkPoolWorker-\d+",
            r"shop\.\w+: .*",
        ),
    ),
    Application(
        "celery-solo",
        ("celery==5.7.0",),
        ("celery", "-A", "tasks", "worker", "--pool", "solo", "--hostname", "world"),
        files="celery-prefork",
        done="work/done-5",
        prepare=(("python", "send.py"),),
        explained=_WARNINGS,
        ignored_files=("queue/*", "processed/*", "work/control/*"),
        volatile=(r"transport: .*", r"filesystem://\S+", r"celery@\S+"),
    ),
    Application(
        "arq",
        ("arq==0.28.0",),
        ("sh", "run.sh", "{port}"),
        done="done-3",
        needs="redis-server",
        ignored_files=("redis.log",),
        volatile=(r"j_complete=.*", r"redis_version=.*", r"delayed=\S+", r"\d+\.\d\ds . "),
    ),
    Application(
        "taskiq",
        ("taskiq==0.13.0", "taskiq-redis==1.2.4"),
        ("sh", "run.sh", "{port}"),
        done="done-3",
        needs="redis-server",
        ignored_files=("redis.log",),
        volatile=(r"worker-\d", r"process worker-\d .*", r"main process: \d+"),
    ),
    _suite(
        "suite-fastapi-users",
        ("fastapi-users==15.0.5", "pytest-asyncio", "pytest-mock", "httpx-oauth", "httpx", "asgi-lifespan", "redis"),
        "-k",
        "router_auth or manager",
    ),
    _suite(
        "suite-fastapi-mcp", ("fastapi-mcp==0.4.0", "pytest-asyncio", "pytest-cov", "coverage", "pyjwt", "cryptography")
    ),
)
