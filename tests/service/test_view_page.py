# SPDX-License-Identifier: Apache-2.0
"""The viewer's page in a real Chromium: the whole way, by keyboard, dark and narrow, without a request to anywhere else."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
import pytest
from demo.stack import CHAT_DIRECTORY
from playwright.sync_api import expect
from support.chromium import SLOW, chromium
from testbed.processes import clean_environment, free_port, located
from testbed.services import Service

AXE_VERSION = "4.10.3"
VIEW = ("otel-distro", "run", "--view")
HOSTILE = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"


@pytest.fixture(scope="module")
def axe():
    """axe-core, from npm, once into the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-distro" / f"axe-{AXE_VERSION}"
    script = cache / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        install = [
            "npm",
            "install",
            "--silent",
            "--no-fund",
            "--no-audit",
            "--prefix",
            str(cache),
            f"axe-core@{AXE_VERSION}",
        ]
        subprocess.run(install, check=True, timeout=120)
    return script.read_text()


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def link(folder):
    """Makes addresses that open the page once, of a viewer that two services send to."""

    def ask():
        command = [located("otel-distro"), "view", "link"]
        done = subprocess.run(
            command,
            env=clean_environment({"TMPDIR": str(folder)}),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    common = {"TMPDIR": str(folder)}
    with (
        Service(
            "inference:app", CHAT_DIRECTORY, {"OTEL_SERVICE_NAME": "inference", **common}, launcher=VIEW, timeout=90
        ) as callee,
        Service(
            "chat_api:app",
            CHAT_DIRECTORY,
            {
                "OTEL_SERVICE_NAME": "chat_api",
                "INFERENCE_URL": callee.url,
                "OTEL_EXPORTER_PROMETHEUS_PORT": str(free_port()),
                **common,
            },
            launcher=VIEW,
            timeout=90,
        ) as caller,
    ):
        for number in range(20):
            body = {"text": "hello " * (number + 1), "user_id": "ada"}
            assert httpx.post(f"{caller.url}/rooms/lobby/messages", json=body, timeout=60).status_code == 200
        assert httpx.delete(f"{caller.url}/rooms/lobby", timeout=60).status_code == 500
        address = ask().partition("/?")[0]
        for signal, sent in (
            ("traces", large()),
            ("traces", spans_of([span_of(78, 0, begin=time.time_ns())])),
            ("logs", hostile_line()),
            ("metrics", hostile_metrics()),
        ):
            httpx.post(f"{address}/v1/{signal}", json=sent, timeout=60).raise_for_status()
        ask.service = caller
        yield ask
    about = json.loads((folder / f"otel-distro-view-{os.getuid()}" / "viewer.json").read_text())
    os.kill(about["pid"], 15)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and Path(f"/proc/{about['pid']}").exists():
        time.sleep(0.05)


def large():
    """A trace of 10,000 spans whose names are hostile."""
    begin = time.time_ns()
    return spans_of(
        [{**span_of(77, number, begin + number * 1000), "kind": 1 if number else 2} for number in range(10_000)]
    )


def span_of(trace, number, begin):
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number + 1:016x}",
        "parentSpanId": f"{max(1, number // 10):016x}" if number else "",
        "name": f"{HOSTILE} {number}",
        "kind": 1,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + 500_000),
        "attributes": [{"key": HOSTILE, "value": {"stringValue": HOSTILE}}],
    }


def spans_of(spans):
    return {"resourceSpans": [{"resource": stranger(), "scopeSpans": [{"scope": {"name": HOSTILE}, "spans": spans}]}]}


def stranger():
    return {"attributes": [{"key": name, "value": {"stringValue": HOSTILE}} for name in ("service.name", HOSTILE)]}


def hostile_line():
    """A line of which each part is hostile, with a traceback in the trace of that name."""
    told = {
        HOSTILE: HOSTILE,
        "exception.type": HOSTILE,
        "exception.message": HOSTILE,
        "exception.stacktrace": f'Traceback (most recent call last):\n  File "{HOSTILE}", line 1, in {HOSTILE}\n    {HOSTILE}\n{HOSTILE}: {HOSTILE}',
    }
    record = {
        "timeUnixNano": str(time.time_ns()),
        "severityText": HOSTILE,
        "severityNumber": 17,
        "body": {"stringValue": HOSTILE},
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in told.items()],
        "traceId": f"{78:032x}",
        "spanId": f"{1:016x}",
    }
    scope = {"scope": {"name": HOSTILE}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": stranger(), "scopeLogs": [scope]}]}


def hostile_metrics():
    """A counter, a gauge and a histogram of which each text is hostile."""
    now = str(time.time_ns())
    labels = {"timeUnixNano": now, "attributes": [{"key": HOSTILE, "value": {"stringValue": HOSTILE}}]}
    number = [{**labels, "asDouble": 1.0}]
    exemplar = {"timeUnixNano": now, "asDouble": 0.5, "traceId": f"{77:032x}", "spanId": f"{1:016x}"}
    counts = {
        **labels,
        "count": "1",
        "sum": 0.5,
        "bucketCounts": ["1", "0"],
        "explicitBounds": [1.0],
        "exemplars": [exemplar],
    }
    told = {"unit": HOSTILE, "description": HOSTILE}
    metrics = [
        {
            "name": f"{HOSTILE}.count",
            **told,
            "sum": {"dataPoints": number, "aggregationTemporality": 2, "isMonotonic": True},
        },
        {"name": f"{HOSTILE}.now", **told, "gauge": {"dataPoints": number}},
        {"name": f"{HOSTILE}.seconds", **told, "histogram": {"dataPoints": [counts], "aggregationTemporality": 2}},
    ]
    return {
        "resourceMetrics": [
            {"resource": stranger(), "scopeMetrics": [{"scope": {"name": HOSTILE}, "metrics": metrics}]}
        ]
    }


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser, link, request):
    """A page of its own session; anything that it says in error, or asks of others, is a failure."""
    context = browser.new_context(**getattr(request, "param", {"viewport": {"width": 1280, "height": 760}}))
    context.set_default_timeout(SLOW)
    found, wrong = context.new_page(), []
    address = link()
    origin = address.partition("/?")[0]
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    found.on(
        "request", lambda sent: None if sent.url.startswith((origin, "data:", "blob:")) else wrong.append(sent.url)
    )
    found.goto(address)
    found.wait_for_selector("a.row")
    found.origin = origin
    yield found
    context.close()
    assert wrong == []


def rows_of(page):
    return page.get_by_role("listbox", name="Spans and lines").get_by_role("option")


def violations(page, axe):
    found = page.evaluate(f"(() => {{ {axe} }})(), axe.run(document, {{resultTypes: ['violations']}})")
    return [(item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in found["violations"]]


def test_the_way_from_a_request_to_its_lines_its_metric_and_back(page, axe):
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("DELETE")  # failing ones come first
    assert violations(page, axe) == []
    page.get_by_role("link", name="POST /rooms/{room}/messages").first.click()
    page.get_by_role("link", name="slowest first").click()
    page.locator("tbody a.row").first.click()
    rows = rows_of(page)
    expect(rows.filter(has_text="message received")).to_have_count(1)
    expect(rows.filter(has_text="POST /generate").first).to_be_visible()
    assert violations(page, axe) == []
    rows.filter(has_text="message received").click()
    expect(page.get_by_role("button", name="copy as LogQL")).to_have_attribute(
        "title",
        '{service_name="chat_api"} | trace_id="' + page.url.partition("id=")[2][:32] + '" |= "message received"',
    )
    page.get_by_role("link", name="lines", exact=True).click()
    expect(page.locator(".lines details")).to_have_count(4)
    page.locator(".lines summary").first.click()
    page.get_by_role("link", name="open its trace").click()
    expect(rows_of(page).filter(has_text="moderate")).to_have_count(1)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Metrics").click()
    expect(page.locator("a.exemplar").first).to_be_visible(timeout=SLOW)
    assert violations(page, axe) == []
    page.locator("a.exemplar").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox", name="Spans and lines")).to_be_visible()


def test_a_traceback_stands_inside_with_own_frames_open(page):
    page.get_by_role("link", name="DELETE /rooms/{room}").first.click()
    page.locator("tbody a.row").first.click()
    expect(page.locator(".detail .raised").first).to_contain_text("the archive is not mounted")
    expect(page.locator(".detail .frame").filter(has_text="chat_api.py").first).to_be_visible()
    expect(page.locator(".detail details.frame summary").first).to_contain_text("of libraries")


def test_ten_thousand_spans_scroll_and_nothing_that_strangers_send_runs(page):
    page.goto(f"{page.origin}/?view=trace&id={77:032x}")
    rows = rows_of(page)
    expect(rows.first).to_have_attribute("aria-setsize", "10000")
    assert rows.count() < 120  # only what is in sight
    page.get_by_role("listbox", name="Spans and lines").focus()
    page.keyboard.press("End")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "10000")
    assert page.evaluate("window.pwned") is None
    for view in ("requests", "logs", "compare", "findings"):
        page.goto(f"{page.origin}/?view={view}")
        page.wait_for_selector("h1")
        assert page.evaluate("window.pwned") is None


def test_lines_tracebacks_and_metrics_of_strangers_are_text(page):
    page.goto(f"{page.origin}/?view=logs&q=onerror")
    line = page.locator(".lines details").filter(has_text=HOSTILE)
    expect(line).to_have_count(1)
    line.locator("summary").click()
    expect(line).to_contain_text("exception")
    page.goto(f"{page.origin}/?view=trace&id={78:032x}")
    expect(rows_of(page).filter(has_text=HOSTILE)).to_have_count(2)
    rows_of(page).filter(has_text=HOSTILE).last.click()
    expect(page.locator(".detail .raised").first).to_contain_text(HOSTILE)
    page.goto(f"{page.origin}/?view=metrics")
    names = page.get_by_role("navigation", name="Metrics").get_by_role("link").filter(has_text="onerror")
    expect(names).to_have_count(3)
    for name in names.evaluate_all("links => links.map((link) => link.href)"):
        page.goto(name)
        expect(page.locator("figcaption")).to_contain_text(HOSTILE)
    assert page.evaluate("[window.pwned, document.images.length]") == [None, 0]


def test_a_request_appears_while_one_looks(page, link):
    page.goto(f"{page.origin}/?view=logs")
    page.wait_for_selector(".lines details")
    httpx.get(f"{link.service.url}/rooms/seen-live/messages", timeout=60)
    expect(page.locator(".lines summary").filter(has_text="seen-live")).to_have_count(1)


def test_the_keyboard_is_enough(page):
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="slowest first")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox", name="Spans and lines")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("[aria-selected=true]")).to_have_count(1)
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("room=lobby received")
    page.keyboard.press("Enter")
    expect(page.locator(".lines summary").first).to_contain_text("message received")
    assert "q=room%3Dlobby" in page.url  # a page that can be sent on


@pytest.mark.parametrize(
    "page",
    [{"viewport": {"width": 360, "height": 740}}, {"color_scheme": "dark", "viewport": {"width": 1280, "height": 760}}],
    indirect=True,
    ids=["narrow", "dark"],
)
def test_it_works_when_narrow_and_when_dark(page, axe):
    width = page.viewport_size["width"]
    for view in ("requests", "logs", "metrics", "compare", "findings"):
        page.goto(f"{page.origin}/?view={view}")
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert violations(page, axe) == [], view


def test_the_page_is_small():
    import otel_distro.view

    files = list((Path(otel_distro.view.__file__).parent / "page").iterdir())
    assert len(files) > 10
    assert sum(file.stat().st_size for file in files) <= 150 * 1024
