# SPDX-License-Identifier: Apache-2.0
"""Tests of upstream that cannot apply to ours, each with its reason. Everything else must pass.

A test that is listed here and passes fails the run, so the list cannot outlive its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {}
