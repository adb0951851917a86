# SPDX-License-Identifier: Apache-2.0
"""Who hears of a fork, and how often: Python's hook and uWSGI's may both be called."""

import os

import pytest

from otel_distro.workers.fork import Forkable, _Hooks


class Heard(Forkable):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def after_fork_in_child(self) -> None:
        self.calls.append("child")

    def without_fork(self) -> None:
        self.calls.append("no fork")


@pytest.mark.parametrize(
    ("parent", "hooks", "calls"),
    [
        (True, ["in_child", "in_uwsgi"], ["child"]),  # --py-call-osafterfork
        (True, ["in_uwsgi"], ["child"]),
        (True, ["in_uwsgi", "in_child", "in_uwsgi"], ["child"]),
        (False, ["in_uwsgi"], ["no fork"]),
    ],
)
def test_a_worker_of_uwsgi_begins_once(parent: bool, hooks: list[str], calls: list[str]) -> None:
    told, heard = _Hooks(), Heard()
    told.current = heard
    told._pid = os.getppid() if parent else os.getpid()
    for hook in hooks:
        getattr(told, hook)()
    assert heard.calls == calls
