# SPDX-License-Identifier: Apache-2.0
"""Identifiers that bind the log lines of one request together across services, beside W3C `traceparent`.

`X-Trace-Id`, `X-Request-ID` and `X-Correlation-ID` are read if they are harmless, minted from the trace id otherwise,
bound to every log line of the request, echoed on the response and sent on with outgoing calls. As a propagator the
same ids travel through every server, client and message library that OpenTelemetry instruments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from fnmatch import translate

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

from otel_distro.variables import HttpSettings

Ids = Mapping[str, str]

# What logs merge into every event: {"request_id": ..., "correlation_id": ...} inside a request, None outside.
current: ContextVar[Ids | None] = ContextVar("otel_distro_correlation", default=None)

TRACE_ID_HEADER = "x-trace-id"
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
        self._hosts = settings.correlation_hosts
        self.all_hosts = "*" in self._hosts
        self._host_pattern = re.compile("|".join(translate(host) for host in self._hosts) or r"(?!)")

    def allows(self, host: str) -> bool:
        """Whether a host gets our identifiers."""
        return self.all_hosts or self._host_pattern.match(host.lower()) is not None

    def requested_trace_id(self, headers: Mapping[bytes, bytes]) -> int | None:
        """Return the trace id of a caller that only knows `x-trace-id`."""
        value = headers.get(b"x-trace-id") if self.echoes_trace_id and self.trust_incoming else None
        return trace_id_of(value.decode("latin-1")) if value is not None else None

    def correlate(self, headers: Mapping[bytes, bytes], trace_id: str) -> tuple[Ids, list[tuple[bytes, bytes]]]:
        """Return the ids of a request, the caller's where they are harmless, and the headers that its response carries.

        Without an id of the caller's, every id is the trace id: one id finds everything.
        """
        encoded = trace_id.encode("ascii")
        ids = dict.fromkeys(self._log_fields, trace_id)
        if not self.trust_incoming or self.names.isdisjoint(headers):
            return ids, [(name, encoded) for name in self._echoed]
        echoed = dict.fromkeys(self._echoed, encoded)
        for _, name, field in self.fields:
            value = headers.get(name)
            if value is not None and harmless(given := value.decode("latin-1")):
                ids[field], echoed[name] = given, value
        return ids, list(echoed.items())

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
        """Write the ids of the current request; not where only some hosts may get them, as none is known here."""
        if not self._policy.all_hosts:
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
