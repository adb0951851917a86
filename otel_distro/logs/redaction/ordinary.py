# SPDX-License-Identifier: Apache-2.0
"""What stands behind the name of a secret and is none: states, placeholders, code, numbers, prose.

`password: hunter2` is a secret, `password: too short` is a message. Where both can be meant, texts of the kind that
programs log decide, not what could be written.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from otel_distro.ground.patterns import pattern
from otel_distro.logs.redaction.keys import words

_PLACEHOLDER: Final = pattern(
    r"(?i:none|null|nil|true|false|undefined|nan|n/a|empty|unset|omitted|hidden|masked|secret_redacted|\[?<?(?:redacted|filtered)"
    r">?\]?)|[\W_]+|x+|X+|\$\d{1,3}|[%:@$][a-z_]{1,40}|@[pP]?\d{1,3}|%\(\w{1,40}(?:\)[sdr])?|\$[A-Z][A-Z0-9_]{0,63}|\$?\$?\{[^{}]{0,80}\}?.{0,8}"
    r"|[~^]\d{1,4}\.\d{1,4}\.[\w.*-]{1,24}|\$\([^()]{0,80}\)?|<[^<>]{1,80}>?"
)
# Words that say what has become of something, in any message about it.
_STATES: Final = words(
    "absent active all allow alone already always any anonymous array asynchronous available bad basic bearer blank boolean"
    " bytes cannot cleartext comma correct corrupt current default deny digest dict different do does done eof eol equal"
    " error external fail failed failure fine forbidden found from fresh good granted has have here identifier idle"
    " ignore in include incorrect inherit inherited integer internal invalid is it kept kerberos late ldap local login lost"
    " manual malformed match matches mismatch must negotiate never new newline no none not ntlm null number object off ok okay"
    " old on online only open opaque optional or pass passed pending permanent plain present private public ready refresh"
    " rejected required reset role safe same saml sent session set short should skip skipped sso stale static strict string"
    " strong success successful system temporary the this to too trust type unavailable unauthorized unknown unsafe unset"
    " up user valid visible was weak will with without wrong yes"
)
_STATE_ENDINGS: Final = pattern(
    r"[a-z]{2,}(?:ed|ing|able|ible|less|ful|ically|ally|tion|ory|ive|ous|ent|wn|id|ry|sent|own)"
)
_PROSE_BEGINNING: Final = words(
    "a an and argument as at be before both by can cannot did does enter ensure every field flag for has have if in input instead is"
    " it its length long may might must no not of on only option or parameter please prompt required should string than"
    " that the then there these this to too use using value was when which while will with you your"
)
_ALGORITHM: Final = pattern(
    r"(?:[hrep]s(?:256|384|512)|sha-?\d{1,3}|md[45]|argon2i?d?|bcrypt|scrypt|pbkdf2[\w-]{0,20}|oauth[12]?|openid|oidc|jwt|jws|jwe"
    r"|base64|hex|utf-?8|tls(?:v?1[.\d]{0,4})?|mtls|x\.?509|ed25519|rsa(?:-?\d{4})?|aes-?\w{0,16}|scram-sha-\d{1,3}(?:-plus)?"
    r"|aws4?|sigv4|gssapi|ip|iam|api_?key|bearer|same-origin|x-www-form-urlencoded)",
    re.IGNORECASE,
)
_CODE: Final = pattern(
    r"\((?:[A-Z]{3,}\Z|[A-Za-z_]\w*\()|(?:await|yield|new|not|lambda)\Z|(?:self|cls|os|settings|config|conf|cfg|request|req|response|args|opts|options|kwargs|ctx|app|env|environ|process|this"
    r"|data|form|params|user|event|payload|values|credentials)\.[A-Za-z_][\w.]*|[A-Za-z_]+(?:\.[A-Za-z_]+)*[(\[].*"
    r"|(?:typing\.)?(?:str|bytes|int|bool|string|bytearray|Optional|Union|Any|Secret(?:Str|Bytes)|Callable|Literal|List|Dict)\b.*"
)
_WORDS: Final = pattern(r"[A-Za-z][a-z]*(?:['\u2019_./-][A-Za-z][a-z]*)*|[A-Z]+(?:_[A-Z]+)*")
_PATH: Final = pattern(r"(?:~|\.{1,2}|[A-Za-z]:)?[\\/]?(?:[a-z0-9._-]{1,40}[\\/]){1,20}[a-z0-9._-]{0,60}")
_QUANTITY: Final = pattern(
    r"v?\d{1,3}(?:[.,:/-]\d{1,4}){0,8}(?:ms|us|ns|s|m|h|d|kb|mb|gb|kib|mib|%|x|th|st|nd|rd)?|\d{4}-\d\d-\d\d\S{0,24}",
    re.IGNORECASE,
)
_MORE_PROSE: Final = pattern(
    r"(?:[ \t]\"[\w.-]{1,64}\")?[ \t,;\u2013\u2014(-]{1,4}[A-Za-z][\w'\u2019-]{0,40}(?![\w.-]|['\"]?\s{0,2}[:=])"
)
_SPECIAL: Final = pattern(r"\b(?:bos|eos|pad|unk|sep|cls|mask|eot|special|next) \Z", re.IGNORECASE)
_DIGIT: Final = pattern(r"\d")
# Their values are words more often than secrets: `auth: ldap`, `cookies: accepted`.
_SPOKEN_OF: Final = frozenset(("auth", "authorization", "cookie", "cookies", "credential", "credentials", "session"))
_WORKING_DIRECTORY: Final = frozenset(("pwd", "oldpwd"))
_END_OF_SENTENCE: Final = ".:!?…"


class Named(NamedTuple):
    """A value and what stands around it.

    Attributes:
        name: what it is called, in lower case.
        value: the value, without quotes.
        quoted: whether it stood in quotes.
        spoken: whether a colon or a blank stood between, as in prose, rather than an equals sign.
        before: the text before the name.
        before_value: the text between name and value.
        after: the text after the value.
    """

    name: str
    value: str
    quoted: bool
    spoken: bool
    before: str
    before_value: str
    after: str


def is_ordinary(named: Named) -> bool:
    """Whether the value is none that anybody would keep secret."""
    value = named.value
    if not value or _PLACEHOLDER.fullmatch(value) is not None:
        return True
    if named.quoted:
        return _is_syntax(named)
    word = value.rstrip(_END_OF_SENTENCE)
    return (
        _ALGORITHM.fullmatch(word) is not None
        or _CODE.match(value) is not None
        or _repeats(named.name, word)
        or _is_place(named.name, word)
        or (word.isdigit() and len(word) < 7 and _SPECIAL.search(named.before) is not None)
        or (_is_prose(named, word) if named.spoken else _is_state(named, word))
    )


def _is_syntax(named: Named) -> bool:
    """Whether a parser speaks of a token of its own: `unexpected token: 'EOF'`, `Token('NAME', 'foo')`."""
    if named.before_value.startswith("(") and named.after[1:2] == ",":
        return named.value.isalpha() and (named.value.isupper() or named.value.islower())
    return _after_unexpected(named.before) and _DIGIT.search(named.value) is None


def _after_unexpected(before: str) -> bool:
    return (
        before.rstrip().lower().endswith(("unexpected", "illegal", "expected", "unknown", "missing", "next", "current"))
    )


def _repeats(name: str, word: str) -> bool:
    """Whether the value only says the name again: `password=password`, `token=self.token`, `--api-key KEY`."""
    plain = name.rpartition(".")[2].replace("-", "_").strip("_")
    parts = [part.strip("_") for part in word.lower().split(".")[:4]]
    return any(part and f"_{plain}".endswith((f"_{part}", f"_{part.rstrip('s') or part}")) for part in parts)


def _is_place(name: str, word: str) -> bool:
    if word.startswith(("http://", "https://", "file://")):
        return True
    if name in _WORKING_DIRECTORY and word[:1] in "/~.\\" + ("" if word[1:2] != ":" else word[0]):
        return True
    return _PATH.fullmatch(word) is not None and (word[:1] in "/~." or "." in word.rpartition("/")[2])


def _is_state(named: Named, word: str) -> bool:
    lowered = word.lower()
    if named.before_value.rstrip().endswith("=="):  # a comparison in code
        return True
    # `auth=google`, `credentials=omit`, `secrets=3`
    spoken_of = last_word(named.name) in _SPOKEN_OF and _WORDS.fullmatch(word) is not None and len(word) < 12
    return lowered in _STATES or spoken_of or (named.name.endswith("s") and word.isdigit() and len(word) < 4)


def _is_prose(named: Named, word: str) -> bool:
    if _QUANTITY.fullmatch(word) is not None and (len(word) <= 3 or not word.isdigit()):
        return True
    goes_on = _MORE_PROSE.match(named.after) is not None
    if word.isdigit():
        return goes_on
    return _WORDS.fullmatch(word) is not None and (
        goes_on
        or word.lower() in _STATES
        or word.lower() in _PROSE_BEGINNING
        or _STATE_ENDINGS.fullmatch(word.lower()) is not None
        or _after_unexpected(named.before)
        or (len(word) < 16 and last_word(named.name) in _SPOKEN_OF)
        or (
            last_word(named.name) in SPOKEN_OF_OR_NAMED
            and (word.isupper() or (word.islower() and any(mark in word for mark in "-/.")))
        )
    )


# Kubernetes and parsers call things so: `secret: shop/api-tls`, `token: EOF`.
SPOKEN_OF_OR_NAMED: Final = _SPOKEN_OF | {"secret", "secrets", "token", "key"}


def last_word(name: str) -> str:
    """Return the last word of a name in snake or kebab case."""
    return name.replace("-", "_").rpartition("_")[2]
