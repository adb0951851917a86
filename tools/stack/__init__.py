# SPDX-License-Identifier: Apache-2.0
"""The real Collector, Loki, Prometheus and Alertmanager, run from the repository's own configuration files."""
