# SPDX-License-Identifier: Apache-2.0
"""A store that is full, damaged or gone while a service runs: the service answers as before, and the page says it."""

import os
import resource
import signal
import time

import httpx
import pytest
from playwright.sync_api import expect
from support.chromium import SLOW, chromium
from support.viewed import chat, metrics_count, viewer_of_its_own

ROUTE = "/rooms/{room}/messages"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def running(browser):
    """A viewer, a service that sends to it, and a page that is open."""
    with viewer_of_its_own() as viewer, chat(viewer) as service:
        page = browser.new_page()
        page.set_default_timeout(SLOW)
        page.goto(viewer.run("link").stdout.strip())
        ask(service, 5)
        page.wait_for_selector("a.row")
        yield viewer, service, page
        page.close()


def ask(service, times):
    """Send requests, each of which is answered as it is without a viewer."""
    found = [httpx.get(f"{service.url}/rooms/none/messages", timeout=60).status_code for _ in range(times)]
    assert found == [404] * times


def until_it_says(page, service, text):
    """Go on asking the service until the page says something; return how often it was asked."""
    alert, deadline, asked = page.locator("#trouble"), time.monotonic() + 60, 0
    while not (alert.is_visible() and text in alert.inner_text()):
        assert time.monotonic() < deadline, alert.inner_text()
        ask(service, 5)
        asked += 5
        page.wait_for_timeout(100)
    return asked


def fill(viewer, spans):
    """Send so much that it stands on many pages of the file: those few that each write touches are mended by it."""
    now = time.time_ns()
    made = [
        {
            "traceId": f"{number:032x}",
            "spanId": f"{number:016x}",
            "name": "GET /old",
            "kind": 2,
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now),
        }
        for number in range(1, spans + 1)
    ]
    sent = httpx.post(
        f"{viewer.url}/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": made}]}]}, timeout=60
    )
    assert sent.status_code == 200
    viewer.wait_for("status", lambda found: found["counts"]["spans"] >= spans)


def database_of(viewer):
    (found,) = viewer.place.parent.parent.glob("otel-distro-view-store-*/view.sqlite")
    return found


def test_a_full_disk_is_said_and_what_comes_when_there_is_room_again_is_shown(running):
    viewer, service, page = running
    pid = viewer.about["pid"]
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))  # what a full disk is: no write gets through
    asked = until_it_says(page, service, "could not be written")
    expect(page.locator("#trouble")).to_have_attribute("role", "alert")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    ask(service, 1)
    viewer.wait_for("requests?order=new&limit=1&route=GET%20" + ROUTE, bool)
    before = viewer.ask("status")["counts"]["spans"]
    ask(service, 3)
    viewer.wait_for("status", lambda found: found["counts"]["spans"] >= before + 3)
    assert metrics_count(service, ROUTE) == 5 + asked + 1 + 3


def test_a_damaged_file_is_said_and_the_service_goes_on(running):
    viewer, service, page = running
    fill(viewer, 2000)
    database = database_of(viewer)
    for path in (database, database.with_name(f"{database.name}-wal")):
        with path.open("r+b") as file:
            file.write(os.urandom(path.stat().st_size))
    asked = until_it_says(page, service, "DatabaseError")
    assert metrics_count(service, ROUTE) == 5 + asked
    assert viewer.ask("status")["pid"] == viewer.about["pid"]  # it has not ended


def test_a_viewer_that_is_killed_is_said_and_the_service_goes_on(running):
    viewer, service, page = running
    os.kill(viewer.about["pid"], signal.SIGKILL)
    expect(page.locator("#trouble")).to_contain_text("The viewer does not answer.")
    ask(service, 5)
    assert metrics_count(service, ROUTE) == 10
