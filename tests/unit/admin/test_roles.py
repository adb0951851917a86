# SPDX-License-Identifier: Apache-2.0
"""A process is recognised by its command line."""

import pytest

from otel_distro.roles import Role, recognise

SPAWN = "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)"


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("python -m app", Role.SINGLE),
        ("python -c pass", Role.SINGLE),
        ("python", Role.SINGLE),
        ("python app.py --workers 4", Role.SINGLE),
        ("python /venv/bin/uvicorn app:app", Role.SINGLE),
        ("python /venv/bin/uvicorn app:app --workers 1", Role.SINGLE),
        ("python /venv/bin/uvicorn app:app --workers 4", Role.SUPERVISOR),
        ("python -m uvicorn --workers=4 app:app", Role.SUPERVISOR),
        ("python -X dev -W error -m uvicorn --workers=4 app:app", Role.SUPERVISOR),
        ("python /venv/bin/uvicorn app:app --workers many", Role.SINGLE),
        ("python /venv/bin/uvicorn app:app --workers", Role.SINGLE),
        ("python /venv/bin/uvicorn --reload app:app", Role.RELOADER),
        ("python /venv/bin/fastapi dev main.py", Role.RELOADER),
        ("python /venv/bin/gunicorn app:app", Role.SUPERVISOR),
        ("python -m gunicorn.__main__ app:app", Role.SUPERVISOR),
        ("python /venv/bin/hypercorn app:app -w 4", Role.SUPERVISOR),
        ("python /venv/bin/granian app:app", Role.SUPERVISOR),
        ("python -m pip install x", Role.HELPER),
        ("python /venv/bin/pip list", Role.HELPER),
        ("python /venv/bin/otel-distro check", Role.HELPER),
        ("python -m otel_distro env", Role.HELPER),
    ],
)
def test_commands(command, role):
    assert recognise(command.split()) is role


@pytest.mark.parametrize(
    ("code", "arguments", "role"),
    [
        (SPAWN, ["--multiprocessing-fork"], Role.WORKER),
        ("from multiprocessing.resource_tracker import main;main(5)", [], Role.HELPER),
        ("from multiprocessing.forkserver import main; main(6, 7, ['__main__'], **{})", [], Role.WORKER),
        ("print('from multiprocessing.resource_tracker')", [], Role.SINGLE),
    ],
)
def test_what_multiprocessing_starts(code, arguments, role):
    assert recognise(["python", "-c", code, *arguments]) is role


def test_this_process_has_a_role():
    assert recognise() in set(Role)
