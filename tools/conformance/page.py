# SPDX-License-Identifier: Apache-2.0
"""The page of results, `docs/conformance.md`."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from conformance.judging import Verdict

HEAD = """# Conformance

Upstream's own tests, from the source distributions of the versions that we build on, run against our provider, tracer,
span, encoder, middleware, httpx path and metric reader in place of upstream's. Written by `make conformance`.

A test counts if it passes with upstream's own parts in the same environment. "Really ran" says how often our parts did
the work: a suite in which one of them never ran fails, however many of its tests pass.

What no test of upstream asks, two comparisons ask. `tests/differential/test_server.py` serves the same 452 requests with
contrib's instrumentation and with ours, and holds all spans and metrics against each other, sizes of bodies included. They may
differ only in what `tests/support/differential_rules.py` lists, with the reason of each difference; of sizes, contrib leaves
out empty bodies and gives a streamed response the size of an earlier one. `tests/differential/test_client.py` makes the same 332 calls with contrib's
instrumentation and with ours, with httpx and with httpx2, and holds all 404 client spans and the duration metric against
each other. They may differ only in what the same file lists: `network.peer.address` and
`network.peer.port` of calls that raised, which no connection tells, and `url.full`, which has no credentials, no query values
and no fragment; and calls that raise have a duration with ours. The answers that upstream's httpx tests mock get a connection,
at whose other end is the host of the URL.
"""


def page(verdicts: Sequence[Verdict]) -> str:
    """Return the page as Markdown."""
    python = ".".join(platform.python_version_tuple()[:2])
    return "\n".join([HEAD, f"Python {python}.\n", *_table(verdicts), "", *_exceptions(verdicts), *_gained(verdicts)])


def _table(verdicts: Sequence[Verdict]) -> Iterable[str]:
    yield "| suite | version | pass with upstream | pass with ours | excepted | really ran |"
    yield "|---|---|--:|--:|--:|---|"
    for verdict in verdicts:
        package = verdict.suite.package
        uses = ", ".join(f"{verdict.uses[use]} {use}" for use in verdict.suite.uses if use in verdict.uses)
        yield (
            f"| {package} | {version(package)} | {verdict.upstream_passed} | {verdict.passed} "
            f"| {len(verdict.excepted)} | {uses} |"
        )


def _exceptions(verdicts: Sequence[Verdict]) -> Iterable[str]:
    total = sum(len(verdict.excepted) for verdict in verdicts)
    yield f"## Exceptions: {total}\n"
    yield "From `tools/conformance/exceptions.py`. A test that is listed and passes fails the run.\n"
    for verdict in verdicts:
        for reason in dict.fromkeys(verdict.excepted.values()):
            tests = [test for test, why in verdict.excepted.items() if why == reason]
            yield f"- {verdict.suite.package}: {reason}"
            yield from (f"  - `{test}`" for test in tests)
    yield ""


def _gained(verdicts: Sequence[Verdict]) -> Iterable[str]:
    gained = [(verdict.suite.package, test) for verdict in verdicts for test in verdict.gained]
    if gained:
        yield f"## Tests that fail with upstream's own parts and pass with ours: {len(gained)}\n"
        yield from (f"- {package}: `{test}`" for package, test in gained)
        yield ""
