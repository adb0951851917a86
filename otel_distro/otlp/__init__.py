# SPDX-License-Identifier: Apache-2.0
"""OTLP over HTTP: the wire format written by hand, and the thread that sends it."""
