# SPDX-License-Identifier: Apache-2.0
"""Private names of other packages: each is where `otel_distro/upstream/names.py` says, as it says, and there are no others.

With a new version of upstream the tests that fail say which name has moved. Not among the unit tests, since those are run
without half of the libraries.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import logging
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiokafka
import httpx
import loguru
import prometheus_client
import pytest
import structlog
import wrapt
from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, ConsoleLogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, InMemoryMetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.util.http import ExcludeList

import otel_distro
from otel_distro.settings.environ import THIS_DISTRIBUTION
from otel_distro.upstream.http import options_of
from otel_distro.upstream.names import DOCUMENTED, PRIVATE
from otel_distro.upstream.tracing import IS_REMOTE, SPAN_CONTEXT, SPAN_ID, TRACE_FLAGS

PACKAGE = Path(otel_distro.__file__).parent
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "names.py"]
ENTRY = re.compile(r"(\w+)(\??)(\([^)]*\))?")
ENTRIES = [
    (owner, name, bool(optional), parameters)
    for owner, names in PRIVATE.items()
    for name, optional, parameters in ENTRY.findall(names)
]
NAMES = {name for _, name, _, _ in ENTRIES} | {part for owner in PRIVATE for part in re.split("[.:]", owner)}


@pytest.mark.parametrize(("owner", "name", "optional", "parameters"), ENTRIES, ids=str)
def test_the_name_is_there(owner: str, name: str, optional: bool, parameters: str) -> None:
    found = look_up(owner, name)
    assert found is not MISSING or optional, f"{owner} has no {name} any more"
    if parameters and found is not MISSING:
        assert parameters_of(found) == parameters[1:-1]


MISSING = object()


def look_up(owner: str, name: str) -> Any:
    """Return what has the name: an attribute of the module or class, or of an object of the class."""
    module_name, _, class_name = owner.partition(":")
    try:
        place: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and module_name.startswith(error.name):
            return MISSING
        raise
    place = getattr(place, class_name) if class_name else place
    found = getattr(place, name, MISSING)
    return found if found is not MISSING or owner not in OBJECTS else getattr(an_object_of(owner), name, MISSING)


def parameters_of(function: Callable[..., Any]) -> str:
    """Return names and kinds of a function's parameters, `self` included."""
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    plain = [each.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(plain))[1:-1]


def _span() -> Any:
    return TracerProvider().get_tracer("t").start_span("")


def _meters() -> tuple[Any, Any, Any]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    counter = provider.get_meter("m").create_counter("c")
    counter.add(1)
    return provider, reader, counter


def _storage() -> Any:
    _, reader, counter = _meters()
    return counter._measurement_consumer._reader_storages[reader]


def _match() -> Any:
    return next(iter(_storage()._instrument_view_instrument_matches.values()))[0]


def _histogram_aggregation() -> Any:
    reader = InMemoryMetricReader()
    histogram = MeterProvider([reader]).get_meter("m").create_histogram("h")
    histogram.record(1)
    storage: Any = histogram._measurement_consumer._reader_storages[reader]  # type: ignore[attr-defined]
    match = next(iter(storage._instrument_view_instrument_matches.values()))[0]
    return next(iter(match._attributes_aggregation.values()))


def _batches() -> Any:
    processor: Any = BatchSpanProcessor(ConsoleSpanExporter())
    processor.shutdown()
    return processor


def _log_batches() -> Any:
    processor: Any = BatchLogRecordProcessor(ConsoleLogRecordExporter())
    processor.shutdown()
    return processor


def _pushing() -> Any:
    reader = PeriodicExportingMetricReader(ConsoleMetricExporter(out=open("/dev/null", "w")))  # noqa: SIM115, PTH123
    MeterProvider([reader]).shutdown()
    return reader


def _fastapi_instrumentor() -> Any:
    import fastapi
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    before = fastapi.FastAPI
    instrumentor = FastAPIInstrumentor()
    try:
        instrumentor.instrument()
    finally:
        instrumentor.uninstrument()
        fastapi.FastAPI = before  # type: ignore[misc]
    return instrumentor


def _loguru_handler() -> Any:
    number = loguru.logger.add(lambda _message: None)
    handler = loguru.logger._core.handlers[number]  # type: ignore[attr-defined]
    loguru.logger.remove(number)
    return handler


def _counter() -> Any:
    """Return what a counter with labels and one of its series have."""
    counter = prometheus_client.Counter("c", "", ["l"], registry=prometheus_client.CollectorRegistry())
    return SimpleNamespace(**{**vars(counter.labels("x")), **vars(counter)})


def _of_kafka(kind: Any) -> Any:
    async def make() -> Any:
        client = kind()
        client._closed = True  # nothing was begun
        return client

    return asyncio.run(make())


def _plain(kind: Any) -> Any:
    return kind("x", "", registry=prometheus_client.CollectorRegistry())


# An object of each class that has names which its class has not.
OBJECTS: dict[str, Callable[[], Any]] = {
    "opentelemetry.instrumentation.fastapi:FastAPIInstrumentor": _fastapi_instrumentor,
    "opentelemetry.util.http:ExcludeList": lambda: ExcludeList([]),
    "wrapt:FunctionWrapper": lambda: wrapt.FunctionWrapper(len, lambda *_: None),
    "opentelemetry.context.contextvars_context:ContextVarsRuntimeContext": lambda: (
        importlib.import_module("opentelemetry.context")._RUNTIME_CONTEXT
    ),
    "opentelemetry.propagators.composite:CompositePropagator": lambda: CompositePropagator([]),
    "opentelemetry.attributes:BoundedAttributes": BoundedAttributes,
    "opentelemetry.sdk.trace:_Span": _span,
    "opentelemetry.sdk.trace:TracerProvider": TracerProvider,
    "opentelemetry.sdk.trace:Tracer": lambda: TracerProvider().get_tracer("t"),
    "opentelemetry.sdk.trace:SynchronousMultiSpanProcessor": lambda: TracerProvider()._active_span_processor,
    "opentelemetry.sdk.trace.sampling:StaticSampler": lambda: ALWAYS_ON,
    "opentelemetry.sdk.trace.sampling:ParentBased": lambda: ParentBased(ALWAYS_ON),
    "opentelemetry.sdk.trace.export:BatchSpanProcessor": _batches,
    "opentelemetry.sdk._logs.export:BatchLogRecordProcessor": _log_batches,
    "opentelemetry.sdk._shared_internal:BatchProcessor": lambda: _batches()._batch_processor,
    "opentelemetry.exporter.otlp.proto.http.trace_exporter:OTLPSpanExporter": OTLPSpanExporter,
    "opentelemetry.sdk.metrics.export:PeriodicExportingMetricReader": _pushing,
    "opentelemetry.sdk._logs:LoggerProvider": LoggerProvider,
    "opentelemetry.sdk._logs._internal:SynchronousMultiLogRecordProcessor": lambda: (
        LoggerProvider()._multi_log_record_processor
    ),
    "opentelemetry.sdk.metrics:MeterProvider": lambda: _meters()[0],
    "opentelemetry.sdk.metrics:Counter": lambda: _meters()[2],
    "opentelemetry.sdk.metrics.export:MetricReader": lambda: _meters()[1],
    "opentelemetry.sdk.metrics._internal.metric_reader_storage:MetricReaderStorage": _storage,
    "opentelemetry.sdk.metrics._internal._view_instrument_match:_ViewInstrumentMatch": _match,
    "opentelemetry.sdk.metrics._internal.aggregation:_Aggregation": _histogram_aggregation,
    "opentelemetry.sdk.metrics._internal.aggregation:_ExplicitBucketHistogramAggregation": _histogram_aggregation,
    "opentelemetry.sdk.metrics._internal.aggregation:_SumAggregation": lambda: next(
        iter(_match()._attributes_aggregation.values())
    ),
    "opentelemetry.sdk.metrics._internal.measurement_consumer:SynchronousMeasurementConsumer": lambda: (
        _meters()[2]._measurement_consumer
    ),
    "opentelemetry.sdk.metrics.view:View": lambda: View(instrument_name="*"),
    "opentelemetry.metrics._internal.instrument:_ProxyCounter": lambda: importlib.import_module(
        "opentelemetry.metrics._internal.instrument"
    )._ProxyCounter("c", "", ""),
    "httpx:URL": lambda: httpx.URL("http://host"),
    "httpx:Headers": httpx.Headers,
    "httpx:Client": httpx.Client,
    "logging:Formatter": logging.Formatter,
    "logging:PercentStyle": lambda: logging.PercentStyle("%(message)s"),
    "structlog.processors:JSONRenderer": structlog.processors.JSONRenderer,
    "structlog:PrintLogger": structlog.PrintLogger,
    "structlog._base:BoundLoggerBase": lambda: structlog.BoundLogger(None, [], {}),
    "loguru._handler:Handler": _loguru_handler,
    "loguru._simple_sinks:StreamSink": lambda: importlib.import_module("loguru._simple_sinks").StreamSink(sys.stderr),
    "prometheus_client.registry:CollectorRegistry": prometheus_client.CollectorRegistry,
    "prometheus_client:Counter": _counter,
    "prometheus_client:Gauge": lambda: _plain(prometheus_client.Gauge),
    "prometheus_client:Histogram": lambda: _plain(prometheus_client.Histogram),
    "prometheus_client:Summary": lambda: _plain(prometheus_client.Summary),
    "prometheus_client.values:MutexValue": lambda: _plain(prometheus_client.Counter)._value,
    "aiokafka:AIOKafkaConsumer": lambda: _of_kafka(aiokafka.AIOKafkaConsumer),
    "aiokafka:AIOKafkaProducer": lambda: _of_kafka(aiokafka.AIOKafkaProducer),
    "aiokafka.client:AIOKafkaClient": lambda: _of_kafka(aiokafka.AIOKafkaConsumer)._client,
}


@cache
def an_object_of(owner: str) -> Any:
    return OBJECTS[owner]()


def test_a_span_context_is_the_tuple_that_is_read_by_place() -> None:
    context = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1))
    assert tuple(context) == tuple(getattr(context, name) for name in SPAN_CONTEXT)
    assert (context[SPAN_ID], context[IS_REMOTE], context[TRACE_FLAGS]) == (2, True, 1)


def test_contrib_wraps_httpx_with_a_partial_that_names_its_histogram() -> None:
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    with httpx.Client(timeout=60) as client:
        HTTPXClientInstrumentor.instrument_client(client)
        options = options_of(client._transport.handle_request)
        HTTPXClientInstrumentor.uninstrument_client(client)
    assert options is not None
    assert "sensitive_headers" in options


def test_fastapi_s_telemetry_steps_aside_for_the_middleware_s_name() -> None:
    import fastapi.telemetry

    from otel_distro.http.server.middleware import OpenTelemetryMiddleware

    sources = "".join(path.read_text() for path in Path(str(fastapi.telemetry.__file__)).parent.glob("*.py"))
    assert OpenTelemetryMiddleware.__module__ in sources
    assert OpenTelemetryMiddleware.__name__ in sources


def test_servers_tell_by_the_object_of_their_send_that_the_client_has_left() -> None:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    hypercorn = importlib.import_module("hypercorn.protocol.http_stream")
    assert "self.disconnected" in inspect.getsource(RequestResponseCycle)
    assert "self.closed" in inspect.getsource(hypercorn.HTTPStream)


def is_private(name: str) -> bool:
    return re.fullmatch(r"_(?!_)\w*[a-zA-Z]\w*", name) is not None and name not in DOCUMENTED


def test_no_module_outside_of_upstream_imports_what_is_private() -> None:
    imported = list(foreign_imports())
    assert len(imported) > 1000
    private = {
        f"{path.relative_to(PACKAGE)}: {module} {name}"
        for path, module, name in imported
        if path.parent.name != "upstream"
        and not is_documented(module)
        and any(map(is_private, (*module.split("."), name)))
    }
    assert private == set()


def test_upstream_imports_only_private_names_that_are_listed() -> None:
    owners = {owner.partition(":")[0] for owner in PRIVATE}
    classes = {f"{owner.partition(':')[0]} {owner.partition(':')[2]}" for owner in PRIVATE}
    private = [
        (module, name)
        for path, module, name in foreign_imports()
        if path.parent.name == "upstream"
        and not is_documented(module)
        and any(map(is_private, (*module.split("."), name)))
    ]
    assert len(private) > 30
    unlisted = {
        f"{module} {name}"
        for module, name in private
        if f"{module} {name}" not in classes
        and f"{module}.{name}" not in owners
        and (module, name) not in {(owner, entry) for owner, entry, _, _ in ENTRIES}
    }
    assert unlisted == set()


def is_documented(module: str) -> bool:
    return any(module == name or (module.startswith(f"{name}.") and "._internal" not in module) for name in DOCUMENTED)


def foreign_imports() -> Iterator[tuple[Path, str, str]]:
    """Yield file, module and name of everything that is imported from other packages."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("otel_distro"):
                yield from ((path, node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((path, alias.name, "") for alias in node.names)


def test_every_private_attribute_is_ours_or_listed() -> None:
    """Outside of `upstream/` those of an object that is not `self` are ours; there and of `self` they are at least listed."""
    ours, strangers, touched = own_names(), set(), set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            name = private_name(node)
            if name is None:
                continue
            touched.add(name)
            listed = name in NAMES and (path.parent.name == "upstream" or of_self(node))
            if name not in ours and not listed:
                strangers.add(f"{path.relative_to(PACKAGE)}: {name}")
    assert strangers == set()
    attributes = {name for _, name, _, _ in ENTRIES if is_private(name)}
    assert len(attributes) > 100
    assert attributes - touched - {name for _, _, name in foreign_imports()} - words() == set()


LOOKING = ("getattr", "hasattr", "setattr", "attrgetter")


def private_name(node: ast.AST) -> str | None:
    """Return a private name that is read or set here: as an attribute, or by `getattr` and its like."""
    if isinstance(node, ast.Attribute):
        return node.attr if is_private(node.attr) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOOKING:
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return next(filter(is_private, texts), None)
    return None


def of_self(node: ast.AST) -> bool:
    """Whether it is an attribute of the object itself, whose class may inherit it, or of its base by `super()`."""
    if not isinstance(node, ast.Attribute):
        return False
    base = node.value
    if isinstance(base, ast.Call):
        return isinstance(base.func, ast.Name) and base.func.id == "super"
    return isinstance(base, ast.Name) and base.id in {"self", "cls"}


@cache
def own_names() -> frozenset[str]:
    """Return the names that classes and modules of ours define outside of `upstream/`."""
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and of_self(node):
                found.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return frozenset(found)


@cache
def words() -> frozenset[str]:
    """Return all words of the package: a name may be given as text."""
    return frozenset(re.findall(r"\w+", "".join(path.read_text() for path in FILES)))


@pytest.fixture
def importing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the one module does whose import acts, `launch/environment_variables.py`, is undone after the test."""
    for name in THIS_DISTRIBUTION:
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(sys, "argv", list(sys.argv))


@pytest.mark.usefixtures("importing")
def test_what_classes_of_ours_share_with_their_bases_is_listed() -> None:
    """A class of ours that uses a private name of a base of other people's lives on it, whoever else has defined it, too."""
    shared, classes = set(), 0
    for path in FILES:
        if "path" in path.relative_to(PACKAGE).parts:
            continue
        module = importlib.import_module(".".join(("otel_distro", *path.relative_to(PACKAGE).with_suffix("").parts)))
        for kind in [
            each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__
        ]:
            bases = [base for base in kind.__mro__ if is_foreign(base)]
            classes += bool(bases)
            used = names_used(kind)
            for base in bases:
                shared |= {f"{kind.__name__}({base.__name__}): {name}" for name in used & names_used(base) - NAMES}
    assert classes > 15
    assert shared == set()


def is_foreign(base: type) -> bool:
    package = base.__module__.partition(".")[0]
    return package != "otel_distro" and package not in sys.stdlib_module_names


def names_used(kind: type) -> set[str]:
    """Return the private names that a class has, or uses of itself."""
    found = set(filter(is_private, vars(kind)))
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):  # made at run time
        return found
    found = {name for name in found if not name.startswith("_abc_")}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and of_self(node)}
    return set(filter(is_private, found))
