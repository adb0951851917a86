# SPDX-License-Identifier: Apache-2.0
"""The private names of loguru, under names of our own. Checked with loguru 0.7.3.

Apart from the others: an application that does not use loguru does not pay for it.
"""

from __future__ import annotations

from typing import Any, Final

import loguru._handler as handler_module
from loguru._colorizer import Colorizer
from loguru._handler import Handler, Message
from loguru._simple_sinks import StreamSink

__all__ = ["SERIALIZE", "Handler", "Message", "StreamSink", "handler_module", "is_default", "lets_through", "stream_of"]

SERIALIZE: Final = "_serialize_record"  # the static method that makes the text of `serialize=True`

# What `logger.add(sys.stderr)` means without `format=`, and without LOGURU_FORMAT.
_DEFAULT_FORMAT: Final = (
    "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> | <level>{level: <8}</level> | "
    "<cyan>{name}</cyan>:<cyan>{function}</cyan>:<cyan>{line}</cyan> - <level>{message}</level>"
)
_DEFAULT: Final = Colorizer.prepare_format(_DEFAULT_FORMAT + "\n{exception}").strip()


def stream_of(handler: Any) -> Any:
    """Return the stream that a handler writes to; None if its sink is something else."""
    return handler._sink._stream if type(handler._sink) is StreamSink else None


def is_default(handler: Any) -> bool:
    """Whether nobody chose a handler's format."""
    if handler._is_formatter_dynamic or handler._serialize:
        return False
    return bool(handler._formatter.strip() == _DEFAULT)


def lets_through(handler: Any, record: Any) -> bool | None:
    """Whether a handler's level and filter let a record through; None if the filter raises."""
    try:
        return record["level"].no >= handler._levelno and (handler._filter is None or bool(handler._filter(record)))
    except Exception:  # noqa: BLE001 - the filter is the application's
        return None
