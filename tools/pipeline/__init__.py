# SPDX-License-Identifier: Apache-2.0
"""The pipeline of examples/pipeline with a real Kafka, PostgreSQL and Redis: `make pipeline`."""
