# SPDX-License-Identifier: Apache-2.0
"""What the export thread says: one line per outage, one when it is over, one per kind of refusal."""

from time import monotonic

from otel_distro.diagnostics import inform, report


class Notices:
    """Reports troubles of one exporter without repeating itself.

    Args:
        signal: "traces" or "logs".
        endpoint: the URL that is posted to.
        queue_capacity: how many records wait at most.

    """

    def __init__(self, signal: str, endpoint: str, queue_capacity: int) -> None:
        self._signal = signal
        self._endpoint = endpoint
        self._capacity = queue_capacity
        self._down_since: float | None = None
        self._refusals: set[str] = set()

    def unavailable(self, reason: object) -> None:
        """Say that the collector cannot be reached or turns requests away, once until it is back."""
        if self._down_since is None:
            self._down_since = monotonic()
            report(
                f"cannot export {self._signal} to {self._endpoint}: {reason}; trying again, up to {self._capacity} "
                f"records are kept and further ones dropped; no collector? OTEL_{self._signal.upper()}_EXPORTER=none"
            )

    def available(self) -> None:
        """Say that an outage is over, if there was one."""
        if self._down_since is not None:
            inform(f"exporting {self._signal} to {self._endpoint} again after {monotonic() - self._down_since:.0f} s")
            self._down_since = None

    def refused(self, count: int, kind: str, explanation: str) -> None:
        """Say that records were refused for good, once per kind of refusal."""
        if kind not in self._refusals:
            self._refusals.add(kind)
            report(
                f"{self._endpoint} refused {count} records of {self._signal}: {explanation}; they are not sent again"
            )

    def lost(self, count: int) -> None:
        """Say at the end how many records never left."""
        say_lost(count, self._signal, self._endpoint)


def say_lost(count: int, signal: str, address: str) -> None:
    """Say at the end how many records of a signal never left, whoever exports it."""
    what, were = ("record", "was") if count == 1 else ("records", "were")
    report(f"{count} {what} of {signal} {were} not delivered to {address} before the end")
