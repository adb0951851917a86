# SPDX-License-Identifier: Apache-2.0
"""No memory of ours is filled, or spoilt for good, by words that a stranger chooses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from otel_distro.ground.bounded import short_cache
from otel_distro.http.server.arrivals import Arrivals
from otel_distro.http.server.endings import Endings
from otel_distro.http.server.metrics import OutcomeSeries, ServerMetrics
from otel_distro.logs.access.line import AccessLines
from otel_distro.logs.emit import Emitter
from otel_distro.logs.export import exporting
from otel_distro.logs.redaction import redact
from otel_distro.logs.redaction.in_place import flat_fields, redact_in_place
from otel_distro.logs.redaction.keys import Keys
from otel_distro.logs.sampling import Sampler
from otel_distro.otlp.encode_attributes import AttributesEncoder
from otel_distro.settings.model import ServiceSettings, Settings
from otel_distro.tracing.redaction import Redaction

_MOST_ENTRIES = 4096
_MOST_BYTES = 6 * 2**20


class Memory(NamedTuple):
    """Something of ours that remembers: how it is told a word, and what it holds."""

    tell: Callable[[str], object]
    held: Callable[[], list[Any]]


def _keys() -> Memory:
    keys = Keys()
    return Memory(lambda word: keys[word], lambda: [keys])


def _texts() -> Memory:
    policy = redact.Policy

    def tell(word: str) -> None:
        redact.redact_text(f"/{word}=1 password_{word}=x")
        redact_in_place({f"field {word}": 1})
        flat_fields({f"field {word}": 1})

    return Memory(tell, lambda: [policy.keys, policy.names, policy.clean, policy.quiet, policy.named])


def _attribute_keys() -> Memory:
    redaction = Redaction(lambda _key, value: value)
    return Memory(lambda word: redaction.value(word, 1), lambda: [redaction._clean])


def _attribute_values() -> Memory:
    redaction = Redaction(lambda _key, value: value)
    return Memory(lambda word: redaction.value("key", word), lambda: [redaction._clean])


def _encoded() -> Memory:
    encoder = AttributesEncoder(b"\x4a")

    def tell(word: str) -> None:
        encoder.encode({word: 1})
        encoder.encode({f"flag {word}": True})
        encoder.encode({f"part {word}": 0.5})
        encoder.encode({"one": word})

    held = ("_pairs", "_values_per_key", "_flags", "_text_heads", "_number_heads", "_float_heads")
    return Memory(tell, lambda: [getattr(encoder, name) for name in held])


def _sampled() -> Memory:
    sampler = Sampler({"*": 10})
    return Memory(lambda word: sampler.left_out("info", word, word), lambda: [sampler._loggers, sampler._seen])


def _exported() -> Memory:
    export: Any = exporting(lambda _scope, _record: True)
    scopes = export.__closure__[0].cell_contents
    return Memory(lambda word: scopes[word], lambda: [scopes])


def _access() -> Memory:
    lines = AccessLines(Emitter(Settings(service=ServiceSettings(name="unit"))), "access")

    def tell(word: str) -> None:
        _ = lines._parts[word, "/x", 200], lines._parts["GET", word, 200], lines._plain[word]

    return Memory(tell, lambda: [lines._parts, lines._plain])


def _arrivals() -> Memory:
    arrivals = Arrivals()

    def tell(word: str) -> None:
        scope = {
            "type": "http",
            "method": word,
            "scheme": word,
            "root_path": word,
            "http_version": word,
            "server": None,
        }
        arrivals.of(scope, {b"host": word.encode(), b"user-agent": word.encode()})
        arrivals.of({**scope, "root_path": ""}, {b"user-agent": word.encode()})

    return Memory(tell, lambda: [arrivals._kept, arrivals._in_flight])


def _outcomes() -> Memory:
    metrics = ServerMetrics(MeterProvider().get_meter("unit"))
    endings, sizes = Endings(metrics), OutcomeSeries(metrics._duration)

    def tell(word: str) -> None:
        outcome = ("GET", "http", "1.1", "/x", 500, word[:64])  # the name of an exception
        _ = endings[outcome], sizes[outcome]

    return Memory(tell, lambda: [endings, sizes])


MEMORIES = (
    _keys,
    _texts,
    _attribute_keys,
    _attribute_values,
    _encoded,
    _sampled,
    _exported,
    _access,
    _arrivals,
    _outcomes,
)


def _bytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_bytes(key) + _bytes(item) for key, item in value.items())
    if isinstance(value, (set, tuple)):
        return sum(map(_bytes, value))
    return sys.getsizeof(value)


def _flood(memory: Memory, count: int, length: int) -> None:
    for number in range(count):
        memory.tell(f"{number:x}".rjust(length, "w"))


@pytest.mark.parametrize("make", MEMORIES)
@pytest.mark.parametrize(("count", "length"), [(9_000, 8), (300, 60_000)], ids=["many", "long"])
def test_a_flood_of_words_is_not_kept(make, count, length):
    memory = make()
    _flood(memory, count, length)
    assert all(len(held) <= _MOST_ENTRIES for held in memory.held())
    assert sum(map(_bytes, memory.held())) < _MOST_BYTES


@pytest.mark.parametrize("make", MEMORIES)
def test_what_comes_after_a_flood_is_remembered_as_before(make):
    """A word that comes again is found again, so the memory has not been spoilt: it grows by nothing the second time."""
    memory = make()
    _flood(memory, 9_000, 8)
    memory.tell("first after")
    sizes = [len(held) for held in memory.held()]
    memory.tell("first after")
    assert [len(held) for held in memory.held()] == sizes
    assert any(_holds(held, "first after") for held in memory.held())


def _holds(held: Any, word: str) -> bool:
    return any(word in str(key) or key == hash((word, word)) for key in held)


def test_results_for_long_texts_are_not_kept():
    calls = []

    @short_cache(8, longest=10)
    def measured(*words: object) -> int:
        calls.append(words)
        return len(str(words))

    for words in [("short",), ("much too long",), (("in", "a tuple", "it counts"),), (1, "short")]:
        assert measured(*words) == measured(*words)
    assert [len([call for call in calls if call == words]) for words in dict.fromkeys(calls)] == [1, 2, 2, 1]
