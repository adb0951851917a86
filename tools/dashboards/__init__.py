# SPDX-License-Identifier: Apache-2.0
"""The dashboards of helm/observability, generated: `make dashboards` writes them, a test compares them."""

import warnings

with warnings.catch_warnings():
    # At import the SDK recommends its second dashboard schema; a sidecar provisions files of the first.
    warnings.simplefilter("ignore", DeprecationWarning)
    from dashboards.catalog import DESTINATION, render

__all__ = ["DESTINATION", "render"]
