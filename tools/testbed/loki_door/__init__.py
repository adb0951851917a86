# SPDX-License-Identifier: Apache-2.0
"""Loki's door: what Loki's documentation says of its endpoints, as a small server, for tests of what goes in and what is asked.

Loki itself is not built here (its licence is the AGPL). What this server does was taken from its documentation (each rule names the
page) and from what was observed of a real Loki 3.5.7 in November 2026; the same tests run against a real Loki where one is given
(`OTEL_DISTRO_TEST_LOKI`, see tests/stack/conftest.py). It keeps everything in memory, and hands what it accepts to a real
store when it is given one.
"""
