# SPDX-License-Identifier: Apache-2.0
"""Reading /metrics in tests."""

from scrape import OPENMETRICS, TEXT, Scrape, histogram_quantile, parse, scrape

__all__ = ["OPENMETRICS", "TEXT", "Scrape", "histogram_quantile", "parse", "scrape"]
