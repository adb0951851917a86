# SPDX-License-Identifier: Apache-2.0
"""Our provider, tracer and span in place of the SDK's."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from conformance.counts import count, uses


class Sink:
    """Takes encoded spans in place of the exporter's queue: there is no collector in upstream's tests."""

    def submit(self, _resource: object, _scope: object, record: bytes) -> bool:
        uses["spans encoded"] += bool(record)
        return True

    def force_flush(self, _timeout_seconds: float) -> bool:
        return True

    def shutdown(self, _timeout_seconds: float) -> bool:
        return True


def patch_sdk_trace(module: ModuleType) -> None:
    """Make every provider of a freshly executed `opentelemetry.sdk.trace` ours from its construction on."""
    # Our classes derive from those of the module's last execution, so they are made again.
    for name in [
        name for name in sys.modules if name.startswith(("otel_distro.tracing", "otel_distro.upstream.tracing"))
    ]:
        del sys.modules[name]
    from otel_distro.tracing import Span, provider, tracer

    count(Span, "begin", "spans")
    count(tracer.Tracer, "start_span", "tracer")
    module._Span = Span  # noqa: SLF001 - upstream's tests build spans by this name
    _after_init(module.TracerProvider, lambda built: provider.adopt(built, None))
    _after_init(module.Tracer, lambda built: setattr(built, "__class__", tracer.Tracer))


def _after_init(owner: type, change: Any) -> None:
    original = owner.__init__

    @functools.wraps(original)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if type(self) is owner:
            change(self)

    owner.__init__ = construct
