# SPDX-License-Identifier: Apache-2.0
"""Whether what the demo shows is also right: each outcome is computed from what arrived."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from testbed.otlp_receiver import OtlpReceiver, Span

from demo.logs import Line
from demo.request_table import Scraped, requests_served
from demo.traffic import Call

SERVICES = ["chat_api", "inference"]


@dataclass(frozen=True)
class Check:
    passed: bool
    text: str


def expected_requests(sent: list[Call]) -> dict[str, int]:
    """Return how many requests each service must have served for these calls: every posted message is passed on."""
    return {"chat_api": len(sent), "inference": sum(call.method == "POST" for call in sent)}


def check_logs(lines: list[Line]) -> Check:
    seen = sorted({str(line["service"]) for line in lines})
    return Check(seen == SERVICES, f"{len(lines)} log lines of {_list(seen)} were found by one trace_id")


def check_trace(spans: list[Span]) -> Check:
    """Exactly one SERVER span per service and one CLIENT span between them."""
    servers = {span.service: span for span in spans if span.kind == "SERVER"}
    clients = [span for span in spans if span.kind == "CLIENT"]
    counts = sorted(span.service for span in spans if span.kind == "SERVER")
    text = f"SERVER spans of {_list(counts)}, {len(clients)} CLIENT span"
    if counts != SERVICES or len(clients) != 1:
        return Check(False, f"{text}; expected one SERVER span each of {_list(SERVICES)} and 1 CLIENT span")
    linked = (
        servers["chat_api"].parent_span_id is None
        and clients[0].parent_span_id == servers["chat_api"].span_id
        and servers["inference"].parent_span_id == clients[0].span_id
    )
    return Check(linked, f"{text}, {'each under its caller' if linked else 'but not each under its caller'}")


def check_metrics(scraped: Scraped, sent: list[Call]) -> list[Check]:
    """The requests counted are exactly the requests sent, in each service."""
    return [
        _equal(requests_served(scraped.pages[name]), expected, f"requests sent are in {name}'s /metrics")
        for name, expected in expected_requests(sent).items()
    ]


def check_stopped(exit_codes: dict[str, int], receiver: OtlpReceiver, served: dict[str, int]) -> list[Check]:
    """Both services ended by the signal that they were sent, and no span of a served request was lost on the way."""
    ended = all(code in {0, -signal.SIGTERM} for code in exit_codes.values())
    codes = ", ".join(f"{name} {code}" for name, code in exit_codes.items())
    outcomes = [Check(ended, f"SIGTERM ended both services{'' if ended else f', but with exit codes {codes}'}")]
    servers = [span.service for span in receiver.spans() if span.kind == "SERVER"]
    for name, count in served.items():
        outcomes.append(_equal(servers.count(name), count, f"SERVER spans of {name} arrived"))
    return outcomes


def check_quiet(warnings: list[str]) -> Check:
    """The distribution had nothing to complain about."""
    return Check(not warnings, "; ".join(warnings) or "no warning of otel-distro in either service")


def _equal(actual: int, expected: int, what: str) -> Check:
    return Check(actual == expected, f"{actual} of {expected} {what}")


def _list(names: list[str]) -> str:
    return " and ".join(names) or "no service"
