# SPDX-License-Identifier: Apache-2.0
"""Tell in what a run with us differs from a bare one, and whether we saw what happened."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from typing import Final

from world.application import Application
from world.running import Answer, Outcome

_SLOWER_END_SECONDS: Final = 3.5
"""The deadline of the end, 3 s, and half a second for a machine that does other things."""
_REQUESTS: Final = "http_server_request_duration_seconds_count"
_LEVELS: Final = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "I", "W", "E"})
_FAULT: Final = re.compile(r"internal fault in|is off: ")


def differences(application: Application, bare: Outcome, ours: Outcome) -> list[str]:
    """Return one sentence for each difference that the application does not explain."""
    found = [
        *_answers(application, bare, ours),
        *_end(application, bare, ours),
        *_files(application, bare, ours),
        *_lines(application, bare, ours),
        *_telemetry(application, ours, _has_access_lines(bare)),
    ]
    return [text for text in found if not any(re.search(pattern, text) for pattern in application.explained)]


def _answers(application: Application, bare: Outcome, ours: Outcome) -> Iterator[str]:
    for expected, answer in zip(bare.answers, ours.answers, strict=True):
        if (expected.status, expected.kind) != (answer.status, answer.kind):
            yield f"{answer.call}: {answer.status} {answer.kind}, bare {expected.status} {expected.kind}"
        elif _body(application, expected) != _body(application, answer):
            yield f"{answer.call}: body {_first_difference(_body(application, expected), _body(application, answer))}"
        if missing := expected.headers - answer.headers:
            yield f"{answer.call}: without the headers {sorted(missing)}"


def _body(application: Application, answer: Answer) -> str:
    return application.steady(answer.body)


def _first_difference(bare: str, ours: str) -> str:
    at = next((i for i, (one, other) in enumerate(zip(bare, ours, strict=False)) if one != other), 0)
    return f"differs at {at}: {bare[at : at + 60]!r} became {ours[at : at + 60]!r}"


def _end(application: Application, bare: Outcome, ours: Outcome) -> Iterator[str]:
    if bare.exit_code != ours.exit_code:
        yield f"exit status {ours.exit_code}, bare {bare.exit_code}"
    if (application.calls or application.done) and ours.seconds > bare.seconds + _SLOWER_END_SECONDS:
        yield f"SIGTERM took {ours.seconds:.1f} s, bare {bare.seconds:.1f} s"


def _files(application: Application, bare: Outcome, ours: Outcome) -> Iterator[str]:
    def names(outcome: Outcome) -> dict[str, str]:
        kept = (name for name in outcome.files if not _ignored(application, name))
        return {application.steady(name): name for name in kept}

    expected, written = names(bare), names(ours)
    for name in sorted(expected.keys() - written.keys()):
        yield f"the file {name} is missing"
    for name in sorted(written.keys() - expected.keys()):
        yield f"the file {name} is new"
    for name in sorted(expected.keys() & written.keys()):
        one = application.steady(bare.files[expected[name]].decode(errors="replace"))
        other = application.steady(ours.files[written[name]].decode(errors="replace"))
        if one != other:
            yield f"the file {name} {_first_difference(one, other)}"


def _ignored(application: Application, name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in application.ignored_files)


def _lines(application: Application, bare: Outcome, ours: Outcome) -> Iterator[str]:
    for number, line in enumerate(ours.stdout, 1):
        if line.startswith('{"timestamp"') and not _is_json(line):
            yield f"line {number} of stdout is no JSON: {line[:80]!r}"
    if not application.calls and not application.done:
        one, other = (application.steady("\n".join(outcome.stdout)) for outcome in (bare, ours))
        if one != other:
            yield f"stdout {_first_difference(one, other)}"
    said = [_words(application.steady(_text(line))) for line in (*ours.stdout, *ours.stderr)]
    text, sets = " ".join(word for words in said for word in words), [frozenset(words) for words in said]
    for words_of in _worth_finding(application, bare):
        endings = (" ".join(words_of[-words:]) for words in (5, 4, 3))  # what stands before is the formatter's
        if not any(ending in text for ending in endings) and not any(words.issuperset(words_of) for words in sets):
            yield f"not said: {' '.join(words_of[-5:])[:100]!r}"


def _worth_finding(application: Application, bare: Outcome) -> Iterator[list[str]]:
    """Yield the words of each of bare's lines but those of the servers' access lines, which our event replaces."""
    for line in (*bare.stdout, *bare.stderr):
        words = _words(application.steady(line))
        if len(words) > 2 and "HTTP/1.1" not in line:
            yield words


def _words(text: str) -> list[str]:
    """Return the words of a text without the names of levels, which every formatter puts somewhere else."""
    return [word for word in re.sub(r"[^\w./]+", " ", text).split() if word.partition("/")[0] not in _LEVELS]


def _text(line: str) -> str:
    try:
        event = json.loads(line)
    except ValueError:
        return line
    return " ".join(str(value) for value in event.values()) if isinstance(event, dict) else line


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _has_access_lines(bare: Outcome) -> bool:
    """Whether the server writes lines about requests: where the application has silenced them, our event is silent, too."""
    return any("HTTP/1.1" in line for line in (*bare.stdout, *bare.stderr))


def _telemetry(application: Application, ours: Outcome, access: bool) -> Iterator[str]:
    for line in (*ours.stdout, *ours.stderr):
        if _FAULT.search(line):
            yield f"a fault of ours: {line[:200]}"
    if not application.calls:
        return
    if ours.page_fault:
        yield ours.page_fault
    if application.counted == "none":
        return
    counted = 0 if ours.page is None else int(ours.page.value(_REQUESTS))
    seen = {"/metrics": counted, "spans": len(ours.server_spans)} | ({"access events": _events(ours)} if access else {})
    for what, number in seen.items():
        enough = number >= ours.requests if application.counted == "at least" else number == ours.requests
        if not enough:
            yield f"{what}: {number} of {ours.requests} requests"


def _events(outcome: Outcome) -> int:
    return sum('"logger":"otel_distro.access"' in line.replace('": "', '":"') for line in outcome.stdout)
