# SPDX-License-Identifier: Apache-2.0
"""`otel-distro doctor`: why nothing arrives, found by doing what the service would do and reading what is answered."""
