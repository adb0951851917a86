# SPDX-License-Identifier: Apache-2.0
"""Secrets whose place alone tells: the second argument of a call, the third word of a command.

Each is a pattern of one or two groups around the secret, and a word without which it is not looked for.
"""

from __future__ import annotations

import re
from typing import Final

from otel_distro.ground.patterns import pattern

# Behind no more than a blank only what nobody would write in prose: letters and digits in a mix, and no `word-12`.
_DRAWN: Final = (
    r"(?=[^\s\d]{0,64}\d)(?=[^\sA-Za-z]{0,64}[A-Za-z])(?=[^\s-]{0,256}(?:[\s,;)'\"]|\Z)|[^\sA-Z]{0,256}[A-Z])(?![A-Za-z]{1,64}[_-]?\d{1,6}(?:[\s,;)'\"]|\Z)|v?\d{1,64}\w{0,2}(?:[\s,;)'\"]|\Z))"
    r"[\w!$#%^&*+~-]{8,256}(?=[\s,;)'\"]|\Z)"
)
_PLACES: Final = (
    # the command, then options and names, then the secret
    ("vault login", r"(\bvault login\s{1,4}(?:token=)?)(?=\S{0,64}[\d.])[^\s\"'=<$-][^\s\"'=]{3,256}()"),
    ("net use", r"(\bnet use\s{1,4}(?:\S{1,4}\s{1,4})?\\\\\S{1,256}\s{1,4}(?:/user:\S{1,128}\s{1,4})?)(?![/*])\S{3,128}()"),
    ("net user", r"(\bnet user\s{1,4}[\w.-]{1,64}\s{1,4})(?![/*])\S{3,128}(\s{1,4}/\w)"),
    ("sqlplus", r"(\bsqlplus\s{1,4}(?:-\w\s{1,4})?[\w.]{1,64}/)[^\s@\"']{3,128}(@)"),
    ("htpasswd", r"(\bhtpasswd\s{1,4}-\w{0,6}b\w{0,6}\s{1,4}\S{1,128}\s{1,4}\S{1,64}\s{1,4})\S{3,128}()"),
    ("rabbitmqctl", r"(\brabbitmqctl\s{1,4}(?:add_user|change_password)\s{1,4}\S{1,64}\s{1,4})\S{3,128}()"),
    ("mysqladmin", r"(\bmysqladmin\b[^\n]{0,128}?\spassword\s{1,4}[\"']?)[^\s\"'-][^\s\"']{2,128}()"),
    ("openssl ", r"(\bopenssl\b[^\n]{0,128}?\s-k\s{1,4})[^\s-]\S{2,128}()"),
    ("lftp", r"(\blftp\s{1,4}-u\s{1,4}[\w.-]{1,64},)\S{3,128}()"),
    # the second argument of what takes a name and a password
    ("basicauth(", r"(basicauth\(\s?b?[\"'][^\"']{0,128}[\"'],\s{0,4}b?[\"'])[^\"'*]{1,256}()"),
    ("digestauth(", r"(digestauth\(\s?b?[\"'][^\"']{0,128}[\"'],\s{0,4}b?[\"'])[^\"'*]{1,256}()"),
    ("auth=(", r"(\bauth=\(\s?b?[\"'][^\"']{0,128}[\"'],\s{0,4}b?[\"'])[^\"'*]{1,256}()"),
    ("credential(", r"(\bpscredential\(\s?[\"'][^\"']{0,128}[\"'],\s{0,4}[\"'])[^\"'*]{1,256}()"),
    ("securestring", r"(\bconvertto-securestring\s{1,4}(?:-string\s{1,4})?[\"'])[^\"'$*]{1,256}()"),
    (" code", r"(\b(?:verification|one-time|security|login|confirmation|your) code(?: is|:)\s{1,4})\d{4,8}((?!\d))"),
    ("api key ", rf"(\bapi key ){_DRAWN}()"),
    ("password is ", rf"(\bpassword is ){_DRAWN}()"),
    # SQL
    ("identified ", r"(\bidentified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?by\s{1,4}(?:password\s{1,4})?['\"])[^'\"]{1,256}()"),
    ("identified by ", rf"(\bidentified by ){_DRAWN}()"),
    ("password for ", r"(\bset password for\s{1,4}\S{1,128}\s{0,4}=\s{0,4}['\"])[^'\"*]{1,256}()"),
)  # fmt: skip
WORDS: Final = tuple(word for word, _ in _PLACES)
_DRAWN_WORD: Final = pattern(_DRAWN)
_SEARCHED: Final = tuple((word, pattern(text, re.IGNORECASE)) for word, text in _PLACES)


def redact_places(text: str, lowered: str, marker: str) -> str:
    """Return the text without the secrets that commands and calls take by position."""
    for word, place in _SEARCHED:
        if word in lowered:
            text = place.sub(rf"\1{marker}\2", text)
    return text


def is_drawn(text: str, position: int) -> bool:
    """Whether a word that looks drawn by lot begins here."""
    return _DRAWN_WORD.match(text, position) is not None
