# SPDX-License-Identifier: Apache-2.0
"""The real programs (Collector, Loki, Prometheus, Helm, …) that tests run, built once from pinned Go modules."""

from programs.build import program

__all__ = ["program"]
