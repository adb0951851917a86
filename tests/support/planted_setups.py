# SPDX-License-Identifier: Apache-2.0
"""Secrets by each road into a line, through each of the ways to log that `tools/bench` judges.

A program: `planted_setups.py <set-up> <file of the corpus' texts>`; the last line of standard error says what was planted.
"""

from __future__ import annotations

import enum
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from planted import SECRETS, Secret, spoken

BY_SHAPE = [secret for secret in SECRETS if secret.name == "detail"]
SHALLOW, DEEP = 3, 9


class Speaks:
    """An object that says nothing until it is rendered."""

    def __init__(self, text: str) -> None:
        self._said = text[::-1]

    def __str__(self) -> str:
        return self._said[::-1]

    __repr__ = __str__


class SpeaksOnlyByRepr(Speaks):
    """An object whose text is harmless where its representation is not."""

    def __str__(self) -> str:
        return "harmless"


class SpeaksToStructlog:
    """An object with structlog's own method."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def __structlog__(self) -> dict[str, str]:
        return {self._secret.name: self._secret.text}


class Word(str):
    """A text of the application's own type."""

    __slots__ = ()


class Pair(NamedTuple):
    """What a driver returns."""

    text: str
    number: int


@dataclass
class Said:
    """What a model says."""

    text: str


class FailedError(Exception):
    """An exception that is logged as a value."""


def values(secret: Secret) -> Iterator[Any]:
    """Yield the secret in values of every kind."""
    text = spoken(secret)
    yield from (text, Word(text), text.encode(), bytearray(text.encode()), [text], (text,), {"inner": text}, {text})
    yield from (Pair(text, 1), Said(text), Speaks(text), SpeaksOnlyByRepr(text), FailedError(text))
    if "//" not in text:  # a path would make one slash of them
        yield Path(text)
    yield from (SpeaksToStructlog(secret), [SpeaksToStructlog(secret)], {"inner": [Speaks(text)]})
    yield enum.Enum("Choice", {"TAKEN": text}).TAKEN  # type: ignore[attr-defined]  # made here
    for depth in (SHALLOW, DEEP):
        nested: Any = text
        for _ in range(depth):
            nested = {"inner": [nested]}
        yield nested


class Planting:
    """Names each event, and counts them by road."""

    def __init__(self) -> None:
        self.planted: Counter[str] = Counter()

    def __call__(self, road: str) -> str:
        """Return what an event of a road is called."""
        self.planted[road] += 1
        return f"<{road} {self.planted[road]}>"


def fail(text: str) -> None:
    """Raise what is logged with its traceback."""
    raise FailedError(text)


def by_structlog(event: Planting, corpus: list[str]) -> None:
    """Plant by all roads of structlog."""
    import structlog

    log = structlog.get_logger("items")
    for text in corpus:
        log.info(f"{event('corpus in a message')} {text}")
        log.info(event("corpus in a field"), note=text)
    for secret in SECRETS:
        text = spoken(secret)
        log.info(f"{event('message')} {text}")
        log.info(f"{event('argument')} %s", text)
        log.info(f"{event('speaking argument')} %s", Speaks(text))
        log.info(event("field"), **{secret.name: secret.text})
        log.info(event("number"), **{secret.name: 1})
        log.info(event("nested"), outer={"list": [{secret.name: secret.text}], "a": {"b": {secret.name: secret.text}}})
        log.info(event("pair"), pair=(secret.name, secret.text), headers=[[secret.name, secret.text]])
        log.info(event("named value"), name=secret.name, value=secret.text)
        log.info(event("named header"), header=secret.name, value=secret.text)
        log.info(event("named field"), field=secret.name, value=secret.text)
        log.info(event("own JSON"), body=json.dumps({secret.name: secret.text}))
        for value in values(secret):
            log.info(event("value"), note=value)
        log.bind(**{secret.name: secret.text}).info(event("bound"))
        with structlog.contextvars.bound_contextvars(**{secret.name: secret.text}, note=text):
            log.info(event("context variable"))
        try:
            fail(text)
        except FailedError as error:
            log.exception(event("exception"))
            log.info(event("exception as a value"), error=error)
    for secret in BY_SHAPE:
        log.info(event("key"), **{secret.text: 1})
        log.info(event("nested key"), note={secret.text: 1})
        log.info(event("list of keys"), note=[{"a": [{secret.text: 1}]}])


def by_other_keys(event: Planting, _corpus: list[str]) -> None:
    """Plant below keys that are no texts, which orjson refuses."""
    import structlog

    log = structlog.get_logger("items")
    for secret in SECRETS:
        log.info(event("number as a key"), note={1: spoken(secret), None: [spoken(secret)]})


class Adapter(logging.LoggerAdapter):  # type: ignore[type-arg]  # as applications have it
    """Adds to the message, too."""

    def process(self, msg: Any, kwargs: Any) -> Any:
        """Say the extra fields in front."""
        return f"{msg} {self.extra}", {**kwargs, "extra": self.extra}


def by_the_standard_library(event: Planting, corpus: list[str]) -> None:
    """Plant by all roads of the standard library."""
    log = logging.getLogger("items")
    for text in corpus:
        log.info("%s %s", event("std: corpus as an argument"), text)
        log.info(event("std: corpus in an extra field"), extra={"note": text})
    for secret in SECRETS:
        text = spoken(secret)
        log.info(f"{event('std: message')} {text}")
        log.info("%s %s", event("std: argument"), text)
        log.info("%(event)s %(text)s", {"event": event("std: arguments by name"), "text": text})
        log.info("%s %s", event("std: speaking argument"), Speaks(text))
        log.info("%s %r", event("std: argument that speaks by its representation"), SpeaksOnlyByRepr(text))
        log.info("%s %s", event("std: argument that speaks by its representation only"), SpeaksOnlyByRepr(text))
        log.info(Speaks(f"{event('std: message that speaks')} {text}"))
        log.info({"event": event("std: dictionary"), secret.name: secret.text, "inner": [{secret.name: secret.text}]})
        log.info(event("std: extra"), extra={secret.name: secret.text})
        log.info(event("std: nested extra"), extra={"outer": {"list": [{secret.name: secret.text}]}})
        log.info(event("std: colour"), extra={"color_message": text})
        log.info(event("std: named value"), extra={"key": secret.name, "value": secret.text})
        log.info(event("std: named header"), extra={"header": secret.name, "value": secret.text})
        for value in values(secret):
            log.info(event("std: value"), extra={"note": value})
        Adapter(log, {secret.name: secret.text, "note": text}).info(event("std: adapter"))
        try:
            fail(text)
        except FailedError as error:
            log.exception(event("std: exception"))
            log.info("%s %s %r", event("std: exception as an argument"), error, error)
    for secret in BY_SHAPE:
        log.info(event("std: key"), extra={secret.text: 1})
        log.info(event("std: nested key"), extra={"note": {secret.text: 1}})


def adding(text: str) -> Callable[[Any], None]:
    """Return a patcher that adds a field."""
    return lambda record: record["extra"].update(note=text)


def by_loguru(event: Planting, corpus: list[str]) -> None:
    """Plant by all roads of loguru."""
    from loguru import logger

    for text in corpus:
        logger.info("{} {}", event("corpus as an argument"), text)
        logger.bind(note=text).info(event("corpus, bound"))
    for secret in SECRETS:
        text = spoken(secret)
        logger.info(f"{event('message')} " + text.replace("{", "{{"))
        logger.info("{} {}", event("argument"), text)
        logger.info("{} {text}", event("argument by name"), text=text)
        logger.info("{} {}", event("speaking argument"), Speaks(text))
        logger.info("{} {!r}", event("argument that speaks by its representation"), SpeaksOnlyByRepr(text))
        logger.bind(**{secret.name: secret.text}).info(event("bound"))
        for value in values(secret):
            logger.bind(note=value).info(event("value"))
        with logger.contextualize(**{secret.name: secret.text}, note=text):
            logger.info(event("context"))
        logger.patch(adding(text)).info(event("patched"))
        logger.opt(raw=True).info("{} {}\n", event("raw"), text)
        try:
            fail(text)
        except FailedError:
            logger.exception(event("exception"))


ROADS: dict[str, tuple[Callable[[Planting, list[str]], None], ...]] = {
    "never configured": (by_structlog, by_other_keys, by_the_standard_library),
    "PrintLogger, JSON": (by_structlog, by_other_keys),
    "BytesLogger, orjson": (by_structlog,),
    "ProcessorFormatter": (by_structlog, by_other_keys, by_the_standard_library),
    "python-json-logger": (by_the_standard_library,),
    "plain format": (by_the_standard_library,),
    "loguru": (by_loguru,),
}


def main(setup: str, texts: str) -> None:
    """Plant everything inside a span."""
    from log_setups import SETUPS
    from opentelemetry import trace

    SETUPS[setup]()
    event, corpus = Planting(), json.loads(Path(texts).read_text("utf-8"))
    with trace.get_tracer("planted").start_as_current_span("work"):
        for roads in ROADS[setup]:
            roads(event, corpus)
    print(json.dumps(event.planted), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
