# SPDX-License-Identifier: Apache-2.0
"""Whether the request that is being served has an access event of ours, so that the server's own line repeats it.

The same where a request shall leave no line at all: an excluded URL, a scrape.

Set when a request begins and left when it ends: uvicorn writes its line with the first byte, hypercorn with the last
one, granian after the application has returned, all of them in the context of the request.
"""

from __future__ import annotations

from contextvars import ContextVar

observed: ContextVar[bool] = ContextVar("otel_distro_observed", default=False)
