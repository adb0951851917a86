# SPDX-License-Identifier: Apache-2.0
"""Three queries that have an answer by the time they are shown."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from testbed.loki import await_rows
from testbed.server import eventually

from stack.everything import Everything


@dataclass(frozen=True)
class Query:
    """A query as a person would paste it, and what it found.

    Attributes:
        title: the question.
        url: of the API that answers it.
        query: LogQL or PromQL.
        answer: what it found a moment ago, in a few words.
    """

    title: str
    url: str
    query: str
    answer: str

    def text(self) -> str:
        """Return it as a command to paste, with its answer."""
        command = f"curl -sG {self.url} --data-urlencode {shlex.quote('query=' + self.query)}"
        return f"  # {self.title}: {self.answer}\n  {command}\n"


def ready_queries(everything: Everything, trace_id: str, requests: int) -> list[Query]:
    """Wait until each of the three has an answer, the last one with so many requests, and return them.

    Raises:
        TimeoutError: One of them has none, so something between the services and the stores is broken.
    """
    loki, prometheus = everything.loki, everything.prometheus
    by_trace = f'{{service_name=~".+"}} | trace_id="{trace_id}"'
    eventually(lambda: len({row.labels["service_name"] for row in loki.rows(by_trace)}) > 1, 30.0, by_trace)
    rows = await_rows(loki, by_trace, 1)
    services = sorted({row.labels["service_name"] for row in rows})
    errors = '{service_name="chat_api"} | level="error"'
    failed = await_rows(loki, errors, 1)
    served = "sum by (job, http_route, http_response_status_code) (http_server_request_duration_seconds_count)"
    eventually(lambda: sum(prometheus.query(served).values()) >= requests, 30.0, served)
    routes = prometheus.query(served)
    logs, metrics = f"{loki.url}/loki/api/v1/query_range", f"{prometheus.url}/api/v1/query"
    return [
        Query("All lines of one request", logs, by_trace, f"{len(rows)} lines of {' and '.join(services)}"),
        Query("Errors of a service", logs, errors, f"{len(failed)} lines"),
        Query(
            "Requests by route and status",
            metrics,
            served,
            f"{int(sum(routes.values()))} requests in {len(routes)} series",
        ),
    ]
