# SPDX-License-Identifier: Apache-2.0
"""Serves the setups of `logging_setups`: each request sets logging up anew and logs inside itself."""

import logging

import structlog
from fastapi import FastAPI
from logging_setups import SETUPS, log_events

app = FastAPI()


@app.post("/emit/{name}")
async def emit(name: str) -> None:
    """Log the events of a setup."""
    structlog.reset_defaults()
    logging.root.handlers.clear()
    logging.root.setLevel(logging.INFO)
    await log_events(SETUPS[name]())
