# SPDX-License-Identifier: Apache-2.0
"""What stands in this process: the telemetry of messages, made when the first client or the application asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_distro.messaging.telemetry import Telemetry
    from otel_distro.metrics.families import Family


class _State:
    """Nothing, before something is started and after it was closed."""

    _make: Callable[[], Telemetry] | None = None
    _made: Telemetry | None = None

    def use(self, make: Callable[[], Telemetry]) -> None:
        """Set how the telemetry is made."""
        self._make, self._made = make, None

    def telemetry(self) -> Telemetry | None:
        """Return the telemetry of messages, None if nothing stands."""
        if self._made is None and self._make is not None:
            self._made = self._make()
        return self._made

    def families(self) -> Iterable[Family]:
        """Return what /metrics shall have beside what the meter measures."""
        lags = None if self._made is None else self._made.lags
        return () if lags is None else lags.families()

    @property
    def is_made(self) -> bool:
        """Whether anybody has asked for it."""
        return self._made is not None

    def close(self) -> None:
        """Forget it."""
        self._make = self._made = None


state = _State()
