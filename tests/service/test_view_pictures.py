# SPDX-License-Identifier: Apache-2.0
"""A picture of each page, made in a real Chromium of two services; `VIEW_PICTURES=docs/images` writes the documentation's anew."""

import os
import re
import time
from pathlib import Path

import httpx
import pytest
from demo.stack import CHAT_DIRECTORY
from playwright.sync_api import expect
from support.chromium import SLOW, chromium
from support.viewed import chat, inference, viewer_of_its_own

DOCS = Path(__file__).parents[2] / "docs"
NOT_BLANK, MAX_BYTES = 10_000, 150_000
SEND = "POST /rooms/{room}/messages"
SHOP = 0x5109


@pytest.fixture(scope="module")
def viewer():
    """A viewer with two services, one of which was started again, and a shop that asks its database too often."""
    with viewer_of_its_own() as found, inference(found) as callee:
        httpx.post(f"{found.url}/v1/traces", json=shop(), timeout=60).raise_for_status()
        for words in (12, 8):
            with chat(found, INFERENCE_URL=callee.url) as service:
                talk(service, words)
        found.wait_for("findings", lambda findings: any(item["kind"] == "N+1 queries" for item in findings))
        yield found


def talk(service, times):
    for number in range(times):
        body = {"text": "hello " * (number + 1), "user_id": "ada"}
        assert httpx.post(f"{service.url}/rooms/lobby/messages", json=body, timeout=60).status_code == 200
    assert httpx.delete(f"{service.url}/rooms/lobby", timeout=60).status_code == 500


def shop():
    """A request with a query for each of twelve items, in the words of older conventions."""
    begin = time.time_ns()
    query = {"db.system": "postgresql", "db.statement": "SELECT price FROM items WHERE id = ?"}
    first = span(1, "GET /basket", begin, 40, {"http.route": "/basket"})
    queries = [span(n, "SELECT items", begin + n * 2_500_000, 2, query) for n in range(2, 14)]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [first, *queries]}]}]}


def span(number, name, start, duration_ms, attributes):
    """The first is the request, each other one a call inside it."""
    return {
        "traceId": f"{SHOP:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{1:016x}" if number > 1 else "",
        "name": name,
        "kind": 3 if number > 1 else 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + duration_ms * 10**6),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def shoot(browser, viewer, tmp_path):
    """Takes a picture of a page on which a text is to be seen."""
    contexts = []

    def take(name, query, text, scheme="light", also=lambda _page: None):
        contexts.append(browser.new_context(viewport=size(name), color_scheme=scheme))
        page = contexts[-1].new_page()
        page.set_default_timeout(SLOW)
        page.goto(viewer.run("link").stdout.strip())
        page.goto(f"{viewer.url}/?{query}")
        expect(page.locator("main")).to_contain_text(text)
        also(page)
        page.evaluate(NOBODYS_FOLDER, str(CHAT_DIRECTORY))
        picture = Path(os.environ.get("VIEW_PICTURES", tmp_path)) / f"view-{name}.png"
        page.screenshot(path=picture)
        return picture.stat().st_size

    yield take
    for context in contexts:
        context.close()


def size(name):
    return {"width": 1120, "height": 440 if "logs" in name else 560}  # lines are dense, and a picture of them large


# Where the example lies on this machine is nothing for a picture.
NOBODYS_FOLDER = """folder => {
  for (const place of document.querySelectorAll(".frame .mono")) place.textContent = place.textContent.replace(folder, "/app");
}"""


def newest(viewer, route):
    (found,) = viewer.ask(f"requests?order=new&limit=1&route={route.replace(' ', '%20')}")
    return f"view=trace&id={found['trace_id']}"


def hot(page):
    expect(page.locator("a.exemplar").first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "query", "text"),
    [
        ("requests", "view=requests", SEND.partition(" ")[2]),
        ("trace", SEND, "POST /generate"),
        ("traceback", "DELETE /rooms/{room}", "the archive is not mounted"),
        ("logs", "view=logs", "message received"),
        ("compare", "view=compare", SEND.partition(" ")[2]),
        ("findings", "view=findings", "again and again"),
    ],
)
def test_each_page_has_a_picture(shoot, viewer, name, query, text):
    asked = query if query.startswith("view=") else newest(viewer, query)
    assert shoot(name, asked, text) > NOT_BLANK


def test_the_dark_page_has_a_picture(shoot):
    assert shoot("logs-dark", "view=logs", "message received", scheme="dark") > NOT_BLANK


def test_metrics_have_a_picture_with_exemplars(shoot):
    assert shoot("metrics", "view=metrics&minutes=1", "Duration of HTTP server requests", also=hot) > NOT_BLANK


def test_the_documentation_shows_what_is_kept_and_all_of_it_is_small():
    shown = set(re.findall(r"\(images/(view-[a-z-]+\.png)\)", (DOCS / "view.md").read_text()))
    kept = {path.name: path.stat().st_size for path in (DOCS / "images").glob("view-*.png")}
    assert shown == set(kept)
    assert len(kept) == 8
    assert max(kept.values()) < MAX_BYTES
