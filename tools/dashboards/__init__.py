# SPDX-License-Identifier: Apache-2.0
"""The dashboards of helm/observability, generated: `make dashboards` writes them, a test compares them."""

from dashboards.catalog import DESTINATION, render

__all__ = ["DESTINATION", "render"]
