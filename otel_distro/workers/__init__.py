# SPDX-License-Identifier: Apache-2.0
"""One /metrics for all processes of a service: the owner of the admin port, and the members that register with it."""
