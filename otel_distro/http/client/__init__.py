# SPDX-License-Identifier: Apache-2.0
"""The client's side: calls of httpx and httpx2."""
