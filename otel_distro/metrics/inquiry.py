# SPDX-License-Identifier: Apache-2.0
"""The application's own code that a scrape asks: callbacks of observable instruments, collectors, gauges' functions.

It may wait for a database as long as it likes, but neither a scrape nor /health nor the end of the process waits with
it. All of it is asked in one thread that lives as long as that takes. What blocks there is left behind with the thread:
the others are asked in another one, and its answer is served once it has come, a scrape late; until then its last one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty
from typing import Any

from otel_distro import diagnostics
from otel_distro.metrics import left_out
from otel_distro.upstream.threads import Signal, SimpleQueue, start

# All that is asked at one time; below what a scrape waits for a worker, lest its other samples be late too.
LIMIT_SECONDS = 0.25
# For those that had to wait behind one that blocked.
_AT_LEAST_SECONDS = 0.05


class Question:
    """One piece of the application's code; `call` must be done when it returns, not leave it to an iterator."""

    def __init__(self, key: Hashable, name: str, call: Callable[[], Any]) -> None:
        self.key = key
        self.name = name
        self.call = call
        self.answer: Any = None
        self.error: Exception | None = None
        self.took_seconds: float | None = None  # None as long as there is no answer

    def ask(self) -> None:
        """Call; an answer or an error is there afterwards."""
        begun = time.monotonic()
        try:
            self.answer = self.call()
        except Exception as error:  # noqa: BLE001 - an application's code may raise anything
            self.error = error
        self.took_seconds = time.monotonic() - begun


class Inquiry:
    """Asks questions within a time limit. Not to be used by two threads at a time."""

    def __init__(self) -> None:
        self._late: dict[Hashable, Question] = {}
        self._answers: dict[Hashable, Any] = {}

    def ask(self, questions: Sequence[Question]) -> list[Any]:
        """Return the answers in order; None for what failed, or has not answered yet."""
        self._ask_in_time([question for question in questions if question.key not in self._late])
        return [self._answer(question) for question in questions]

    def _ask_in_time(self, questions: list[Question]) -> None:
        limit = LIMIT_SECONDS
        while questions:
            begun = time.monotonic()
            rest = _Asking(questions).wait(limit)
            self._late.update({item.key: item for item in questions if item.took_seconds is None and item not in rest})
            if len(rest) == len(questions):  # a machine so busy that the thread has not even begun
                return
            questions, limit = rest, max(_AT_LEAST_SECONDS, limit - (time.monotonic() - begun))

    def _answer(self, question: Question) -> Any:
        asked = self._late.get(question.key, question)
        if asked.took_seconds is None:
            what = f"has not answered within {LIMIT_SECONDS} s: until it does, its last answer is on /metrics, if any"
            left_out.report(question.name, f"is asked of the application's own code, which {what}")
            return self._answers.get(question.key)
        if asked is not question:
            self._ask_again(asked, question)
        if asked.error is not None:
            diagnostics.fault(f"metrics of {question.name}", asked.error)
        self._answers[question.key] = asked.answer
        return asked.answer

    def _ask_again(self, asked: Question, question: Question) -> None:
        """Have the next answer fetched meanwhile, as long as they take so long."""
        del self._late[asked.key]
        if (asked.took_seconds or 0.0) > LIMIT_SECONDS:
            self._late[asked.key] = question
            _Asking([question])


class _Asking:
    """A thread that asks one question after the other, as long as there are any."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self._questions: SimpleQueue[Question] = SimpleQueue()
        for question in questions:
            self._questions.put(question)
        self._done: Signal | None = None
        try:
            self._done = start(self._run, "otel-distro-asking")
        except RuntimeError:  # an interpreter that ends starts no threads
            self._run()

    def wait(self, seconds: float) -> list[Question]:
        """Return, when the time is over, the questions that nobody has begun to ask; the thread gets none of them."""
        if self._done is None or self._done.wait(seconds):
            return []
        return list(self._taken())

    def _run(self) -> None:
        for question in self._taken():
            question.ask()

    def _taken(self) -> Iterator[Question]:
        with suppress(Empty):
            while True:
                yield self._questions.get_nowait()
