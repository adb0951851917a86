# SPDX-License-Identifier: Apache-2.0
"""The demo from beginning to end, in the order in which a reader meets it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from testbed.otlp_receiver import OtlpReceiver, Span
from testbed.services import LAUNCHER

from demo import checks
from demo.addresses import show_addresses, show_commands
from demo.logs import complaints, lines_of, show_lines, show_raw
from demo.request_table import Scraped, requests_served, scrape_all, show_requests
from demo.stack import Ports, Stack, running
from demo.terminal import Terminal
from demo.traffic import Answer, Call, calls, message, send, send_one
from demo.tree import show_tree

VIEWED = ("otel-distro", "run", "--view")  # who stays wants to look
_SPANS_PER_TRACE = 4
_LOG_LINES_PER_TRACE = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Traffic:
    """What was sent, the one request that the report follows, and /metrics before and after."""

    sent: list[Call]
    followed: Answer
    before: Scraped
    after: Scraped


def run(
    terminal: Terminal, ports: Ports, requests: int, environment: dict[str, str], keep: Callable[[Stack], None] | None
) -> bool:
    """Start, send, show, stop, and return whether all was as it should be.

    Args:
        terminal: Where to show it.
        ports: Where the parts listen.
        requests: How many requests to send.
        environment: More variables for both services.
        keep: Called before the services are stopped; waits for as long as they should run.
    """
    started = time.monotonic()
    terminal.line(terminal.paint("otel-distro", "bold") + "  two services, no telemetry code, one launcher")
    terminal.line()
    with ExitStack() as parts:
        with terminal.step("Start the OTLP receiver, inference and chat_api") as progress:
            launcher = VIEWED if keep else (LAUNCHER,)
            stack = parts.enter_context(running(ports, environment, progress, launcher))
        show_commands(terminal, stack)
        traffic = _send(terminal, stack, calls(requests))
        outcomes = _show_request(terminal, stack, traffic.followed) + _show_table(terminal, traffic)
        show_addresses(terminal, stack)
        if keep:
            keep(stack)
        outcomes += _stop(terminal, stack)
    failed = sum(not outcome.passed for outcome in outcomes)
    terminal.line()
    text = f"{failed} of {len(outcomes)} checks failed" if failed else f"All {len(outcomes)} checks passed"
    terminal.check(not failed, terminal.paint(text, "bold") + f" in {time.monotonic() - started:.1f} s")
    return not failed


def _send(terminal: Terminal, stack: Stack, traffic: list[Call]) -> Traffic:
    first = message("lobby", "hello there", "ada")
    before = scrape_all(stack)
    with terminal.step(f"Send one request to follow and {len(traffic)} more to chat_api") as progress:
        followed = send_one(stack.chat_api.url, first)
        statuses = send(stack.chat_api.url, traffic, progress)
    statuses[followed.status] += 1
    after = scrape_all(stack)
    terminal.line("    answers  " + ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())))
    return Traffic([first, *traffic], followed, before, after)


def _show_request(terminal: Terminal, stack: Stack, followed: Answer) -> list[checks.Check]:
    trace_id, call = followed.trace_id, followed.call
    terminal.heading("One request, two services, one trace_id", "stdout of both")
    terminal.line(f"  {call.method} {call.path} -> {followed.status}  x-trace-id {terminal.paint(trace_id, 'magenta')}")
    terminal.line()
    lines = _patiently(lambda: lines_of(stack, trace_id), _LOG_LINES_PER_TRACE)
    show_lines(terminal, lines)
    if any(line["service"] == "inference" for line in lines):
        terminal.line()
        terminal.line("  One of them as it is written:")
        show_raw(terminal, stack, trace_id)
    outcomes = _judge(terminal, [checks.check_logs(lines)])
    terminal.heading("The same request as a trace", "received over OTLP")
    spans = _spans_of(stack.receiver, trace_id)
    show_tree(terminal, spans)
    return outcomes + _judge(terminal, [checks.check_trace(spans)])


def _show_table(terminal: Terminal, traffic: Traffic) -> list[checks.Check]:
    terminal.heading("Requests", "from /metrics, as PromQL computes it")
    show_requests(terminal, traffic.before, traffic.after)
    return _judge(terminal, checks.check_metrics(traffic.after, traffic.sent))


def _stop(terminal: Terminal, stack: Stack) -> list[checks.Check]:
    terminal.heading("Stop")
    served = {name: requests_served(page) for name, page in scrape_all(stack).pages.items()}
    with terminal.step("Send SIGTERM to both services and wait"):
        exit_codes = {name: service.stop() for name, service in stack.services.items()}
    outcomes = checks.check_stopped(exit_codes, stack.receiver, served)
    return _judge(terminal, [*outcomes, checks.check_quiet(complaints(stack))])


def _judge(terminal: Terminal, outcomes: list[checks.Check]) -> list[checks.Check]:
    """Show the outcomes below the part that they judge."""
    terminal.line()
    for outcome in outcomes:
        terminal.check(outcome.passed, outcome.text)
    return outcomes


def _spans_of(receiver: OtlpReceiver, trace_id: str) -> list[Span]:
    def arrived() -> list[Span]:
        return [span for span in receiver.spans() if span.trace_id == trace_id]

    return _patiently(arrived, _SPANS_PER_TRACE)


def _patiently(get: Callable[[], list[T]], count: int, timeout_seconds: float = 10.0) -> list[T]:
    """Return the list when it has this many items, or as it is when the time is over: the checks judge it."""
    deadline = time.monotonic() + timeout_seconds
    while len(items := get()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return items
