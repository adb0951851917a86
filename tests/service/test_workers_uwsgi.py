# SPDX-License-Identifier: Apache-2.0
"""uWSGI forks its workers in C, past Python's hooks: what they measure is on /metrics all the same, once."""

import urllib.request

import pytest
from testbed.processes import Process, free_port
from testbed.scrape import scrape
from testbed.services import LAUNCHER
from testbed.waiting import wait_until

APP = """
from opentelemetry import metrics
import prometheus_client
{more}
OTEL, OWN = metrics.get_meter("m").create_counter("hits"), prometheus_client.Counter("own_hits", "O.")
OTEL.add(100); OWN.inc(100)

def application(environ, start_response):
    OTEL.add(1)
    OWN.inc()
    start_response("200 OK", [])
    return [b"ok"]
"""
DECORATED = """
import uwsgidecorators
FORKED = []
uwsgidecorators.postfork(lambda: FORKED.append(1))
"""


@pytest.mark.parametrize(
    ("more", "options", "workers"),
    [
        ("", ["--master", "--processes", "2"], 2),
        (DECORATED, ["--master", "--processes", "2", "--py-call-osafterfork"], 2),
        ("", ["--master", "--processes", "2", "--lazy-apps"], 2),
        ("", [], 1),
    ],
)
def test_every_worker_is_counted_once(tmp_path, more, options, workers):
    (tmp_path / "app.py").write_text(APP.format(more=more))
    port, admin = free_port(), free_port()
    command = ["pyuwsgi", "--http-socket", f"127.0.0.1:{port}", "--wsgi-file", "app.py"]
    variables = {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_PROMETHEUS_PORT": str(admin)}
    url = f"http://127.0.0.1:{admin}"
    with Process([LAUNCHER, *command, "--enable-threads", "--die-on-term", *options], variables, tmp_path) as process:
        process.wait_for_port(port, timeout=40)
        # A worker of --lazy-apps is a member before it has loaded, and uWSGI loses a signal that comes in its import.
        loaded = workers if "--lazy-apps" in options else 1
        wait_until(lambda: _serving(url) == workers and process.output.count("WSGI app 0 (") == loaded, 30)
        for _ in range(20):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                assert answer.read() == b"ok"
        page = scrape(url)
    before = 100 * (workers if "--lazy-apps" in options else 1 if workers == 1 else 0)
    assert page.value("hits_total") == before + 20
    assert page.value("own_hits_total") == before + 20


def _serving(url):
    """Return the owner, which is a worker here, and its members; asked all the while, also when uWSGI forks."""
    try:
        return 1 + scrape(url).value("otel_distro_workers")
    except OSError:
        return 0
