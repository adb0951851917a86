# SPDX-License-Identifier: Apache-2.0
"""Names of fields, headers, query parameters, span attributes: which announce a secret, and how a line spells them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from otel_distro.logs.fields import RESERVED

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORD: Final = re.compile(
    r"apikey|authorization|bearer|cookies?|credentials?|jwt|passcode|passphrase|passwd|password|pw|pwd|secrets?|token"
)
# Words that make a secret only together, however they are joined: api_key, apiKey, X-API-Key, APIKEY.
_SECRET_PART: Final = re.compile(
    r"(?:api|access|private|secret|signing|encryption|account)key|(?:client|shared)secret|password|passwd|passphrase"
    r"|(?:access|refresh|auth|session|id|csrf|xsrf|bearer)token|setcookie|authorization"
)
# token_count and secret_name say something about a secret and are none.
_ABOUT: Final = re.compile(
    r"age|budget|counts?|directory|endpoint|expiration|expires|expiry|file|length|limit|name|path|policy|present|remaining"
    r"|required|rotation|size|total|ttl|type|uri|url|usage|used|valid"
)
_NOT_SNAKE: Final = re.compile(r"[^a-z0-9_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_KEYS: Final = 4096


def names_a_secret(key: str) -> bool:
    """Whether a key of this name holds a secret, in snake_case, camelCase, kebab-case or one word."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or _ABOUT.fullmatch(words[-1]):
        return False
    if words[-1] == "auth" or any(_SECRET_WORD.fullmatch(word) for word in words):
        return True
    return _SECRET_PART.search("".join(words)) is not None


def snake_case(key: str) -> str:
    """Return a key as the contract wants it: `userId` is `user_id`, `http.route` is `http_route`."""
    name = _NOT_SNAKE.sub("_", _CAMEL.sub("_", key).lower()) or "_"
    if name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if name != key and name in RESERVED else name


class Keys(dict[str, tuple[str, bool]]):
    """A bounded memory of keys: `keys[key]` is (name in the line, whether it holds a secret), for one look-up.

    Args:
        additions: further secret names, compared without regard to case and to what joins their words.
    """

    def __init__(self, additions: Iterable[str] = ()) -> None:
        super().__init__()
        self._additions = frozenset(_plain(name) for name in additions)

    def __missing__(self, key: str) -> tuple[str, bool]:
        name = str(key)  # mappings may have keys of other types
        known = snake_case(name), names_a_secret(name) or _plain(name) in self._additions
        if len(self) < _MOST_KEYS:
            self[key] = known
        return known


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
