# SPDX-License-Identifier: Apache-2.0
"""`make bench-view`: what the viewer costs, and how soon it shows what happens; written into docs/view.md.

Two services of the chat example run with a viewer of their own; the page is opened in a real Chromium. A service under
`--view` and the same with a collector are loaded in turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from demo.stack import CHAT_DIRECTORY
from playwright.sync_api import Browser, Page, sync_playwright
from testbed.debian import debian
from testbed.processes import clean_environment, free_port, located
from testbed.services import Service
from testbed.waiting import wait_until

from bench import view_load
from bench.paced import pace
from bench.servers import APPS, Server
from bench.variants import ROOT, TOOLS

PAGE = ROOT / "docs" / "view.md"
BEGIN, END = "<!-- make bench-view -->\n", "<!-- end of make bench-view -->\n"
VIEW = ("otel-distro", "run", "--view")
IDLE_SECONDS, TIMES, ROUNDS, WAIT_SECONDS = 20, 9, 15, 60
RATE = 200
Row = tuple[str, str, str]


class Viewed(NamedTuple):
    """A viewer, and a service that sends to it."""

    folder: Path
    chat: Service

    @property
    def about(self) -> dict[str, Any]:
        """Return what its services know of it: port, secret, process."""
        place = self.folder / f"otel-distro-view-{os.getuid()}" / "viewer.json"
        return dict(json.loads(place.read_text()))

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.about['port']}"

    def ask(self, question: str) -> Any:
        """Ask it as its command line does."""
        headers = {"Authorization": f"Bearer {self.about['secret']}"}
        return httpx.get(f"{self.url}/api/{question}", headers=headers, timeout=60).json()

    def link(self) -> str:
        """Return an address that opens the page once."""
        command, variables = [located("otel-distro"), "view", "link"], clean_environment({"TMPDIR": str(self.folder)})
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()


@contextlib.contextmanager
def viewed() -> Iterator[Viewed]:
    """Run the chat example with a viewer."""
    with tempfile.TemporaryDirectory() as name:
        common = {"TMPDIR": name}
        callee = Service(
            "inference:app", CHAT_DIRECTORY, {"OTEL_SERVICE_NAME": "inference", **common}, launcher=VIEW, timeout=90
        )
        variables = {"OTEL_SERVICE_NAME": "chat_api", "INFERENCE_URL": callee.url, **common}
        with callee, Service("chat_api:app", CHAT_DIRECTORY, variables, launcher=VIEW, timeout=90) as chat:
            found = Viewed(Path(name), chat)
            say(found)
            yield found
            pid = int(found.about["pid"])
        os.kill(pid, 15)
        wait(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


def say(viewer: Viewed, room: str = "lobby") -> None:
    """Have the services answer a request."""
    body = {"text": "hello", "user_id": "ada"}
    httpx.post(f"{viewer.chat.url}/rooms/{room}/messages", json=body, timeout=60).raise_for_status()


def wait(is_so: Callable[[], bool]) -> float:
    """Wait until something is so; return how long that took, in seconds."""
    begun = time.monotonic()
    wait_until(is_so, WAIT_SECONDS)
    return time.monotonic() - begun


def idle(viewer: Viewed) -> Iterator[Row]:
    """Measure it while nothing happens but its scrapes."""
    process = Server(int(viewer.about["pid"]), viewer.about["port"])
    time.sleep(3)
    before = process.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    share = (process.cpu_seconds() - before) / IDLE_SECONDS
    yield "idle, two services read once a second", "≤ 1 % of a core", f"{share:.2%}"
    yield "memory then", "≤ 60 MB", f"{process.resident_bytes() / 1e6:.0f} MB"


def opened(browser: Browser, viewer: Viewed) -> Page:
    """Open the page in a session of its own."""
    page = browser.new_context(viewport={"width": 1280, "height": 760}).new_page()
    page.goto(viewer.link())
    page.wait_for_selector("a.row")
    return page


def in_chromium(viewer: Viewed, browser: Browser) -> Iterator[Row]:
    """Measure what somebody who looks at the page waits for."""
    first = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    paints = [opened(browser, viewer).evaluate(first) for _ in range(TIMES)]
    yield "first paint", "≤ 300 ms", f"{statistics.median(paints):.0f} ms, longest {max(paints):.0f}"
    page = opened(browser, viewer)
    page.goto(f"{viewer.url}/?view=logs")
    page.wait_for_selector(".lines details")
    shown = [_shown(viewer, page, f"room-{number}") * 1000 for number in range(TIMES)]
    yield (
        "from the answer to its line in an open page",
        "≤ 1 s",
        f"{statistics.median(shown):.0f} ms, longest {max(shown):.0f}",
    )
    yield from _scrolled(viewer, page)


def _shown(viewer: Viewed, page: Page, room: str) -> float:
    say(viewer, room)
    return wait(lambda: page.evaluate("room => document.body.textContent.includes(`room=${room}`)", room))


def _scrolled(viewer: Viewed, page: Page) -> Iterator[Row]:
    trace = view_load.large_trace(10_000)
    httpx.post(f"{viewer.url}/v1/traces", content=trace, headers=view_load.PROTOBUF, timeout=60).raise_for_status()
    begun = time.monotonic()
    page.goto(f"{viewer.url}/?view=trace&id={view_load.LARGE:032x}")
    page.wait_for_selector("[aria-setsize='10000']")
    took = (time.monotonic() - begun) * 1000
    page.get_by_role("listbox", name="Spans and lines").focus()
    frames = page.evaluate(SCROLL)
    yield (
        "a trace of 10,000 spans",
        "scrolls",
        f"there in {took:.0f} ms; longest frame of 60 screens {max(frames):.0f} ms",
    )


# Go down a screen with every frame; how long each took, in milliseconds.
SCROLL = """async () => {
  const list = document.querySelector("[role=listbox]"), times = [];
  let last = performance.now();
  for (let screen = 0; screen < 60; screen += 1) {
    list.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown", bubbles: true }));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times;
}"""


def taken_in(viewer: Viewed) -> Iterator[Row]:
    """Measure lines and spans as fast as they shall come."""
    before = viewer.ask("status")["counts"]
    sent, longest = view_load.send(viewer.url, "logs", per_second=1_000, seconds=10)
    behind = wait(lambda: viewer.ask("status")["counts"]["logs"] - before.get("logs", 0) >= sent)
    yield (
        "1,000 lines a second for ten seconds",
        "live",
        f"all {sent:,} there {behind:.2f} s after the last; longest answer {longest * 1000:.0f} ms",
    )
    before = viewer.ask("status")["counts"]
    sent, longest = view_load.send(viewer.url, "traces", per_second=20_000, seconds=10)
    wait(lambda: sum(_since(viewer, before)) >= sent)
    kept, dropped = _since(viewer, before)
    yield (
        "20,000 spans a second for ten seconds",
        "the service never waits",
        f"{kept:,} kept, {dropped:,} dropped and counted; longest answer {longest * 1000:.0f} ms",
    )


def _since(viewer: Viewed, before: dict[str, int]) -> tuple[int, int]:
    """Return how many spans were kept and how many dropped; requests are dropped whole."""
    now = viewer.ask("status")["counts"]
    kept, dropped = (now.get(name, 0) - before.get(name, 0) for name in ("spans", "dropped_requests"))
    return kept, dropped * view_load.IN_A_BATCH["traces"]


def beside_a_collector() -> Iterator[Row]:
    """Load the same service with a viewer and with a collector, in turn; CPU of the service itself per request.

    Paced, as by somebody who develops: at saturation the viewer, which stores what comes, would take the cores from the service.
    """
    sink = free_port()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as parts:
        collector = subprocess.Popen([sys.executable, "-m", "bench.sink", str(sink)], cwd=TOOLS)
        parts.callback(collector.wait)
        parts.callback(collector.terminate)
        common = {"TMPDIR": name, "OTEL_SERVICE_NAME": "bench", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        with_one = {**common, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{sink}", "OTEL_LOGS_EXPORTER": "otlp"}
        ways = {"view": (VIEW, common), "collector": (("otel-distro", "run"), with_one)}
        servers = {}
        for way, (launcher, variables) in ways.items():
            service = Service(
                "bench_app:app", APPS, variables, launcher=launcher, options=["--no-access-log"], timeout=90
            )
            parts.enter_context(service)
            servers[way] = Server(service.pid, service.port)
        costs: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, server in servers.items():
                costs[way].append(pace(server, rate=RATE, seconds=2).cpu)
    ratios = [one / other for one, other in zip(costs["view"][1:], costs["collector"][1:], strict=True)]
    medians = {way: statistics.median(of) for way, of in costs.items()}
    told = f"{medians['view']:.0f} µs a request beside {medians['collector']:.0f}: {statistics.median(ratios):.2f}"
    yield f"a service under `--view` ÷ with a collector, {RATE} requests a second", "no more", told


def doctor() -> Iterator[Row]:
    """Have the doctor ask where nobody answers."""
    with contextlib.ExitStack() as parts:
        where = [parts.enter_context(view_load.silent()) for _ in range(4)]
        command = [located("otel-distro"), "doctor"]
        for option, address in zip(("--loki", "--prometheus", "--tempo"), where, strict=False):
            command += [option, address]
        variables = clean_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": where[-1], "OTEL_SERVICE_NAME": "ill"})
        begun = time.monotonic()
        subprocess.run(command, env=variables, capture_output=True, check=False, timeout=120)
        yield "the doctor, where everything is silent", "≤ 15 s", f"{time.monotonic() - begun:.1f} s"


def main() -> None:
    """Measure, print and write."""
    rows: list[Row] = []
    with viewed() as viewer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(debian("chromium", "chromium")), args=["--no-sandbox"])
        rows += idle(viewer)
        rows += in_chromium(viewer, browser)
        browser.close()
        rows += taken_in(viewer)
    rows += beside_a_collector()
    rows += doctor()
    table = "\n".join(["| what | wanted | measured |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
    print(table)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    told = f"Measured by `make bench-view` on {datetime.now(tz=timezone.utc):%Y-%m-%d}, two cores, load {os.getloadavg()[0]:.1f} when it ended.\n"
    PAGE.write_text(f"{before}{BEGIN}{told}\n{table}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
