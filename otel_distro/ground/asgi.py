# SPDX-License-Identifier: Apache-2.0
"""The types of ASGI, as applications and servers hand them over.

https://asgi.readthedocs.io/en/latest/specs/main.html#applications
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
