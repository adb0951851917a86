# SPDX-License-Identifier: Apache-2.0
"""What a secret looks like inside a text: tokens with a known form, and names followed by a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from otel_distro.logs.keys import names_a_secret

REDACTED: Final = "[REDACTED]"

# Every pattern takes time in proportion to the text: names start where a word starts, what may fail late is bounded.
# Issuers give their keys a prefix so that scanners find them:
# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
_PREFIXED: Final = re.compile(
    r"\b(?:eyJ[\w-]{6,1024}\.[\w-]{6,}(?:\.[\w-]*)*"
    r"|(?:sk|pk|rk)[-_][\w-]{16,}|gh[oprsu]_\w{20,}|github_pat_\w{20,}|gl[a-z]{1,5}-[\w-]{16,}"
    r"|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{12,}|AIza[\w-]{30,}|ya29\.[\w-]{10,}"
    r"|hf_\w{20,}|SG\.[\w-]{10,64}\.[\w-]{10,}|npm_\w{20,}|pypi-[\w-]{16,}|dop_v1_\w{20,}|shp[a-z]{2}_\w{20,}"
    r"|hv[bs]\.[\w-]{16,}|whsec_[\w+/=-]{16,}|AGE-SECRET-KEY-\w{20,})"
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY-----|\Z)", re.DOTALL
)
_SCHEME: Final = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s{1,8})([\w.~+/=-]{4,})", re.IGNORECASE)
_URL_PASSWORD: Final = re.compile(
    r"(?<![\w.+%-])([\w.+%-]{0,64}:)(?!//)[^\s/@:,\"']{1,256}(@[\w\[])|(://[^\s/:@]{0,64}:)[^\s/]{1,512}(@)"
)
# A header's value runs to the end of its line or quotes; other values end where a separator stands.
_HEADER: Final = re.compile(
    r"\b((?:set-)?cookie|(?:proxy-)?authorization)(?!['\"]?\s*[:=]\s*['\"]?\[REDACTED)"
    r"(['\"]?\s{0,8}[:=]\s{0,8}(?:b(?=['\"]))?['\"]?)[^\r\n\"']+",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?<![\w.-])([\w.-]+)\\?['\"]?\s{0,8}(?:=>|[:=])\s{0,8}(?:b(?=['\"]))?")
_VALUE: Final = re.compile(
    r"\\?\"(?:[^\"\\]|\\.){0,4096}\\?\"|'(?:[^'\\]|\\.){0,4096}'|(?!\[REDACTED)[^\s,;&<>\"')\]}]+"
)
_QUERY: Final = re.compile(r"([?&;](?:sig|signature|key|code|auth|hmac|otp|x-amz-[\w-]+)=)[^&\s#\"']+", re.IGNORECASE)

Judge = Callable[[str], bool]


def redact_shapes(text: str, is_secret: Judge = names_a_secret) -> str:
    """Return the text with everything that has the form of a secret replaced; the same object if there is nothing.

    Args:
        text: any text.
        is_secret: whether what follows a name, as in `name=value`, is a secret.
    """
    for suspected, replace in _STEPS:
        if suspected(text):
            text = replace(text)
    return _redact_named(text, is_secret) if "=" in text or ":" in text else text


def _has_at(text: str) -> bool:
    return "@" in text


def _has_assignment(text: str) -> bool:
    return "=" in text or ":" in text


def _has_query(text: str) -> bool:
    return "=" in text and ("?" in text or "&" in text)


def _has_private_key(text: str) -> bool:
    return "PRIVATE KEY" in text


def _redact_scheme(found: re.Match[str]) -> str:
    scheme, gap, value = found.groups()
    # "Basic information" is prose; credentials in base64 have a digit, a capital or padding.
    prose = scheme.lower() != "bearer" and value.isalpha() and value[1:].islower()
    return found.group() if prose else f"{scheme}{gap}{REDACTED}"


def _redact_named(text: str, is_secret: Judge) -> str:
    """Redact the values of secret names; that of any other name may hold one itself: `ValueError: password=x`."""
    parts: list[str] = []
    end = 0
    for name in _NAME.finditer(text):
        if name.start() < end or not is_secret(name[1]):
            continue
        if (value := _VALUE.match(text, name.end())) is not None:
            quote = value[0][0] if value[0][0] in "\"'" and value[0][-1] == value[0][0] else ""
            parts += text[end : value.start()], f"{quote}{REDACTED}{quote}"
            end = value.end()
    return "".join([*parts, text[end:]])


def _redact_url_password(found: re.Match[str]) -> str:
    user, host, url_user, url_host = found.groups()
    return f"{user or url_user}{REDACTED}{host or url_host}"


_STEPS: Final[tuple[tuple[Callable[[str], object], Callable[[str], str]], ...]] = (
    (_has_private_key, lambda text: _PRIVATE_KEY.sub(REDACTED, text)),
    (_PREFIXED.search, lambda text: _PREFIXED.sub(REDACTED, text)),
    (_has_assignment, lambda text: _HEADER.sub(rf"\1\2{REDACTED}", text)),
    (_SCHEME.search, lambda text: _SCHEME.sub(_redact_scheme, text)),
    (_has_at, lambda text: _URL_PASSWORD.sub(_redact_url_password, text)),
    (_has_query, lambda text: _QUERY.sub(rf"\1{REDACTED}", text)),
)
