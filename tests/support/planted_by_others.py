# SPDX-License-Identifier: Apache-2.0
"""What of the standard library, python-json-logger and loguru can put a secret into a line after it was examined."""

from __future__ import annotations

import logging
import sys
from typing import Any

from planted import spoken
from planted_setups import SpeaksOnlyByRepr
from planted_variants import Encoder, Log, added, current, dumping, handled, of_object, variant


def standard(formatter: Any, handler_filter: Any = None, *arguments: Any, text: str = "", **options: Any) -> Log:
    """Configure the standard library, and log by it."""
    handled(formatter, handler_filter)
    return lambda event: logging.getLogger("items").info(f"{event}{text}", *arguments, **options)


def add_to_record(record: logging.LogRecord) -> bool:
    """Add to a record: a filter."""
    record.__dict__.update(added())
    return True


@variant
def plain_format_with_fields() -> Log:
    return standard(logging.Formatter("%(message)s %(note)s"), add_to_record)


@variant
def plain_format_in_braces() -> Log:
    return standard(logging.Formatter("{message} {note}", style="{"), add_to_record)


@variant
def plain_format_with_dollars() -> Log:
    return standard(logging.Formatter("$message $note", style="$"), add_to_record)


@variant
def plain_format_with_arguments() -> Log:
    return standard(logging.Formatter("%(message)s %(args)s"), None, ArgumentOfTheMoment(), text=" %s")


class ArgumentOfTheMoment(SpeaksOnlyByRepr):
    """Speaks of the current secret."""

    def __init__(self) -> None:
        super().__init__("")

    def __repr__(self) -> str:
        return spoken(current.get())


@variant
def plain_format_with_defaults() -> Log:
    class OfTheMoment:
        def __str__(self) -> str:
            return spoken(current.get())

    return standard(logging.Formatter("%(message)s %(who)s", defaults={"who": OfTheMoment()}))


@variant
def plain_format_with_names() -> Log:
    def rename(record: logging.LogRecord) -> bool:
        text = spoken(current.get())
        record.taskName = record.processName = record.threadName = record.funcName = record.levelname = text
        return True

    fields = "%(taskName)s %(processName)s %(threadName)s %(funcName)s %(levelname)s"
    return standard(logging.Formatter(f"%(message)s {fields}"), rename)


@variant
def plain_format_that_changes_later() -> Log:
    formatter = logging.Formatter("%(message)s")
    standard(formatter)("before")
    formatter._style = logging.PercentStyle("%(message)s %(note)s")  # as applications do
    return standard(formatter, add_to_record)


@variant
def plain_formatter_of_its_own() -> Log:
    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{super().format(record)} {spoken(current.get())}"

    return standard(Formatter())


@variant
def plain_formatter_with_a_method_of_its_own() -> Log:
    formatter: Any = logging.Formatter("%(message)s")
    formatter.formatMessage = lambda record: f"{record.message} {spoken(current.get())}"
    return standard(formatter)


def json_of(handler_filter: Any = None, *, fields: str = "%(message)s", extra: Any = None, **options: Any) -> Log:
    """Configure python-json-logger."""
    from pythonjsonlogger.json import JsonFormatter

    return standard(JsonFormatter(fields, **options), handler_filter, extra=extra)


@variant
def json_serializer() -> Log:
    return json_of(json_serializer=dumping_for_python_json_logger)


def dumping_for_python_json_logger(event: Any, **_options: Any) -> str:
    """Serialize, and add."""
    return dumping(event)


@variant
def json_default() -> Log:
    return json_of(json_default=of_object, extra={"item": object()})


@variant
def json_default_asked_about_the_time() -> Log:
    return json_of(json_default=of_object, timestamp=True)


@variant
def json_encoder() -> Log:
    return json_of(json_encoder=Encoder)


@variant
def json_with_fields() -> Log:
    return json_of(add_to_record)


@variant
def json_with_arguments() -> Log:
    from pythonjsonlogger.json import JsonFormatter

    formatter = JsonFormatter("%(message)s %(args)s", json_default=repr)
    return standard(formatter, None, ArgumentOfTheMoment(), text=" %s")


@variant
def json_with_nothing_reserved() -> Log:
    from pythonjsonlogger.json import JsonFormatter

    formatter = JsonFormatter("%(message)s", reserved_attrs=[], json_default=repr)
    return standard(formatter, None, ArgumentOfTheMoment(), text=" %s")


@variant
def json_with_other_names() -> Log:
    return json_of(lambda record: setattr(record, "who", current.get().text) or True, rename_fields={"who": "password"})


@variant
def json_with_a_prefix() -> Log:
    return json_of(add_to_record, prefix="@cee: ")


@variant
def json_formatter_of_its_own() -> Log:
    from pythonjsonlogger.json import JsonFormatter

    class Formatter(JsonFormatter):
        def add_fields(self, log_data: Any, record: Any, message_dict: Any) -> None:
            super().add_fields(log_data, record, message_dict)
            log_data.update(added())

    return standard(Formatter())


@variant
def json_by_orjson() -> Log:
    from pythonjsonlogger.orjson import OrjsonFormatter

    return standard(OrjsonFormatter("%(message)s"), add_to_record)


def sink(extra_secret: bool = True, **options: Any) -> Log:
    """Configure loguru."""
    from loguru import logger

    logger.remove()
    logger.add(sys.stdout, **options)
    return lambda event: logger.bind(**(added() if extra_secret else {})).info(event)


@variant
def loguru_as_json() -> Log:
    return sink(serialize=True)


@variant
def loguru_with_all_fields() -> Log:
    return sink(format="{message} {extra}")


@variant
def loguru_with_colours() -> Log:
    return sink(format="<green>{message}</green> {extra}", colorize=True)


@variant
def loguru_with_a_format_of_its_own() -> Log:
    def shape(record: Any) -> str:
        record["extra"]["late"] = spoken(current.get())
        return "{message} {extra[late]}\n"

    return sink(extra_secret=False, format=shape)
