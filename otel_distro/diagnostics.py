# SPDX-License-Identifier: Apache-2.0
"""How the distribution speaks about itself: one warning per trouble, counted faults, the start-up line.

Everything goes through the logger `otel_distro`, so once the log room stands it has the format of all other lines.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from otel_distro.ground.exceptions import kind_of, text_of

logger = logging.getLogger("otel_distro")
_faults: Counter[str] = Counter()


def report(message: str, **fields: object) -> None:
    """Write one warning line; `fields` become keys of the line."""
    logger.warning(message, extra=fields)


def inform(message: str, **fields: object) -> None:
    """Write one line at level info, such as the start-up line."""
    logger.info(message, extra=fields)


def fault(kind: str, error: BaseException) -> None:
    """Count an internal fault; the first of its kind is logged.

    The application never sees it: this is what every boundary of ours does with what it catches.
    """
    _faults[kind] += 1
    if _faults[kind] == 1:
        logger.warning(
            "internal fault in %s: %s: %s (further ones are only counted)",
            kind,
            kind_of(error),
            text_of(error),
            exc_info=error if logger.isEnabledFor(logging.DEBUG) else None,
        )


def faults() -> Mapping[str, int]:
    """Return the internal faults by kind, for the metric `otel_distro_faults_total`."""
    return MappingProxyType(_faults)
