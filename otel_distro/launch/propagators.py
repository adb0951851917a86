# SPDX-License-Identifier: Apache-2.0
"""Import upstream's propagators where one of them is unknown: it would end the launcher before any distribution runs.

`otel_distro_propagators.pth` imports this before the program, and only where OTEL_PROPAGATORS is set: there is no later
moment, since the first import of `opentelemetry.propagate` raises, in the launcher's own process and in each that it
starts. In programs that nobody launched with telemetry nothing is done: they are to fail as they do without us.
"""

from __future__ import annotations

import os
import sys

_UPSTREAM = os.path.join("opentelemetry", "instrumentation", "auto_instrumentation")  # noqa: PTH118 - as in run.py


def settle() -> None:
    """Settle them in processes of upstream's launcher; `otel-distro run` reads the environment before it imports any."""
    names = {os.path.basename(argument) for argument in sys.orig_argv[:3]}  # noqa: PTH119
    if "opentelemetry-instrument" in names or any(path.endswith(_UPSTREAM) for path in sys.path):
        from otel_distro.settings.environ import settle_propagators

        settle_propagators()
