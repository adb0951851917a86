# SPDX-License-Identifier: Apache-2.0
"""What the Collector costs per log line, beside the official chart's preset."""
