# SPDX-License-Identifier: Apache-2.0
"""A FastAPI application, which we instrument."""

from ends_asgi import leave_something
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root() -> None:
    leave_something()
