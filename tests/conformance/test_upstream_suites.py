# SPDX-License-Identifier: Apache-2.0
"""Upstream's own test suites pass with our parts in place; see tools/conformance and docs/conformance.md."""

import subprocess

import pytest
from conformance.__main__ import judged
from conformance.sources import source_of
from conformance.sources import test_packages as fetch_test_packages
from conformance.suites import SUITES


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.package)
def test_what_passes_upstream_passes_with_ours(suite):
    try:
        source_of(suite.package)
        fetch_test_packages()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the source distribution of {suite.package} cannot be had: {error}")
    verdict = judged(suite)
    assert verdict.complaints == ()
    assert verdict.passed + len(verdict.excepted) == verdict.upstream_passed > 0
    assert all(verdict.uses[use] > 0 for use in suite.uses)
