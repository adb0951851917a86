# SPDX-License-Identifier: Apache-2.0
"""The real programs (Collector, VictoriaLogs, Prometheus, Helm, …) that tests run, built once from pinned Go modules."""

from testbed.programs.build import program

__all__ = ["program"]
