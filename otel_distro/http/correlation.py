# SPDX-License-Identifier: Apache-2.0
"""Identifiers that bind the log lines of one request together across services, beside W3C `traceparent`.

`X-Trace-Id`, `X-Request-ID` and `X-Correlation-ID` are read if they are harmless, minted from the trace id otherwise,
bound to every log line of the request, echoed on the response and sent on with outgoing calls. As a propagator the
same ids travel through every server, client and message library that OpenTelemetry instruments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from opentelemetry.context import Context, create_key, get_value, set_value
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import get_current_span

from otel_distro.ground.request_ids import Ids, current
from otel_distro.http.client.hosts import Hosts
from otel_distro.settings.model import HttpSettings

Pairs = list[tuple[bytes, bytes]]


TRACE_ID_HEADER = "x-trace-id"
CORRELATION_ID = "correlation_id"
# The field of what somebody else calls the trace id: as a line's own `trace_id` is kept that is not the span's.
FOREIGN_TRACE_ID = "trace_id_"
_TRACE_ID_NAME, _CORRELATION_ID_NAME = b"x-trace-id", b"x-correlation-id"
_CONTEXT_KEY = create_key("otel-distro-correlation")
_HARMLESS = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")
_TRACE_ID = re.compile(r"[0-9A-Fa-f]{32}\Z")
_ZEROS = "0" * 32


def harmless(value: str) -> bool:
    """Whether an id from outside may be stored: at most 128 letters, digits and `._:/+=-`."""
    return _HARMLESS.match(value) is not None


def trace_id_of(value: str) -> int | None:
    """Return the trace id that an `x-trace-id` header names, None unless it is 32 hex digits that are not all zero."""
    return int(value, 16) if _TRACE_ID.match(value) and value != _ZEROS else None


def field_name(header: str) -> str:
    """Return the log field of a correlation header: `x-request-id` is `request_id`."""
    return header.removeprefix("x-").replace("-", "_")


class Policy:
    """Which correlation headers are read, echoed and sent on, and to whom."""

    def __init__(self, settings: HttpSettings) -> None:
        self.trust_incoming = settings.trust_incoming
        self.echoes_trace_id = TRACE_ID_HEADER in settings.correlation_headers
        names = [name for name in settings.correlation_headers if name != TRACE_ID_HEADER]
        self.fields = tuple((name, name.encode("latin-1"), field_name(name)) for name in names)
        self.names = frozenset(name.encode("latin-1") for name in settings.correlation_headers)
        self._echoed = tuple(name.encode("latin-1") for name in settings.correlation_headers)
        self._log_fields = tuple(field for _, _, field in self.fields)
        self._hosts = Hosts(settings.correlation_hosts)
        self.carried_by_others = self._hosts.unknown

    def allows(self, host: str) -> bool:
        """Whether a host gets our identifiers."""
        return host in self._hosts

    def requested_trace_id(self, headers: Mapping[bytes, bytes]) -> int | None:
        """Return the trace id of a caller that only knows `x-trace-id`."""
        value = headers.get(b"x-trace-id") if self.echoes_trace_id and self.trust_incoming else None
        return trace_id_of(value.decode("latin-1")) if value is not None else None

    def correlate(self, headers: Mapping[bytes, bytes], trace_id: str) -> tuple[dict[str, str], Pairs, Pairs]:
        """Return the ids of a request, the headers that its response carries, and those that the caller has not sent.

        The ids are the caller's where they are harmless. Without one every id is the trace id: one id finds everything.
        """
        encoded = trace_id.encode("ascii")
        ids = dict.fromkeys(self._log_fields, trace_id)
        if self.names.isdisjoint(headers):
            ours = [(name, encoded) for name in self._echoed]
            return ids, ours, ours
        echoed = dict.fromkeys(self._echoed, encoded)
        if self.trust_incoming:
            self.take_over(headers, ids)
            self._keep_opaque(headers, ids, trace_id)
            echoed.update((name, ids[field].encode("latin-1")) for _, name, field in self.fields)
        ours = list(echoed.items())
        return ids, ours, [pair for pair in ours if pair[0] not in headers]

    def take_over(self, headers: Mapping[bytes, bytes], ids: dict[str, str]) -> None:
        """Put the ids that headers carry in place of those that a request has had, where they are harmless."""
        for _, name, field in self.fields:
            value = headers.get(name)
            if value is not None and harmless(given := value.decode("latin-1")):
                ids[field] = given

    def _keep_opaque(self, headers: Mapping[bytes, bytes], ids: dict[str, str], trace_id: str) -> None:
        """Keep an `x-trace-id` that has not become the trace id: as the correlation id, if the caller has not sent one."""
        given = headers.get(_TRACE_ID_NAME) if self.echoes_trace_id else None
        if given is not None and harmless(value := given.decode("latin-1")) and value.lower() != trace_id:
            free = CORRELATION_ID in ids and _CORRELATION_ID_NAME not in headers
            ids[CORRELATION_ID if free else FOREIGN_TRACE_ID] = value

    def take_answered(self, headers: Mapping[bytes, bytes], ids: dict[str, str], trace_id: str) -> None:
        """Put the ids that the application tells its client in place of those that the request has had."""
        self.take_over(headers, ids)
        value = headers.get(_TRACE_ID_NAME, b"").decode("latin-1")
        if harmless(value) and value.lower() != trace_id and value not in ids.values():
            ids[FOREIGN_TRACE_ID] = value

    def on_span(self, ids: Mapping[str, str], trace_id: str) -> dict[str, tuple[str]]:
        """Return the ids that a span's own does not say: semantic conventions have them as headers of the response."""
        told = ((name, ids[field]) for name, _, field in self.fields)
        return {f"http.response.header.{name}": (said,) for name, said in told if said != trace_id}

    def outgoing(self, trace_id: str | None, ids: Ids | None) -> list[tuple[str, str]]:
        """Return the headers that an outgoing call carries: the request's ids inside one, the trace id anywhere."""
        found = [(TRACE_ID_HEADER, trace_id)] if self.echoes_trace_id and trace_id else []
        if ids:
            found += [(name, ids[field]) for name, _, field in self.fields if field in ids]
        return found


def ids_in(context: Context | None = None) -> Ids | None:
    """Return the ids of the request or message that is being served."""
    found = get_value(_CONTEXT_KEY, context)
    return found if isinstance(found, Mapping) else current.get()


class CorrelationPropagator(TextMapPropagator):
    """Carries the correlation ids wherever OpenTelemetry carries the trace context."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Read the ids of a caller into the context; what is harmful or absent is left out."""
        context = Context() if context is None else context
        if not self._policy.trust_incoming:
            return Context()
        given = {field: value for name, _, field in self._policy.fields if (value := _first(carrier, name, getter))}
        ids = {field: value for field, value in given.items() if harmless(value)}
        return set_value(_CONTEXT_KEY, ids, context) if ids else context

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write the ids of the current request, as into a message for a broker; not where a list says who may get them."""
        if not self._policy.carried_by_others:
            return
        span = get_current_span(context).get_span_context()
        trace_id = f"{span.trace_id:032x}" if span.is_valid else None
        for name, value in self._policy.outgoing(trace_id, ids_in(context)):
            setter.set(carrier, name, value)

    @property
    def fields(self) -> set[str]:
        """The headers that `inject` may set."""
        return {name.decode("latin-1") for name in self._policy.names}


def _first(carrier: CarrierT, name: str, getter: Getter[CarrierT]) -> str | None:
    found = getter.get(carrier, name)
    return found[0] if found else None
