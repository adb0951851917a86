# SPDX-License-Identifier: Apache-2.0
"""No text makes redaction take more than proportional time, and each pattern alone neither.

Growth is measured in CPU time of this process, twice the text against once. `REDACTION_BYTES=1048576` runs the same with
texts of up to 1 MiB.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import BuiltinMethodType, ModuleType

import pytest

from otel_distro.ground.patterns import Pattern
from otel_distro.logs.redaction import issuers, json_text, keys, named_values, ordinary, redact, spoken
from otel_distro.logs.redaction import shapes as secret_shapes
from otel_distro.logs.redaction.shapes import redact_shapes

BYTES = int(os.environ.get("REDACTION_BYTES", "16384"))
MODULES = (issuers, json_text, keys, named_values, ordinary, redact, secret_shapes, spoken)
# What begins a match, or nearly is one, again and again.
UNITS = (
    "x", "a ", "1=", "a=", "a:", "a.b-c", "é", "İ", " ", "\n", "\t", '"', "'", "`", "\\", '\\"', "\\\\", "[", "{", "<", "--", "@",
    "eyJ-", "eyJ", "eyJaaaaaa.", "sk-", "sk_live_", "ghp_", "AKIA", "xoxb-", "M.", "SG.a", "dp.pt.", "pat", "EAA", "hvs.", "sl.",
    ":AA", "12345678:AA", "-us", "Q~", "aQ~1Q~", ".atlasv1.", "0123456789abcdef", "hooks.slack.com/", "webhook.office.com/",
    "://a:", "://a:b", "://", "a:b@", "a:bcd@e", "a:b@c:", ":thin:a/", "bearer ", "bearer x", "basic ", "negotiate a.",
    "token=", "token:", "token: ", "token =", "token  ", "token ", "pass", "password=", "password: a ", 'password="a', "password='",
    'password=\\"', "password: |\n a\n", "password=${", "password={", "token=[", "token={", 'token=["', "token\\", "token.", "..token",
    "token%3D", "%3d", "('token', '", '("token",', "name: token, value ", "token,value", '"value":', "secretstr('", "<token", "<pin>",
    "<password>", "cookie:", "cookie: a=", "authorization: ", "authorization: digest a=", "auth: ", "session=", "pin=1", "sid=a1",
    "expected token: a", "--token ", "--token --", "-p ", "mysql -p", "curl -u a:", "redis-cli -a ", "login -p a", "identified by '",
    "&sig=", "?code=", "&key=a", "?x-amz-", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----a ",
    "vault login ", "vault login a1", "net use ", "net use \\\\a ", "net user a ", "sqlplus a/", "htpasswd -b a ", "rabbitmqctl add_user a ",
    "mysqladmin ", "mysqladmin password ", "lftp -u a,", "basicauth('", "basicauth('a', ", "auth=('a'", "pscredential('", "password is ", "openssl ", "your code is ", "identified by ",
    "identified with a ", "set password for ", "token a1", "apikey a1B2", "token(value=", "[REDACTED", "token=[REDACTED]", '{"token":', '{"a":', "\\u0041",
)  # fmt: skip


def _texts(unit: str, size: int) -> Iterator[str]:
    """Yield the unit repeated: bare, with what every step waits for behind it, and as a value in JSON."""
    text = (unit * (size // len(unit) + 1))[:size]
    yield text
    yield text + '@ =?&PRIVATE KEY bearer mysql -p token="'
    yield '{"a":"' + text.replace("\\", "").replace('"', "'").replace("\n", " ").replace("\t", " ") + '"}'


def _seconds(search: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    search(text)
    return time.process_time() - started


def _growth(search: Callable[[str], object], once: str, twice: str) -> float:
    """Return how much longer the longer text takes; the best of several, so that noise does not count."""
    best = 9e9
    for _ in range(4):
        short, long = _seconds(search, once), _seconds(search, twice)
        best = min(best, long / short if long > 0.002 else 0.0)
        if best < 3:
            break
    return best


@pytest.mark.parametrize("unit", UNITS)
def test_all_together_take_time_in_proportion_to_the_text(unit):
    pairs = zip(_texts(unit, BYTES // 2), _texts(unit, BYTES), strict=True)
    assert [growth for once, twice in pairs if (growth := _growth(redact_shapes, once, twice)) >= 3] == []


def _patterns() -> Iterator[tuple[str, Pattern]]:
    for module in MODULES:
        yield from _patterns_of(module)


def _patterns_of(module: ModuleType) -> Iterator[tuple[str, Pattern]]:
    name = module.__name__.rpartition(".")[2]
    for each, value in vars(module).items():
        values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        for found in values:
            pattern = found[1] if isinstance(found, tuple) and len(found) == 2 else found
            pattern = pattern.__self__ if isinstance(pattern, BuiltinMethodType) else pattern  # a bound `fullmatch`
            if isinstance(pattern, (Pattern, re.Pattern)):
                yield f"{name}.{each}", pattern
    yield from ((f"{name}.Shapes", secret_shapes._DEFAULT._mentions),) * (module is secret_shapes)
    yield from ((f"{name}.NamedValues", secret_shapes._DEFAULT._named._found),) * (module is named_values)


PATTERNS = tuple(_patterns())


def test_every_pattern_of_redaction_is_among_those_that_are_tried():
    assert len(PATTERNS) >= 45
    assert {name.partition(".")[0] for name, _ in PATTERNS} == {
        module.__name__.rpartition(".")[2] for module in MODULES
    }


# These are searched for in a whole text; the others are held against what begins where another one ended.
SEARCHED = {
    "issuers": ("_ISSUED", "_OTHERS", "_UNLIKELY_RUN"),
    "named_values": ("NamedValues", "_QUOTES", "_BRACKETS"),
    "shapes": (
        "Shapes",
        "_PRIVATE_KEY",
        "_SCHEME",
        "_URL_PASSWORD",
        "_URL_USER",
        "_BARE_PASSWORD",
        "_ORACLE",
        "_SIGNED",
        "_QUERY",
        "_OPTION",
        "_COMMAND",
        "_SQL",
    ),
    "keys": ("_WORD", "_SECRET_PART", "_NOT_SNAKE", "_CAMEL"),
}


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_each_pattern_alone_takes_time_in_proportion_to_the_text(name, pattern):
    module, _, each = name.partition(".")

    def search(text: str) -> None:
        if each in SEARCHED.get(module, ()):
            deque(pattern.finditer(text), maxlen=0)
        else:
            pattern.match(text)

    worse = []
    for unit in UNITS:
        once, twice = (next(_texts(unit, size)) for size in (BYTES // 4, BYTES // 2))
        growth = _growth(search, once, twice)
        worse += [(unit, growth)] * (growth >= 3)
    assert worse == []
