# SPDX-License-Identifier: Apache-2.0
"""Celery's lines keep the contract, whichever pool, and those of its tasks' loggers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from testbed.processes import Process, json_objects, run

from otel_distro.logs.contract import check_event

QUIET = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "C_FORCE_ROOT": "1"}
TASKS = """
import logging, os
import structlog
from celery import Celery
from celery.utils.log import get_task_logger
app = Celery("tasks", broker="filesystem://")
os.makedirs("queue", exist_ok=True)
app.conf.broker_transport_options = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), "queue")
if os.environ.get("FORMAT"):
    app.conf.worker_log_format = "own %(message)s"
log = get_task_logger(__name__)
@app.task
def work():
    log.info("of the task")
    logging.getLogger("plain").warning("plain")
    structlog.get_logger("st").info("structured")
    structlog.wrap_logger(structlog.PrintLogger(), processors=[structlog.processors.JSONRenderer()]).info("printed json")
    print("printed")
    raise ValueError("broken")
"""


def worked(directory: Path, pool: str, variables: dict[str, str]) -> list[str]:
    """Return what a worker that has one task writes."""
    (directory / "tasks.py").write_text(TASKS)
    sent = run([sys.executable, "-c", "import tasks; tasks.work.delay()"], directory=directory)
    assert sent.returncode == 0, sent.stderr
    command = ["otel-distro", "run", "celery", "-A", "tasks", "worker", "-l", "info", "-c", "1", "-P", pool]
    with Process(command, {**QUIET, **variables}, directory) as worker:
        worker.wait_for(lambda process: any("broken" in line for line in process.stdout + process.stderr), timeout=60)
    return worker.stdout + worker.stderr


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_workers_lines_keep_the_contract(pool: str, tmp_path: Path) -> None:
    lines = json_objects(worked(tmp_path, pool, {}))
    by_message = {line.get("message", line.get("event")): line for line in lines}
    contract = [line for line in lines if "message" in line]
    assert len(contract) > 8
    assert [problem for line in contract for problem in check_event(line)] == []
    assert (by_message["of the task"]["logger"], by_message["of the task"]["task_name"]) == ("tasks", "tasks.work")
    assert by_message["plain"]["task_id"] == by_message["of the task"]["task_id"]
    assert by_message["structured"]["logger"] == "st"
    assert by_message["printed"]["logger"] == "celery.redirected"
    assert by_message["printed json"] == {"event": "printed json"}
    (failed,) = [line for line in contract if "error" in line]
    assert failed["error"] == "ValueError: broken"


def test_a_format_of_its_own_is_kept(tmp_path: Path) -> None:
    lines = worked(tmp_path, "solo", {"FORMAT": "1"})
    assert [line for line in lines if "plain" in line] == ["own plain"]
