# SPDX-License-Identifier: Apache-2.0
"""Casts are strict: what they refuse they describe."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_distro.settings import addresses, casts


@pytest.mark.parametrize(
    ("cast", "text", "value"),
    [
        (casts.boolean, "TRUE", True),
        (casts.boolean, "off", False),
        (casts.integer(1, 3), "3", 3),
        (casts.number(0, 1), "0.5", 0.5),
        (casts.log_level, "warn", "WARNING"),
        (casts.names, " a, ,b ", ("a", "b")),
        (casts.lower_names, "None", ()),
        (casts.exporters, "none", ()),
        (casts.exporters, "prometheus,otlp", ("prometheus", "otlp")),
        (casts.one_of("gzip", "none"), "GZIP", "gzip"),
        (casts.networks, "10.0.0.1/8,::1", ("10.0.0.1/8", "::1")),
        (addresses.url, "https://[::1]:4318/x", "https://[::1]:4318/x"),
        (casts.path, "/metrics", "/metrics"),
    ],
)
def test_what_is_taken(cast: casts.Cast, text: str, value: Any) -> None:
    assert cast(text) == value


@pytest.mark.parametrize(
    ("cast", "text"),
    [
        (casts.boolean, "maybe"),
        (casts.integer(1, 3), "4"),
        (casts.integer(1, 3), "1.0"),
        (casts.number(0, 1), "nan"),
        (casts.log_level, "loud"),
        (casts.exporters, "none,otlp"),
        (casts.one_of("a"), "b"),
        (casts.patterns, "a,("),
        (casts.networks, "10.0.0.0/99"),
        (addresses.url, "localhost:4318"),
        (addresses.url, "http://host:port"),
        (addresses.url, "ftp://host"),
        (casts.path, "metrics"),
        (casts.pairs, "a=1,b"),
        (casts.header_pairs, "bad name=1"),
        (casts.counts, "a=0"),
    ],
)
def test_what_is_refused_says_what_was_expected(cast: casts.Cast, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        cast(text)


EVERY = [casts.boolean, casts.integer(0, 9), casts.number(0, 9), casts.log_level, casts.exporters, casts.patterns]
EVERY += [casts.networks, addresses.url, casts.path, casts.pairs, casts.header_pairs, casts.counts, casts.lower_names]


@given(st.sampled_from(EVERY), st.text())
def test_any_text_is_cast_or_refused_with_a_value_error(cast: casts.Cast, text: str) -> None:
    with contextlib.suppress(ValueError):
        cast(text)
