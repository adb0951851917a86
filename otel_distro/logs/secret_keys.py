# SPDX-License-Identifier: Apache-2.0
"""Which names announce a secret: fields, headers, query parameters, span attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORDS: Final = frozenset(
    ["apikey", "authorization", "bearer", "cookie", "cookies", "credential", "credentials", "jwt", "passcode", "passphrase", "passwd", "password", "pw", "pwd", "secret", "secrets", "token"]
)
# Words that make a secret only together, however they are joined: api_key, apiKey, X-API-Key, APIKEY.
_SECRET_PARTS: Final = tuple(
    ["apikey", "accesskey", "privatekey", "secretkey", "signingkey", "encryptionkey", "accountkey", "clientsecret", "sharedsecret", "password", "passwd", "passphrase", "accesstoken", "refreshtoken", "authtoken", "sessiontoken", "idtoken", "csrftoken", "xsrftoken", "bearertoken", "setcookie", "authorization"]
)
# token_count and secret_name say something about a secret and are none.
_ABOUT: Final = frozenset(
    ["age", "budget", "count", "counts", "endpoint", "expiration", "expires", "expiry", "length", "limit", "name", "policy", "present", "remaining", "required", "rotation", "size", "total", "ttl", "type", "uri", "url", "usage", "used", "valid"]
)
_MOST_KEYS: Final = 4096


def names_a_secret(key: str) -> bool:
    """Whether a key of this name holds a secret, in snake_case, camelCase, kebab-case or one word."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _ABOUT:
        return False
    joined = "".join(words)
    return words[-1] == "auth" or not _SECRET_WORDS.isdisjoint(words) or any(part in joined for part in _SECRET_PARTS)


class SecretKeys(dict[str, bool]):
    """A bounded memory of which keys are secret: `keys[name]` costs one dictionary look-up.

    Args:
        additions: further names, compared without regard to case and to what joins their words.
    """

    def __init__(self, additions: Iterable[str] = ()) -> None:
        super().__init__()
        self._additions = frozenset(_plain(name) for name in additions)

    def __missing__(self, key: str) -> bool:
        secret = names_a_secret(key) or _plain(key) in self._additions
        if len(self) < _MOST_KEYS:
            self[key] = secret
        return secret


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
