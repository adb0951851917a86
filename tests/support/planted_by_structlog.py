# SPDX-License-Identifier: Apache-2.0
"""What of structlog can put a secret into a line after the fields were examined."""

from __future__ import annotations

import functools
import json
import logging
from typing import Any

from planted import spoken
from planted_setups import FailedError, fail
from planted_variants import Encoder, Log, added, adding, current, dumping, handled, of_object, variant


def structured(*processors: Any, factory: Any = None, **fields: Any) -> Log:
    """Configure structlog with a chain that ends in these."""
    import structlog

    structlog.configure(
        processors=[structlog.processors.add_log_level, *processors],
        logger_factory=factory or structlog.PrintLoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return lambda event: structlog.get_logger().info(event, count=1, **fields)


@variant
def serializer_of_its_own() -> Log:
    import structlog

    return structured(structlog.processors.JSONRenderer(serializer=dumping))


@variant
def wrapped_serializer() -> Log:
    import structlog

    return structured(structlog.processors.JSONRenderer(serializer=functools.wraps(json.dumps)(dumping)))


@variant
def default_of_its_own() -> Log:
    import structlog

    return structured(structlog.processors.JSONRenderer(default=of_object), item=object(), outer=[object()])


@variant
def encoder_of_its_own() -> Log:
    import structlog

    return structured(structlog.processors.JSONRenderer(cls=Encoder))


@variant
def renderer_of_its_own() -> Log:
    import structlog

    class Renderer(structlog.processors.JSONRenderer):
        def __call__(self, logger: Any, name: str, event_dict: Any) -> str | bytes:
            return super().__call__(logger, name, adding(logger, name, event_dict))

    return structured(Renderer())


@variant
def processor_after_ours() -> Log:
    import structlog

    renderer = structlog.processors.JSONRenderer()
    return structured(lambda *arguments: renderer(*arguments[:2], adding(*arguments)))


@variant
def arguments_for_the_logger() -> Log:
    return structured(lambda *arguments: ((json.dumps(adding(*arguments)),), {}))


@variant
def bytes_of_its_own() -> Log:
    import structlog

    return structured(lambda *each: json.dumps(adding(*each)).encode(), factory=structlog.BytesLoggerFactory())


@variant
def dictionary_that_shows_more() -> Log:
    import structlog

    class Event(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            return {**self, **added()}.items()

    return structured(lambda *each: Event(each[2]), structlog.processors.KeyValueRenderer())


@variant
def numbers_as_keys() -> Log:
    import structlog

    return structured(lambda *each: {**each[2], 1: spoken(current.get())}, structlog.processors.JSONRenderer())


@variant
def key_values() -> Log:
    import structlog

    return structured(adding, structlog.processors.KeyValueRenderer(repr_native_str=False))


@variant
def logfmt() -> Log:
    import structlog

    def flat(*each: Any) -> Any:
        return {**each[2], "note": spoken(current.get()), current.get().name: current.get().text}

    return structured(flat, structlog.processors.LogfmtRenderer())


@variant
def console_with_columns() -> Log:
    import structlog

    columns = [structlog.dev.Column("event", lambda _key, value: f"{value} {spoken(current.get())}")]
    columns.append(structlog.dev.Column("", lambda key, value: f"{key}={value!r}"))
    return structured(structlog.dev.ConsoleRenderer(columns=columns))


@variant
def console() -> Log:
    import structlog

    return structured(adding, structlog.dev.ConsoleRenderer(colors=False))


@variant
def exceptions_as_dictionaries() -> Log:
    import structlog

    structured(structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer())

    def events(event: str) -> None:
        told = added()
        try:
            fail(told["note"])
        except FailedError:
            structlog.get_logger().exception(event, count=1)

    return events


def formatted(*processors: Any, formatter: Any = None, handler_filter: Any = None, logger_filter: Any = None) -> Log:
    """Configure structlog with a `ProcessorFormatter`, and log by structlog."""
    import structlog

    stdlib = structlog.stdlib
    structlog.configure(
        processors=[stdlib.add_log_level, stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=stdlib.LoggerFactory(),
        wrapper_class=stdlib.BoundLogger,
    )
    last = processors or (structlog.processors.JSONRenderer(),)
    handled(
        formatter or stdlib.ProcessorFormatter(processors=[stdlib.ProcessorFormatter.remove_processors_meta, *last]),
        handler_filter,
    )
    log = logging.getLogger("items")
    log.filters[:] = [logger_filter] if logger_filter else []
    return lambda event: structlog.get_logger("items").info(event, count=1)


@variant
def formatter_with_a_processor() -> Log:
    import structlog

    return formatted(adding, structlog.processors.JSONRenderer())


@variant
def formatter_with_a_processor_that_says_it_is_another() -> Log:
    import structlog

    disguised = functools.wraps(structlog.stdlib.add_log_level)(adding)
    return formatted(disguised, structlog.processors.JSONRenderer())


@variant
def formatter_with_a_serializer() -> Log:
    import structlog

    return formatted(structlog.processors.JSONRenderer(serializer=dumping))


@variant
def formatter_of_its_own() -> Log:
    import structlog

    class Formatter(structlog.stdlib.ProcessorFormatter):
        def format(self, record: Any) -> str:
            return dumping(json.loads(super().format(record)))

    return formatted(formatter=Formatter(structlog.processors.JSONRenderer()))


@variant
def formatter_that_changes_later() -> Log:
    import structlog

    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()]
    formatted(formatter=structlog.stdlib.ProcessorFormatter(processors=processors))
    structlog.get_logger("items").info("before")
    processors.insert(1, adding)
    return lambda event: structlog.get_logger("items").info(event, count=1)


@variant
def filter_of_a_logger_adds_to_the_event() -> Log:
    return formatted(logger_filter=lambda record: record.msg.update(added()) or True)


@variant
def filter_of_a_handler_adds_to_the_event() -> Log:
    return formatted(handler_filter=lambda record: record.msg.update(added()) or True)


@variant
def filter_of_a_handler_replaces_a_value() -> Log:
    return formatted(handler_filter=lambda record: record.msg.update(count=spoken(current.get())) or True)
