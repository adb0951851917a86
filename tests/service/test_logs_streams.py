# SPDX-License-Identifier: Apache-2.0
"""Whose standard output is whose: a script's is its data, a server's is its log."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from testbed.processes import Process, free_port, json_objects, located, run
from testbed.services import Service

RUN = ["otel-distro", "run"]
QUIET = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}

# Program -> what it writes to standard output, and whether its standard error is as without us.
SCRIPTS: dict[str, tuple[str, str, bool]] = {
    "a child whose output is parsed": (
        "import logging, warnings\nlogging.getLogger('tool').warning('cold')\nwarnings.warn('old')\nprint('{\"a\": 1}')",
        '{"a": 1}\n',
        False,
    ),
    "a warning": ("import warnings; warnings.warn('old'); print('data')", "data\n", True),
    "a traceback": ("print('data')\n1 / 0", "data\n", True),
    "a traceback of a thread": (
        "import threading\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join(); print('data')",
        "data\n",
        True,
    ),
    "a tool that logs to a file": (
        "import logging, os\nlogging.basicConfig(filename=os.devnull, level=10); logging.error('x'); print('data')",
        "data\n",
        True,
    ),
    "a library's null handler": (
        (
            "import logging\nlogging.getLogger('lib').addHandler(logging.NullHandler())\n"
            "logging.getLogger('lib').error('x'); print('data')"
        ),
        "data\n",
        True,
    ),
    "a console handler with a level": (
        (
            "import logging\nh = logging.StreamHandler(); h.setLevel('ERROR'); logging.root.addHandler(h)\n"
            "logging.root.setLevel(10); logging.warning('w'); logging.error('e'); print('data')"
        ),
        "data\n",
        True,
    ),
    "no last resort": (
        "import logging\nlogging.lastResort = None; logging.raiseExceptions = False\nlogging.getLogger().error('e'); print('data')",
        "data\n",
        True,
    ),
    "captured": (
        (
            "import contextlib, io, logging\nbuffer = io.StringIO()\n"
            "with contextlib.redirect_stdout(buffer): print('caught'); logging.warning('w')\nprint(buffer.getvalue(), end='')"
        ),
        "caught\n",
        False,
    ),
    "click's runner": (
        (
            "import click, logging\nfrom click.testing import CliRunner\n"
            "@click.command()\ndef main(): click.echo('data'); logging.getLogger('x').warning('w')\n"
            "print(CliRunner().invoke(main).stdout, end='')"
        ),
        "data\n",
        True,
    ),
    "doctest": (
        (
            "import doctest, logging\ndef f():\n    '''\n    >>> logging.warning('w'); print(1)\n    1\n    '''\n"
            "print(doctest.testmod().failed)"
        ),
        "0\n",
        False,
    ),
    "a standard output that logs": (
        (
            "import logging, sys\nclass Logs:\n    def write(self, text):\n        for line in text.splitlines(): logging.getLogger('out').info(line)\n"
            "logging.basicConfig(level=20); sys.stdout = sys.stderr = Logs(); print('printed')"
        ),
        "",
        False,
    ),
    "a standard error that logs without a handler": (
        (
            "import logging, sys\nclass Logs:\n    def write(self, text):\n        for line in text.splitlines(): logging.getLogger('err').error(line)\n"
            "sys.stderr = Logs(); sys.stderr.write('x'); print('data'); sys.stderr = sys.__stderr__"
        ),
        "data\n",
        False,
    ),
    "a closed standard output": ("import logging, sys\nsys.stdout.close(); logging.warning('w')", "", False),
    "an encoding of few letters": (
        (
            "import io, logging, sys\nsys.stderr = io.TextIOWrapper(sys.stderr.detach(), encoding='ascii')\n"
            "logging.warning('käse'); print('data')"
        ),
        "data\n",
        False,
    ),
}


# Without us they end in a recursion, or in an encoding error.
BARE_FAILS = ("a standard error that logs without a handler", "an encoding of few letters")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_scripts_standard_output_is_its_data(name: str, tmp_path: Path) -> None:
    program, expected, as_bare = SCRIPTS[name]
    (tmp_path / "script.py").write_text(program)
    bare, ours = (run([*launcher, sys.executable, "script.py"], QUIET, tmp_path) for launcher in ([], RUN))
    assert (ours.stdout, ours.returncode) == (expected, 0 if name in BARE_FAILS else bare.returncode)
    if as_bare:
        assert ours.stderr == bare.stderr
    else:
        lines = ours.stderr.splitlines()
        assert len(json_objects(lines)) >= 1 or "old" in ours.stderr, ours.stderr
        assert "otel_distro" not in ours.stderr


@pytest.mark.parametrize(("stream", "found", "other"), [("stdout", "stdout", "stderr"), ("stderr", "stderr", "stdout")])
def test_the_stream_can_be_chosen(stream: str, found: str, other: str) -> None:
    program = "import logging, structlog\nlogging.warning('a')\nstructlog.get_logger().info('b')"
    done = run([*RUN, sys.executable, "-c", program], {**QUIET, "OTEL_DISTRO_LOG_STREAM": stream})
    assert [line["message"] for line in json_objects(getattr(done, found).splitlines())] == ["a", "b"]
    assert getattr(done, other) == ""


LEAKY = """
import contextlib, io, json, logging, subprocess, sys, threading
from fastapi import FastAPI
app = FastAPI()
log = logging.getLogger("shop")
entered, paid = threading.Event(), threading.Event()
@app.get("/run")
def run():
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        print("4"); entered.set(); paid.wait(20)
    return {"out": buffer.getvalue()}
@app.get("/pay")
def pay():
    entered.wait(20); log.warning("payment"); paid.set()
@app.get("/child")
def child():
    code = "import logging; logging.warning('cold'); print('{}')"
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app, port=int(sys.argv[1]))
"""


@pytest.mark.parametrize("by", ["command", "code"])
def test_a_requests_redirected_output_holds_no_line_of_another(by: str, tmp_path: Path) -> None:
    (tmp_path / "leaky.py").write_text(LEAKY)
    port = free_port()
    command = (
        ["uvicorn", "leaky:app", "--port", str(port)] if by == "command" else [sys.executable, "leaky.py", str(port)]
    )
    with Process([*RUN, *command], {**QUIET, "OTEL_EXPORTER_PROMETHEUS_PORT": "0"}, tmp_path) as service:
        service.wait_for_port(port)
        answers: list[object] = []
        url = f"http://127.0.0.1:{port}"
        redirecting = threading.Thread(target=lambda: answers.append(httpx.get(f"{url}/run", timeout=30).json()))
        redirecting.start()
        httpx.get(f"{url}/pay", timeout=30)
        redirecting.join()
        assert answers == [{"out": "4\n"}]
        assert httpx.get(f"{url}/child", timeout=30).json() == {}
        service.wait_for(lambda process: any("/child 200" in line for line in process.stdout))
    messages = [line["message"] for line in json_objects(service.stdout)]
    assert messages.count("payment") == 1
    assert messages.count("GET /run 200") == 1


def test_pytest_sees_what_it_would_see_without_us(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import logging, warnings\nfrom fastapi import FastAPI\nfrom fastapi.testclient import TestClient\n"
        "app = FastAPI()\n@app.get('/')\ndef root(): print('data'); return 1\n"
        "def test_output(capsys):\n    assert TestClient(app).get('/').json() == 1\n    assert capsys.readouterr() == ('data\\n', '')\n"
        "def test_descriptors(capfd):\n    with TestClient(app) as client: client.get('/')\n    assert capfd.readouterr() == ('data\\n', '')\n"
        "def test_records(caplog):\n    logging.info('i'); logging.warning('w')\n    assert caplog.messages == ['w']\n"
        "def test_level(caplog):\n    caplog.set_level('INFO'); logging.info('i')\n    assert caplog.record_tuples == [('root', 20, 'i')]\n"
    )
    done = run(
        [*RUN, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        QUIET,
        tmp_path,
        timeout=60,
    )
    assert "4 passed" in done.stdout, done.stdout


def test_an_interactive_session_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-i", "-q", "-c", "import logging; logging.warning('w'); 1 / 0"]
    bare, ours = (run([*launcher, *command], QUIET, tmp_path) for launcher in ([], RUN))
    assert (ours.stdout, ours.stderr) == (bare.stdout, bare.stderr)
    assert "WARNING:root:w" in ours.stderr


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """Return what a program writes to a terminal."""
    mine, its = pty.openpty()
    pid = os.posix_spawnp(
        located(command[0]),
        command,
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, its, 1), (os.POSIX_SPAWN_DUP2, its, 2)],
    )
    os.close(its)
    written, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([mine], [], [], 1)[0]:
            continue
        try:
            piece = os.read(mine, 65536)
        except OSError:  # nobody has the other end any more
            break
        written += piece
    os.close(mine)
    os.waitpid(pid, 0)
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_lines_on_a_terminal_are_for_people_without_any_variable(variables: dict[str, str], coloured: bool) -> None:
    program = "import logging; logging.getLogger('shop').warning('esc \\x1b[2J of %d', 2, extra={'n': 1})"
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    written = on_a_terminal([*RUN, sys.executable, "-c", program], {**environment, **QUIET, **variables})
    assert "esc \\x1b[2J of 2" in written
    assert "[shop]" in written
    assert "{" not in written
    assert ("\x1b[" in written) is coloured


def test_an_access_filter_and_no_access_log_are_obeyed(tmp_path: Path) -> None:
    (tmp_path / "probed.py").write_text(
        "import logging\nfrom fastapi import FastAPI\napp = FastAPI()\n"
        "class NoProbes(logging.Filter):\n    def filter(self, record): return '/health' not in record.getMessage()\n"
        "logging.getLogger('uvicorn.access').addFilter(NoProbes())\n"
        "@app.get('/health')\nasync def health(): pass\n@app.get('/x')\nasync def x(): pass\n@app.get('/bad')\nasync def bad(): 1 / 0\n"
    )
    told = {}
    for option in ("--access-log", "--no-access-log", "--log-level=warning"):
        with Service("probed:app", tmp_path, QUIET, options=[option]) as service:
            for path in ("/health", "/x", "/bad", "/health"):
                httpx.get(f"{service.url}{path}", timeout=60)
            service.wait_for(lambda process: any("ZeroDivisionError" in line for line in process.stdout))
        events = [line for line in json_objects(service.stdout) if line["logger"] == "otel_distro.access"]
        told[option] = [(event["path"], event["status_code"]) for event in events]
    assert told == {
        "--access-log": [("/x", 200), ("/bad", 500)],
        "--no-access-log": [],
        "--log-level=warning": [("/bad", 500)],
    }


def test_json_is_written_once_per_event_where_handlers_print() -> None:
    handlers = {
        "a file on /dev/stdout": "logging.FileHandler('/dev/stdout')",
        "another descriptor": "logging.StreamHandler(os.fdopen(os.dup(1), 'w'))",
        "print": "type('P', (logging.Handler,), {'emit': lambda self, r: print(self.format(r), flush=True)})()",
        "through a memory handler": "logging.handlers.MemoryHandler(1, target=logging.StreamHandler(sys.stdout))",
    }
    for name, made in handlers.items():
        program = f"import logging, logging.handlers, os, sys\nlogging.root.addHandler({made})\nlogging.error('placed')"
        done = run([*RUN, sys.executable, "-c", program], {**QUIET, "OTEL_DISTRO_LOG_STREAM": "stdout"})
        assert (done.stdout.count("placed"), done.stderr) == (1, ""), name


def test_colliding_names_keep_their_values() -> None:
    program = (
        "import structlog\nlog = structlog.get_logger()\n"
        "log.info('a', userId=1, user_id=2, level='mine', service='theirs', otlp=3)\n"
        "try: 1 / 0\nexcept Exception: log.exception('b', error='mine')"
    )
    done = run([*RUN, sys.executable, "-c", program], QUIET)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert {name: first[name] for name in ("user_id", "user_id_", "level_", "service_", "otlp_")} == {
        "user_id": 1,
        "user_id_": 2,
        "level_": "mine",
        "service_": "theirs",
        "otlp_": 3,
    }
    assert (second["error"], second["error_"]) == ("ZeroDivisionError: division by zero", "mine")
