# SPDX-License-Identifier: Apache-2.0
"""A few applications that nobody here wrote, run bare and with us: the rest are run by `make world` (docs/world.md)."""

from pathlib import Path

import pytest
from testbed.processes import free_port
from world.catalog import APPLICATIONS
from world.compare import differences
from world.environments import environment
from world.running import BARE, run

LAUNCHERS = (("opentelemetry-instrument",), ("otel-distro", "run"))


@pytest.mark.parametrize("name", ["mcp-1-stdio", "fastapi-users", "datasette", "celery-prefork", "django-asgi"])
def test_an_application_does_with_us_what_it_does_bare(name: str, tmp_path: Path) -> None:
    application, port = APPLICATIONS[name], free_port()
    home = environment(application)
    bare = run(application, home, tmp_path / name, BARE, port)
    for launcher in LAUNCHERS:
        ours = run(application, home, tmp_path / name, launcher, port)
        assert differences(application, bare, ours) == [], launcher


def test_the_world_is_large() -> None:
    assert len(APPLICATIONS) >= 30
