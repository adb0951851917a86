# SPDX-License-Identifier: Apache-2.0
"""The matrix of ends: a covering part of it; `make soak-ends` runs all of it and writes docs/ends.md's table."""

import pytest
from testbed.ends import LIMIT_SECONDS, MARGIN_SECONDS, REQUESTS, End, both

# Each server, application, ending, collector and exporter at least once.
COVERING = [
    End("uvicorn", "plain ASGI", "SIGINT", "hanging", "grpc"),
    End("uvicorn, PID 1", "FastAPI", "SIGTERM", "up", "http"),
    End("uvicorn --workers", "FastAPI", "SIGTERM", "hanging", "http"),
    End("gunicorn, UvicornWorker", "Django, ASGI", "SIGINT", "up", "grpc"),
    End("gunicorn, asgi", "plain ASGI", "SIGTERM", "refusing", "grpc"),
    End("gunicorn, gthread", "plain WSGI", "SIGTERM", "503", "http"),
    End("gunicorn, gevent", "Django, WSGI", "SIGTERM", "up", "http"),
    End("hypercorn", "plain ASGI", "SIGTERM", "up", "http"),
    End("granian", "Django, ASGI", "SIGTERM", "up", "http"),
    End("granian, WSGI", "plain WSGI", "SIGTERM", "refusing", "http"),
    End("script", "none", "exception", "503", "grpc"),
    End("script", "none", "SIGHUP", "up", "grpc"),
    End("asyncio script", "none", "SIGINT", "refusing", "http"),
    End("script, PID 1", "none", "normal", "hanging", "http"),
]


@pytest.mark.parametrize("end", COVERING, ids=str)
def test_an_end_is_as_without_us_and_loses_nothing_unsaid(end):
    bare, ours = both(end)
    assert ours.status == bare.status
    assert ours.seconds < bare.seconds + LIMIT_SECONDS + MARGIN_SECONDS
    if end.collector == "up":
        assert (ours.spans, ours.lines, ours.measured, ours.lost) == (REQUESTS, REQUESTS, REQUESTS, 0)
    else:
        assert ours.lost == REQUESTS * (2 if end.application == "FastAPI" else 1)


@pytest.mark.parametrize("way", ["_exit", "exit", "kill", "term", "raise"])
def test_a_lifespan_that_ends_the_process_loses_nothing(way):
    bare, ours = both(End("uvicorn", "a lifespan of its own", "SIGTERM", "up", "http"), {"ENDS": way})
    assert ours.status == bare.status
    assert (ours.spans, ours.lines) == (REQUESTS, REQUESTS)
