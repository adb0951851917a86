# SPDX-License-Identifier: Apache-2.0
"""Secrets by each road into a line, through each way to log that is judged: every event once, no secret in any output."""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from support import corpus, planted
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import run
from testbed.services import LAUNCHER

SUPPORT = Path(planted.__file__).parent
SETUPS = SUPPORT.parents[1] / "tools/bench/apps"
# Shorter parts are words of other events as well.
SHORTEST = 6
JSON = {"never configured", "PrintLogger, JSON", "BytesLogger, orjson", "ProcessorFormatter", "python-json-logger"}


class Output(NamedTuple):
    """What a program wrote, and what of it was exported, as text; each event has its name in it."""

    lines: list[str]
    records: list[str]
    bodies: list[str]
    planted: dict[str, int]


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, str]]:
    """Return every shape of the corpus with its secrets drawn, and the longest of those."""
    drawing = random.Random(18)
    texts = [corpus.drawn(template, corpus.SECRETS[3], drawing) for template in corpus.lines("secrets.txt")]
    return [(text, max(secrets, key=len) if secrets else text) for text, secrets in texts]


def outputs(program: str, arguments: Sequence[str]) -> list[Output]:
    """Return what a program says that only writes, and what the same says that exports, too."""
    with OtlpReceiver() as receiver, ThreadPoolExecutor() as pool:
        writing, exporting = pool.map(lambda to: _run(program, arguments, to), (None, receiver))
        records = receiver.logs()
    assert records
    bodies = [str(each.body) for each in records]
    return [writing, exporting._replace(records=[repr(each) for each in records], bodies=bodies)]


def _run(program: str, arguments: Sequence[str], receiver: OtlpReceiver | None) -> Output:
    exporting = {"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint} if receiver else {}
    environment = {
        "OTEL_SERVICE_NAME": "planted",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        # Nothing is dropped here because the program is quicker than the receiver.
        "OTEL_BLRP_MAX_QUEUE_SIZE": "10000",
        "PYTHONPATH": f"{SUPPORT}:{SETUPS}",
        **exporting,
    }
    done = run([LAUNCHER, sys.executable, str(SUPPORT / program), *arguments], environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    *errors, said = done.stderr.splitlines()
    return Output([*done.stdout.splitlines(), *errors], [], [], json.loads(said))


def assert_each_once(output: Output) -> None:
    """Every event that was planted is there once, in the lines, and in the records if it was exported."""
    expected = Counter({f"{road} {number}" for road, count in output.planted.items() for number in range(1, count + 1)})
    for texts in (output.lines, output.bodies) if output.bodies else (output.lines,):
        found = Counter(name for text in texts for name in set(re.findall(r"<([^<>]+ \d+)>", text)))
        assert dict(found - expected) == {}
        assert sorted(expected - found) == []


def leaked(output: Output, secrets: Sequence[str]) -> dict[str, str]:
    """Return the secrets that were seen, and where first."""
    return {
        secret: next(text for text in texts if secret in text)[:400]
        for texts in (output.lines, output.records)
        for secret in secrets
        if secret in "\n".join(texts)
    }


def broken(output: Output) -> list[str]:
    """Return the lines that begin as JSON and are none."""
    return [line for line in output.lines if line.startswith(("{", "@cee:")) and not _is_json(line)]


def _is_json(line: str) -> bool:
    try:
        json.loads(line.removeprefix("@cee:"))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("setup", "least"),
    [
        ("never configured", 2600),
        ("PrintLogger, JSON", 1600),
        ("BytesLogger, orjson", 1600),
        ("ProcessorFormatter", 2600),
        ("python-json-logger", 1600),
        ("plain format", 1600),
        ("loguru", 1400),
    ],
)
def test_no_road_leads_a_secret_into_any_output(
    setup: str, least: int, drawn: list[tuple[str, str]], tmp_path: Path
) -> None:
    texts = tmp_path / "corpus.json"
    texts.write_text(json.dumps([text for text, _ in drawn]), "utf-8")
    secrets = [secret.core for secret in planted.SECRETS] + [secret for _, secret in drawn if len(secret) >= SHORTEST]
    assert len(secrets) >= 400
    for output in outputs("planted_setups.py", [setup, str(texts)]):
        assert sum(output.planted.values()) >= least
        assert_each_once(output)
        assert leaked(output, secrets) == {}
        assert broken(output) == []
        assert sum("[REDACTED]" in line for line in output.lines) >= 600
        if setup in JSON:
            assert [line for line in output.lines if not line.startswith("{")] == []


def test_nothing_that_speaks_when_it_is_rendered_brings_a_secret_into_a_line() -> None:
    for output in outputs("planted_late.py", []):
        assert len(output.planted) >= 47
        assert_each_once(output)
        assert leaked(output, [secret.core for secret in planted.SECRETS]) == {}
        assert broken(output) == []
        for variant, count in output.planted.items():
            redacted = [line for line in output.lines if re.search(rf"<{variant} \d", line) and "[REDACTED" in line]
            assert (variant, len(redacted)) == (variant, count)
