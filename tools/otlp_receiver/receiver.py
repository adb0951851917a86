# SPDX-License-Identifier: Apache-2.0
"""The receiver as tests and the demo see it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol, TypeVar

from otlp_receiver.faults import Fault
from otlp_receiver.http_server import HttpServer
from otlp_receiver.records import LogRecord, Metric, Record, Span
from otlp_receiver.store import Request, Store

T = TypeVar("T")
Transport = Literal["http/protobuf", "grpc"]


class Server(Protocol):
    """What the two transports have in common."""

    port: int

    def close(self) -> None: ...


class OtlpReceiver:
    """A running OTLP receiver on the loopback interface, closed by the end of its `with` block.

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
        self.port = self._server.port
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def spans(self, name: str | None = None) -> list[Span]:
        """Return the spans so far, in order of arrival, all or those of one name."""
        return [span for span in self._store.records(Span) if name in (None, span.name)]

    def logs(self) -> list[LogRecord]:
        return self._store.records(LogRecord)

    def metrics(self, name: str | None = None) -> list[Metric]:
        """Return the metrics so far: one entry per export, the newest last."""
        return [metric for metric in self._store.records(Metric) if name in (None, metric.name)]

    def requests(self, signal: str | None = None) -> list[Request]:
        """Return every attempt to export (traces, logs, metrics), refused ones too."""
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

    def wait_for(self, predicate: Callable[[OtlpReceiver], T], timeout: float = 10.0) -> T:
        """Wait until the predicate, asked at every arrival, answers something true, and return that.

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

    def __enter__(self) -> OtlpReceiver:  # noqa: PYI034 -- typing.Self is newer than Python 3.10
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


def _start_server(protocol: Transport, port: int, store: Store) -> Server:
    if protocol == "http/protobuf":
        return HttpServer(port, store)
    from otlp_receiver.grpc_server import GrpcServer  # grpcio is only needed by those who choose it

    return GrpcServer(port, store)
