# SPDX-License-Identifier: Apache-2.0
"""Names of fields, headers, query parameters, span attributes: which announce a secret, and how a line spells them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from itertools import count
from typing import Final

from otel_distro.ground.patterns import pattern
from otel_distro.logs.fields import RESERVED


def words(text: str) -> frozenset[str]:
    """Return the words of a text: a list of many is read best as one."""
    return frozenset(text.split())


# Whether a value of this text is a secret under a name; None for names that announce none.
Judge = Callable[[str], bool]

_WORD: Final = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORD: Final = pattern(
    r"apikey|authorization|bearer|cookies?|credentials?|jwt|passcode|passphrase|passwd|password|psk|pw|pwd|secrets?|token"
    r"|keypass|masterauth|requirepass|storepass"
)
# Words that make a secret only together, however they are joined: api_key, apiKey, X-API-Key, APIKEY.
_SECRET_PART: Final = pattern(
    r"(?:api|access|private|secret|signing|encryption|account|master|shared|subscription|license|hmac|jwt|sas)key"
    r"|(?:client|shared)secret|password(?!less)|passwd|passphrase|(?:access|refresh|auth|session|id|csrf|xsrf|bearer)tokens?"
    r"|setcookie|authorization|authcode|codeverifier|clientassertion|samlresponse|functionskey|phpsessid|jsessionid|connectsid"
    r"|aspnetsessionid|laravelsession"
)
# token_count and secret_name say something about a secret and are none.
_ABOUT: Final = pattern(
    r"age|algorithms?|at|backend|behaviou?r|bucket|budget|budgets|cache|changed|chars?|class|cost|counts?|created|directory|domain"
    r"|enabled|disabled|endpoint|errors?|estimate|expiration|expired|expires|expiry|field|file|format|generator|handler|helper"
    r"|hint|ids|in|index|input|invalid|kind|label|latency|length|lifetime|len|limits?|manager|max|message|middleware|min|missing|mode|name"
    r"|names|on|parser|path|pattern|placeholder|policy|position|prefix|present|price|provider|rate|ref|regex|remaining|required"
    r"|reset|rotation|rules?|scheme|scopes?|secure|service|size|source|state|status|stdin|store|strategy|strength|str|suffix|total"
    r"|ttl|type|types|updated|uri|url|urls|usage|used|valid|validator|validators|verified|version|window"
)
# Wherever they stand behind the last word of a secret, it is counted or timed: llm_token_count_prompt, cookie_max_age_seconds.
_MEASURES: Final = pattern(
    r"ages?|budgets?|costs?|counts?|expiration|expires|expiry|latency|length|len|lifetime|limits?|price|rates?|sizes?|total|ttl|usage"
)
# What a token is when it is no credential: of a page, of a text, of a lock.
_OTHER_TOKENS: Final = pattern(
    r"(?:next|page|prev(?:ious)?|continuation|continue|cursor|sync|delta|cancel(?:lation)?|stop|start|end|eos|bos|pad|unk|sep"
    r"|cls|mask|special|first|last|per|fencing|eof|current|next page|unexpected|input|output|prompt|completion|cached|reasoning|each|image|text|audio|num|n|max|min)"
)
_ACCOUNTS: Final = words(
    "admin api app auth basic bind cert database db email ftp http keystore ldap login mail mongo my mysql old new pg postgres"
    " proxy rabbitmq redis root service smtp ssh ssl sudo svc tls truststore user vpn wifi"
)
_UUID: Final = pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OPAQUE: Final = pattern(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w.%+/=~:-]{16,}")
_NOT_SNAKE: Final = pattern(r"[^a-z0-9_]+")
_CAMEL: Final = pattern(r"(?<=[a-z0-9])(?=[A-Z])")
# What says how its neighbour `value` is called.
NAMING: Final = ("name", "key", "field", "header")
_MOST_KEYS: Final = 1024
_LONGEST_KEY: Final = 64
# What a line and an attribute show of a name, and what is searched of it.
MAX_NAME: Final = 256


def names_a_secret(key: str) -> bool:
    """Whether a key of this name holds a secret whatever its value is, in snake_case, camelCase, kebab-case or one word."""
    return judge_of(key) is always


def always(_value: str) -> bool:
    """Judge the value of a name that says enough."""
    return True


def judge_of(key: str) -> Judge | None:
    """Return how a value under this name is judged."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or (len(words) > 1 and _ABOUT.fullmatch(words[-1])):
        return None
    if _is_measured(words):
        return None
    if "token" in words[1:] and _OTHER_TOKENS.fullmatch(words[words.index("token", 1) - 1]):
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "auth" or any(_SECRET_WORD.fullmatch(word) for word in words):
        return always
    joined = "".join(words)
    if joined == "sessionid":  # one word is the name of a cookie; `session_id` may be that of a conversation
        return always if len(words) == 1 else is_opaque
    return always if _SECRET_PART.search(joined) else _by_value(last, before)


def _is_measured(words: list[str]) -> bool:
    """Whether the last thing that a name speaks of is a measure of what came before."""
    for number in range(len(words) - 2, 0, -1):
        if _MEASURES.fullmatch(words[number]):
            return judge_of("_".join(words[number + 1 :])) is None
    return False


def _by_value(last: str, before: str) -> Judge | None:
    """Return the judge of a name that is as often an ordinary one: `pin` of a board, `session` of a database."""
    if last == "pass":
        return always if before in _ACCOUNTS else is_mixed
    if last in {"pin", "otp"}:
        return is_code
    return is_opaque if last in {"session", "sid", "csrf", "xsrf"} else None


def is_mixed(value: str) -> bool:
    """Whether a text has letters and digits, as a password has and a count or a result has not."""
    return len(value) >= 6 and any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and " " not in value


def is_code(value: str) -> bool:
    """Whether a text is a number to be typed in."""
    return value.isdigit() and 4 <= len(value) <= 8


def is_opaque(value: str) -> bool:
    """Whether a text looks drawn by lot; a UUID is what a conversation is called as often as a login."""
    return _OPAQUE.fullmatch(value) is not None and _UUID.fullmatch(value) is None


def distinct(name: str, taken: Container[str]) -> str:
    """Return the name, with a number behind it if it is taken."""
    if name not in taken:
        return name
    return next(free for number in count(2) if (free := f"{name}_{number}") not in taken)


def snake_case(key: str) -> str:
    """Return a key as the contract wants it: `userId` is `user_id`, `http.route` is `http_route`."""
    name = _NOT_SNAKE.sub("_", _CAMEL.sub("_", key).lower()) or "_"
    if name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if name != key and name in RESERVED else name


class Keys(dict[str, tuple[str, "Judge | None"]]):
    """A bounded memory of keys: `keys[key]` is (name in the line, judge of its values), for one look-up.

    Args:
        additions: further secret names, compared without regard to case and to what joins their words.
        searched: returns a name without secrets: what stood in one was put into the wrong place, and its value goes, too.
    """

    def __init__(self, additions: Iterable[str] = (), searched: Callable[[str], str] = str) -> None:
        super().__init__()
        self._searched = searched
        self._additions = frozenset(_plain(name) for name in additions)

    def __missing__(self, key: str) -> tuple[str, Judge | None]:
        name = str(key)[:MAX_NAME]  # mappings may have keys of other types
        shown = self._searched(name)
        told = shown != name or _plain(name) in self._additions
        known = snake_case(shown), always if told else judge_of(name)
        # Names come from strangers too (headers, JSON that is logged): short ones only, and full it starts over.
        if type(key) is str and len(key) <= _LONGEST_KEY:
            if len(self) >= _MOST_KEYS:
                self.clear()
            self[key] = known
        return known


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
