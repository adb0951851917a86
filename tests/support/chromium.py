# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium, driven by playwright."""

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, expect, sync_playwright
from testbed.debian import debian

SLOW = 60_000  # milliseconds, on a machine that is busy with other tests
expect.set_options(timeout=SLOW)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser, closed at the end of the block."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(debian("chromium", "chromium")), args=["--no-sandbox"])
        yield running
        running.close()
