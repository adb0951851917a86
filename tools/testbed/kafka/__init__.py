# SPDX-License-Identifier: Apache-2.0
"""A real Kafka of one node, for tests and demonstrations."""

from testbed.kafka.broker import Kafka

__all__ = ["Kafka"]
