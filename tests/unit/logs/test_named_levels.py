# SPDX-License-Identifier: Apache-2.0
"""Levels by the name of the logger, and libraries that stay quiet when the application's debug lines are wanted."""

import asyncio
import json
import logging
import logging.config
import sys
from pathlib import Path
from types import ModuleType

import pytest
import structlog

from otel_distro.logs import libraries
from otel_distro.logs.libraries import is_library


@pytest.fixture
def fresh():
    """Takes out the loggers that a test has made, and their levels."""
    before = set(logging.root.manager.loggerDict)
    yield
    for each in logging.root.manager.loggerDict.values():
        if isinstance(each, logging.Logger):
            each.disabled = False  # by `dictConfig`
    for name in set(logging.root.manager.loggerDict) - before:
        logging.getLogger(name).setLevel(logging.NOTSET)
        del logging.root.manager.loggerDict[name]


def written(output) -> list[str]:
    return [json.loads(line)["message"] for line in output.lines]


def tell(*names: str) -> None:
    for name in names:
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), level)("%s %s", name, level)


@pytest.mark.usefixtures("fresh")
def test_a_name_counts_for_the_loggers_below_it_and_the_longest_one_first(install):
    output = install(levels={"shop": "DEBUG", "shop.queue": "WARNING"})
    tell("shop.db", "shop.queue.reader", "shopping")
    assert written(output) == [
        *("shop.db debug", "shop.db info", "shop.db warning"),
        "shop.queue.reader warning",
        *("shopping info", "shopping warning"),
    ]


@pytest.mark.usefixtures("fresh")
def test_what_the_application_sets_on_that_logger_stands(install):
    output = install(levels={"shop": "DEBUG"})
    logging.getLogger("shop.db").setLevel(logging.WARNING)
    tell("shop.db")
    assert written(output) == ["shop.db warning"]


@pytest.mark.usefixtures("fresh")
def test_a_configuration_neither_disables_nor_resets_it(install):
    output = install(levels={"shop": "WARNING"})
    logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})
    tell("shop.db", "other")
    assert written(output) == ["shop.db warning", "other info", "other warning"]


@pytest.mark.usefixtures("fresh")
def test_a_library_that_logs_each_call_may_be_asked_for(install):
    output = install(levels={"httpx": "INFO"})
    tell("httpx", "httpcore")
    assert written(output) == ["httpx info", "httpx warning", "httpcore warning"]


def test_structlog_s_loggers_have_them_too(install):
    output = install(levels={"shop.db": "DEBUG", "shop": "ERROR"})
    for name in ("shop.db", "shop", "other"):
        structlog.get_logger(name).debug(f"{name} debug")
        structlog.get_logger(name).warning(f"{name} warning")
    assert written(output) == ["shop.db debug", "shop.db warning", "other warning"]


@pytest.mark.usefixtures("fresh")
def test_debug_means_the_application_s_lines(install, monkeypatch):
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    output = install(level="DEBUG")
    tell("shop.db", "asyncio", "opentelemetry.sdk")
    assert written(output) == [
        *("shop.db debug", "shop.db info", "shop.db warning"),
        *("asyncio info", "asyncio warning"),
        *("opentelemetry.sdk info", "opentelemetry.sdk warning"),
    ]


@pytest.mark.usefixtures("fresh")
def test_a_library_that_is_named_says_everything(install):
    output = install(level="DEBUG", levels={"asyncio": "DEBUG"})
    tell("asyncio")
    assert written(output) == ["asyncio debug", "asyncio info", "asyncio warning"]


@pytest.mark.usefixtures("fresh")
def test_an_application_that_asks_for_debug_itself_hears_libraries(install):
    output = install(level="DEBUG")
    logging.root.setLevel(logging.DEBUG)
    tell("asyncio")
    assert written(output) == ["asyncio debug", "asyncio info", "asyncio warning"]


@pytest.mark.usefixtures("fresh")
def test_undone_it_is_forgotten(install):
    asked = logging.Logger.getEffectiveLevel
    from otel_distro.logs import named_levels

    undo = named_levels.install(named_levels.NamedLevels({"shop": "DEBUG"}, "INFO"))
    assert logging.getLogger("shop.db").isEnabledFor(logging.DEBUG)
    undo()
    assert logging.Logger.getEffectiveLevel is asked
    assert not logging.getLogger("shop.db").isEnabledFor(logging.DEBUG)


def test_libraries_are_what_python_and_an_index_have_brought():
    assert asyncio.__name__ == "asyncio"
    assert is_library("asyncio")
    assert is_library("opentelemetry.sdk.trace")
    assert not is_library("__main__")
    assert not is_library("nobody.has.imported.this")


def test_what_was_installed_from_a_folder_is_the_application(tmp_path: Path, monkeypatch):
    made = {"shop": True, "bought": False}
    for name, own in made.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (tmp_path / f"{name}.py").touch()
        (info / "RECORD").write_text(f"{name}.py,sha256=x,0\n")
        if own:
            (info / "direct_url.json").write_text('{"url": "file:///build", "dir_info": {}}')
        module = ModuleType(name)
        module.__file__ = str(tmp_path / f"{name}.py")
        monkeypatch.setitem(sys.modules, name, module)
    for cached in (libraries._folders, libraries._own, libraries.is_library):
        cached.cache_clear()
    monkeypatch.setattr(libraries, "_folders", lambda: (str(tmp_path),))
    assert {name: not is_library(f"{name}.db") for name in made} == made
    libraries._own.cache_clear()
    libraries.is_library.cache_clear()
