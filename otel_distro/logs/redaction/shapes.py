# SPDX-License-Identifier: Apache-2.0
"""What a secret looks like inside a text: keys of known issuers, credentials in URLs, names followed by a value.

Most texts have none, so two searches rule that out first: one for the beginnings of keys, one for words that the names
of secrets are made of. Every pattern takes time in proportion to the text: what may fail late is bounded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from typing import Final

from otel_distro.ground.patterns import pattern
from otel_distro.logs.redaction.issuers import any_of, may_hold_issued, redact_issued
from otel_distro.logs.redaction.json_text import is_json, redact_json
from otel_distro.logs.redaction.keys import Judge, judge_of
from otel_distro.logs.redaction.named_values import NamedValues
from otel_distro.logs.redaction.spoken import WORDS, redact_places

REDACTED: Final = "[REDACTED]"

_PRIVATE_KEY: Final = pattern(
    r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\w+/=\s:,.\\()-])*"
    r"(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----)?"
    r"|\A[\w+/=\s\\]{1,8192}-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
)
_SCHEME: Final = pattern(r"\b(Bearer|Basic|Negotiate)([ \t]{1,8})([\w.~+/-]{4,4096}={0,2}(?![\w=]))", re.IGNORECASE)
_URL_PASSWORD: Final = pattern(
    r"(://[^\s/:@\[\]\"'<>?#]{0,128}:)"
    r"(?!\d{1,5}(?:[/?#,;)\s]|\Z)|\$?\{|%[sr(]|\*{3}|\*\*@|\$[A-Z]|\[REDACTED)[^\s/\"'<>]{1,256}(@)"
)
_URL_USER: Final = pattern(r"(://)(?=[^@\d]{0,64}\d)[\w.~%-]{20,256}(@)")
# Without a scheme, as Go's drivers and curl have it; not `to:bob@example.com`, not `api:1.2@sha256:…`.
_BARE_PASSWORD: Final = pattern(
    r"(?<![\w/:.+@-])(?!(?:from|to|cc|bcc|mailto|user|e-?mail|acct|xmpp|sips?|npm|pkg|git|ssh|image|by|for):)"
    r"([A-Za-z_][\w.+-]{0,63}:)(?!//|\[REDACTED|\$?\{)[^\s/@:\"'<>,;]{3,128}"
    r"(@(?:tcp\(|unix\(|(?!sha\d)(?:[A-Za-z][\w.-]{0,128}|\d{1,3}(?:\.\d{1,3}){3}):\d{2,5}(?!\d)|(?!sha\d)[A-Za-z][\w.-]{0,128}/\w))"
)
_ORACLE: Final = pattern(r"(:thin:[^\s/@]{1,64}/)[^\s@/]{1,128}(@)")
_SIGNED: Final = pattern(r"([?&;](?:sig|signature|hmac|x-(?:amz|goog)-[\w-]{1,40})=)[^&\s#\"'\\]+", re.IGNORECASE)
_QUERY: Final = pattern(r"([?&;](?:key|code|auth|otp|ticket|apikey|subscription-key)=)([^&\s#\"'\\]+)", re.IGNORECASE)
_LONG_AND_DRAWN: Final = pattern(r"(?=[^\d]{0,40}\d)[\w.~%+/=-]{16,}")
_OPTION: Final = pattern(r"((?:\A|[\s\"',\[])-(?:[uUawpP]|-user)(?:\"?,?[ \t]{1,4}|=)?[\"']?)([^\s\"',\]\\]{3,256})")
_COMMANDS: Final = {
    "p": pattern(r"(?:mysql|maria|mongo|sshpass|(?:docker|podman|helm|oras|skopeo|buildah|nerdctl|az|oc|cf|npm)\b.{0,80}?\blogin\b|7z|7za)"),
    "P": pattern(r"\b(?:unzip|zip|sqlcmd|bcp|isql)\b"),
    "u": pattern(r"\b(?:curl|http|https|wget|hey|ab|xh)\b"),
    "U": pattern(r"\b(?:curl|smbclient|rpcclient)\b"),
    "a": pattern(r"\b(?:redis-cli|http|https|xh|redli)\b"),
    "w": pattern(r"\b(?:ldap\w{2,10})\b"),
}  # fmt: skip
_COMMAND_WORDS: Final = (
    "mysql",
    "maria",
    "mongo",
    "sshpass",
    "login",
    "7z",
    "zip",
    "sqlcmd",
    "curl",
    "smbclient",
    "rpcclient",
    "wget",
    "redis-cli",
    "ldap",
    "http -a",
    "https -a",
    "xh -a",
)
_COMMAND: Final = pattern(lambda: any_of(_COMMAND_WORDS))
# What the steps below look for, in lower case; `://` and `@` stand for credentials in URLs.
_WORDS: Final = (
    "basic",
    "negotiate",
    "sig=",
    "signature=",
    "hmac=",
    "x-amz-",
    "x-goog-",
    "key=",
    "code=",
    "ticket=",
)
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Shapes:
    """Searches texts for secrets.

    Args:
        judge: returns how the values of a name are judged; None for names that announce no secret.
        additions: names of secrets beside those that everybody uses.
    """

    def __init__(self, judge: Callable[[str], Judge | None] = judge_of, additions: Iterable[str] = ()) -> None:
        self._judge = judge
        self._named = NamedValues(judge, additions)
        self._mentions = pattern(lambda: any_of([*_WORDS, *_COMMAND_WORDS, *WORDS, *self._named.words]))

    def redacted(self, text: str) -> str:
        """Return the text with everything that has the form of a secret replaced; the same object if there is nothing."""
        lowered = text.lower()
        if len(lowered) != len(text):  # some letters are two in lower case
            lowered = text.translate(_ASCII_LOWER)
        mentions = self._mentions.search(lowered) is not None
        holds = may_hold_issued(text) or "@" in text or "PRIVATE KEY" in text
        if (text[:1] in {"{", "["} or text[:1].isspace()) and (mentions or holds or "\\u00" in text) and is_json(text):
            return redact_json(text, self._judge, self.redacted, REDACTED)
        if not (mentions or holds):  # most texts
            return text
        issued = redact_issued(text, REDACTED)
        if "PRIVATE KEY" in issued:
            issued = _PRIVATE_KEY.sub(REDACTED, issued)
        if "@" in issued:
            issued = _redact_urls(issued)
        if not mentions:
            return issued
        if issued is not text:
            lowered = issued.translate(_ASCII_LOWER)
        redacted = self._named.redacted(issued, lowered, REDACTED)
        return _redact_spoken(redacted, lowered)


def redact_shapes(text: str) -> str:
    """Return the text without secrets, by the names that everybody uses."""
    return _DEFAULT.redacted(text)


def _redact_urls(text: str) -> str:
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1{REDACTED}\2", text)
        text = _URL_USER.sub(rf"\1{REDACTED}\2", text)
    if ":thin:" in text:
        text = _ORACLE.sub(rf"\1{REDACTED}\2", text)
    return _BARE_PASSWORD.sub(rf"\1{REDACTED}\2", text) if ":" in text else text


def _redact_spoken(text: str, lowered: str) -> str:
    """Redact what follows a scheme of authorization, a parameter of a query, an option of a command."""
    if "bearer" in lowered or "basic" in lowered or "negotiate" in lowered:
        text = _SCHEME.sub(_redact_scheme, text)
    if "=" in text and ("?" in text or "&" in text):
        text = _QUERY.sub(_redact_parameter, _SIGNED.sub(rf"\1{REDACTED}", text))
    if "-" in text and _COMMAND.search(lowered) is not None:
        text = _OPTION.sub(_redact_option, text)
    return redact_places(text, lowered, REDACTED)


def _redact_scheme(found: re.Match[str]) -> str:
    scheme, gap, value = found.groups()
    credentials = _is_basic(value) if scheme.lower() == "basic" else _is_opaque(value)
    return f"{scheme}{gap}{REDACTED}" if credentials else found[0]


def _is_basic(value: str) -> bool:
    """Whether this is base64 of `user:password`, and not `Basic information`."""
    try:
        return b":" in base64.b64decode(value[:1024] + "=" * (-len(value[:1024]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_opaque(value: str) -> bool:
    """Whether this is a credential, and not `Bearer token missing`."""
    inner = value.rstrip(".=")
    if any(map(str.isdigit, inner)) or any(mark in inner for mark in "._/+~") or len(inner) >= 20:
        return True
    return not (inner.islower() or inner.isupper() or inner.istitle() or "-" in inner)


def _redact_parameter(found: re.Match[str]) -> str:
    """Redact an ambiguous parameter if its value is long and drawn, or if it is the code of OAuth, which has a state."""
    name, value = found.groups()
    around = found.string[max(found.start() - 256, 0) : found.end() + 256]
    oauth = "code=" in name.lower() and "state=" in around
    return f"{name}{REDACTED}" if oauth or _LONG_AND_DRAWN.fullmatch(value) is not None else found[0]


def _redact_option(found: re.Match[str]) -> str:
    before, value = found.groups()
    option = before.partition("-")[2].lstrip("-")[:1]
    if _COMMANDS[option].search(found.string, max(found.start() - 120, 0), found.start() + 1) is None:
        return found[0]
    if option in "uU" or (option == "a" and ":" in value):
        user, colon, password = value.partition(":" if ":" in value else "%")
        known = not colon or password.startswith(("[REDACTED", "$", "//"))
        return found[0] if known else f"{before}{user}{colon}{REDACTED}"
    return (
        found[0]
        if value.startswith(("[REDACTED", "$", "-")) or (value.isdigit() and len(value) < 6)
        else f"{before}{REDACTED}"
    )


_DEFAULT: Final = Shapes()
