# SPDX-License-Identifier: Apache-2.0
"""/metrics on the application's port: the sum over all workers, for those who may read it."""

import http.client

import pytest
from support.fleet import Fleet
from testbed.scrape import OPENMETRICS, scrape

PATH = {"OTEL_DISTRO_APP_METRICS_PATH": "/internal/metrics"}


def fetch(fleet, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=10)
    try:
        connection.request(method, "/internal/metrics", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("server", ["uvicorn", "uvicorn workers", "gunicorn asgi", "hypercorn"])
def test_every_worker_serves_the_sum_and_counts_no_scrape(server):
    with Fleet(server, environment=PATH) as fleet:
        fleet.send(60)
        pages = [scrape(f"http://127.0.0.1:{fleet.port}/internal/metrics", OPENMETRICS) for _ in range(10)]
        assert [fleet.counted(page)["http"] for page in pages] == [60] * 10
        assert sum(page.value("http_server_request_duration_seconds_count") for page in pages) == 600
        assert fetch(fleet, "HEAD")[0] == 200
        assert fetch(fleet, "POST")[0] == 405
        assert fleet.troubles() == []


def test_others_get_the_404_of_a_path_that_does_not_exist():
    networks = {"OTEL_DISTRO_APP_METRICS_NETWORKS": "10.0.0.0/8"}
    with Fleet("uvicorn", environment=PATH | networks) as fleet:
        assert fetch(fleet)[0] == 404
        assert fetch(fleet, "POST")[0] == 404


def test_a_token_that_is_set_is_asked_for(tmp_path):
    (tmp_path / "token").write_text("secret")
    more = {"OTEL_DISTRO_ADMIN_TOKEN_FILE": str(tmp_path / "token")}
    with Fleet("uvicorn", environment=PATH | more) as fleet:
        assert fetch(fleet)[0] == 404
        assert fetch(fleet, Authorization="Bearer wrong")[0] == 404
        status, headers, body = fetch(fleet, Authorization="Bearer secret")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert b"\ntarget_info{" in body
