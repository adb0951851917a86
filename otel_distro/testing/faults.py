# SPDX-License-Identifier: Apache-2.0
"""The ways in which a collector misbehaves, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Respond:
    """Refuse with this HTTP status (over gRPC: with the code that the OTLP specification pairs with it)."""

    status: int
    retry_after: int | str | None = None
    """The Retry-After header: seconds or an HTTP date."""


@dataclass(frozen=True)
class Hang:
    """Accept the request and say nothing until the fault is lifted or the receiver closes."""


@dataclass(frozen=True)
class PartialSuccess:
    """Answer 200, keep the records, and say that some of them were rejected."""

    rejected: int
    message: str = "rejected by the test"


@dataclass(frozen=True)
class CloseConnection:
    """Close the connection without an answer."""


Fault = Respond | Hang | PartialSuccess | CloseConnection
