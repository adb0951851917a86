# SPDX-License-Identifier: Apache-2.0
"""A collector for tests: it keeps what it gets, and misbehaves when told to."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from otel_distro.testing.faults import Fault
from otel_distro.testing.http_server import HttpServer
from otel_distro.testing.records import LogRecord, Metric, Record, Span
from otel_distro.testing.store import Request, Store

if TYPE_CHECKING:
    from otel_distro.testing.grpc_server import GrpcServer

T = TypeVar("T")
Transport = Literal["http/protobuf", "grpc"]
# What is sent leaves soon: a test waits for it.
_SOON = "100"  # milliseconds


class Receiver:
    """A running OTLP receiver on the loopback interface, closed by the end of its `with` block.

    It decodes with the generated classes of opentelemetry-proto, knows nothing of a particular exporter, and may be asked
    from any thread. A service is pointed at it by `environment`.

    Args:
        port: 0 takes a free one; a fixed one brings a closed receiver back where it was.
        protocol: The transport; one receiver speaks one.
        on_record: Called with every record on the server's thread.

    Raises:
        OSError: If the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        protocol: Transport = "http/protobuf",
        on_record: Callable[[Record], None] | None = None,
    ) -> None:
        self._store = Store(on_record)
        self._server = _start_server(protocol, port, self._store)
        self._protocol = protocol
        self.port: int = self._server.port
        self.endpoint = f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that have a service send all three signals here, soon and unsampled, and write JSON.

        They are whole: what the developer's own shell says about endpoints, exporters and sampling does not count.
        """
        variables = {
            "OTEL_SDK_DISABLED": "false",
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_BSP_SCHEDULE_DELAY": _SOON,
            "OTEL_BLRP_SCHEDULE_DELAY": _SOON,
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": self._protocol,
            "JSON_LOGS": "true",
        }
        for signal in ("traces", "logs", "metrics"):
            path = "" if self._protocol == "grpc" else f"/v1/{signal}"
            variables[f"OTEL_{signal.upper()}_EXPORTER"] = "prometheus,otlp" if signal == "metrics" else "otlp"
            variables[f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"] = self.endpoint + path
            variables[f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"] = self._protocol
        return variables

    def spans(self, name: str | None = None) -> list[Span]:
        """Return the spans so far, in order of arrival, all or those of one name."""
        return [span for span in self._store.records(Span) if name in (None, span.name)]

    def logs(self, body: Any = None) -> list[LogRecord]:
        """Return the log records so far, all or those of one body."""
        return [record for record in self._store.records(LogRecord) if body in (None, record.body)]

    def metrics(self, name: str | None = None) -> list[Metric]:
        """Return the metrics so far: one entry per export, the newest last."""
        return [metric for metric in self._store.records(Metric) if name in (None, metric.name)]

    def requests(self, signal: str | None = None) -> list[Request]:
        """Return every attempt to export, refused ones too: all, or those of `traces`, `logs` or `metrics`."""
        return [request for request in self._store.requests() if signal in (None, request.signal)]

    def clear(self) -> None:
        """Forget all records and requests."""
        self._store.clear()

    def fail_with(self, fault: Fault, *, times: int | None = None) -> None:
        """Meet the next requests with a fault: so many of them, or all until `recover`."""
        self._store.set_fault(fault, times)

    def recover(self) -> None:
        """Answer properly again, and release what hangs."""
        self._store.set_fault(None, None)

    def wait_for(self, predicate: Callable[[Receiver], T], timeout: float = 10.0) -> T:
        """Wait until the predicate, asked at every arrival, answers something true, and return that.

        Args:
            predicate: Asks the receiver: `lambda found: found.spans("GET /rooms/{room}")`.
            timeout: Seconds.

        Raises:
            TimeoutError: After so many seconds; the message says what did arrive.
        """
        answer = self._store.wait_for(lambda: predicate(self), timeout)
        if not answer:
            raise TimeoutError(f"not within {timeout} s; the receiver holds {self._summary()}")
        return answer

    def close(self) -> None:
        """Stop listening and drop every open connection, as a collector that is killed does."""
        self._store.close()
        self._server.close()

    def __enter__(self) -> Receiver:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _summary(self) -> str:
        spans = [f"{span.service}: {span.kind} {span.name}" for span in self.spans()]
        return (
            f"{len(self.requests())} requests, {len(self.logs())} logs, {len(self.metrics())} metrics, "
            f"{len(spans)} spans {spans[-20:]}"
        )


def _start_server(protocol: Transport, port: int, store: Store) -> HttpServer | GrpcServer:
    if protocol == "http/protobuf":
        return HttpServer(port, store)
    from otel_distro.testing.grpc_server import GrpcServer  # grpcio is only needed by those who choose it

    return GrpcServer(port, store)
