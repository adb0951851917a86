# SPDX-License-Identifier: Apache-2.0
"""What the owner of the admin port leaves in the environment for its children."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from otel_distro.ground.frozen import dataclass
from otel_distro.settings.model import Settings

_VERSION, _FIELDS = "2", 4


@dataclass(frozen=True)
class Handshake:
    """Where the owner is, and how a process knows that it is meant.

    Attributes:
        pid: The owner's.
        socket: Name of its abstract Unix socket. Every process of the network namespace can list such names.
        token: So a secret goes with it, which only readers of the environment know. Nobody is told it: a member proves
            that it knows it.
        identity: Digest of the service and its admin address: a nested service with others is no member.
    """

    pid: int
    socket: str
    token: str
    identity: str

    @classmethod
    def offer(cls, settings: Settings) -> Handshake:
        """Return a fresh one for this process."""
        name = f"otel-distro-{secrets.token_hex(16)}"
        return cls(os.getpid(), name, secrets.token_hex(16), identity(settings))

    @classmethod
    def decode(cls, text: str | None) -> Handshake | None:
        """Read what `encode` wrote; None if there is nothing usable."""
        version, *fields = (text or "").split(":")
        if version != _VERSION or len(fields) != _FIELDS or not fields[0].isdigit() or not all(fields):
            return None
        return cls(int(fields[0]), *fields[1:])

    def encode(self) -> str:
        """Write it as one value for the environment."""
        return ":".join((_VERSION, *map(str, astuple(self))))

    def prove(self, owner: int, nonce: str) -> str:
        """Return what proves the token to the process `owner`, and to nobody else to whom it may be shown."""
        return hmac.new(self.token.encode(), f"{owner} {nonce}".encode(), hashlib.sha256).hexdigest()

    def hello(self, owner: int) -> dict[str, str]:
        """Return a member's first message."""
        nonce = secrets.token_hex(16)
        return {"type": "hello", "nonce": nonce, "proof": self.prove(owner, nonce)}

    def is_proved_by(self, message: Mapping[str, Any]) -> bool:
        """Whether a message to this process is the hello of one who knows the token."""
        nonce, proof = message.get("nonce"), message.get("proof")
        if message.get("type") != "hello" or not isinstance(nonce, str) or not isinstance(proof, str):
            return False
        return hmac.compare_digest(proof.encode(), self.prove(os.getpid(), nonce).encode())

    def concerns(self, settings: Settings) -> bool:
        """Whether this process belongs to that owner."""
        return self.identity == identity(settings) and self.pid != os.getpid()


def identity(settings: Settings) -> str:
    """Return the digest of who the service is and where its admin port would be."""
    service, admin = settings.service, settings.admin
    parts = (service.namespace or "", service.name, admin.host, str(admin.port))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
