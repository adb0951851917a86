# SPDX-License-Identifier: Apache-2.0
"""The local viewer: a process of its own that no application imports. `otel-distro view`, `otel-distro run --view`."""
