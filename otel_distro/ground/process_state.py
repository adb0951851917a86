# SPDX-License-Identifier: Apache-2.0
"""Where this package keeps what holds for the whole process: `module:name`, or `module:class`, below `otel_distro`.

What can be handed on is handed on, by `lifecycle`'s `Runtime`. These places stay because nobody hands anything to whom they
serve: fork hooks and signal handlers, instrumentors of which upstream makes one per process, the path that every request or
line takes. `tests/unit/test_process_state.py` finds all that is kept at module or class level, and that it stands here; the
fixture `process_state` puts all of it back after a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATE: Final[Mapping[str, str]] = {
    "lifecycle.start:_process": "the runtime that stands, and what was read for it: a second `start()` returns it",
    "lifecycle.providers:_Configured": "upstream's providers are set once in a process, whoever starts again",
    "lifecycle.others:_ended": "and what was shut down of them stays so",
    "roles:_Process": "a role is recognised before there is anything to hand it to",
    "ground.phase:_Process": "signal handlers and servers say what the process is at",
    "health.own:_Process": "applications declare their checks by a function of the package",
    "admin.app_pages:_Served": "the application's port shows pages of the admin port, which stands elsewhere",
    "workers.fork:_hooks": "hooks of forks are registered once and never taken back",
    "workers.taken:taken": "what workers have taken of the allowance, for their supervisor's end",
    "imports:_finder": "the hook of `sys.meta_path`",
    "diagnostics:_faults": "any room reports a fault, from any thread",
    "logs.stdlib.records:_handed": "structlog hands its event to logging through code of the application's, per thread",
    "http.installation:_installed": "instrumentors are singletons of upstream's",
    "http.server.lifespan:on_application_built": "middleware is built by frameworks",
    "http.server.lifespan:on_lifespan_startup": "as above",
    "http.server.lifespan:on_lifespan_shutdown": "as above",
    "http.server.lifespan:on_serving": "as above",
    "http.server.fastapi:_patches": "what is replaced in modules is so for the process",
    "http.server.applications:_native": "as above",
    "http.server.applications:_observed": "as above",
    "metrics.limit:_patches": "as above",
    "metrics.limit:LimitedMatch": "the SDK makes the objects of this class",
    "metrics.reader:PrometheusReader": "the SDK's configurator makes it and keeps it to itself",
    "metrics.left_out:counts": "what a page leaves out is counted wherever it is found",
    "metrics.legacy:_stepped_back": "said once in a process",
    "metrics.heartbeat:_pulses": "one for each event loop, which the application makes",
    "metrics.heartbeat:_lock": "of those; a new one after a fork",
    "logs.access.event:_State": "every request writes an event, and nothing may be looked up for it",
    "logs.redaction.redact:Policy": "every value goes through it",
    "logs.structlog.logger:_stdout": "loggers are made by structlog",
    "messaging.state:state": "clients of brokers are made by the application",
    "upstream.exporting:Watched": "filters of upstream's loggers ask it",
    "upstream.exporting:_exporting": "as above, by thread",
    "tracing.ids:_random": "ids of spans; seeded anew after a fork",
}

CACHES: Final[Mapping[str, str]] = {
    "http.propagation:_judged": "whether the propagator that is set now speaks W3C",
    "http.client.peer:_known": "by URL parts, as long as the library keeps them",
    "http.server.metrics:_by_meter": "instruments, as long as the meter lives",
    "http.server.websockets:_by_meter": "as above",
    "logs.access.choice:_loggers": "which servers' loggers are known",
    "logs.stdlib.formatters:_known": "what formatters consisted of, as many as are remembered",
    "logs.stdlib.console_handlers:_listeners": "queue listeners, as long as they live",
    "logs.stdlib.console_handlers:_opened": "files of handlers, as long as they live",
    "messaging.handed:everything": "messages, as long as the application holds them",
    "messaging.processing:open_by_message": "as above",
    "metrics.labels:_checked": "bounded: names of labels",
    "metrics.registry:_labels": "bounded: label sets of the application's registry",
    "otlp.encode_span:_names": "bounded: encoded names",
    "upstream.servers:left_by_client": "bounded: by class",
}
"""Found again by what they are kept by, and right whoever starts or closes: nothing to put back."""
