# SPDX-License-Identifier: Apache-2.0
"""A FastAPI application whose lifespan ends the process by itself, in the way that ENDS names."""

import os
import signal
import sys
from contextlib import asynccontextmanager

from ends_asgi import leave_something
from fastapi import FastAPI

WAYS = {
    "_exit": lambda: os._exit(7),
    "exit": lambda: sys.exit(7),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "term": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "raise": lambda: int("as asked"),
}


@asynccontextmanager
async def lifespan(_app):
    yield
    WAYS[os.environ["ENDS"]]()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def root() -> None:
    leave_something()
