# SPDX-License-Identifier: Apache-2.0
"""Take OTLP in: decode, keep it bounded, pass it on."""
