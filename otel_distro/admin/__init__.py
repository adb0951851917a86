# SPDX-License-Identifier: Apache-2.0
"""The admin port: /metrics and /health of all processes of the service, in a thread of its own."""

from otel_distro.admin.choice import start
from otel_distro.admin.part import AdminPart

__all__ = ["AdminPart", "start"]
