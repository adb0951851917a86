# SPDX-License-Identifier: Apache-2.0
"""The real Collector, VictoriaLogs, Prometheus and Alertmanager, and Loki's door, run from the repository's own configuration files."""
