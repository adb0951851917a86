# SPDX-License-Identifier: Apache-2.0
"""Messages through brokers: one trace and one id from the producer to the last consumer, stages measured.

Kafka's clients are observed by environment alone. What an application may say itself is `inject`, `process` and `stage`.
"""

from otel_distro.messaging.api import inject, process, stage

__all__ = ["inject", "process", "stage"]
