# SPDX-License-Identifier: Apache-2.0
"""A real store on a disk."""

import contextlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="otel-distro[view] is not installed")
sys.path.insert(0, str(Path(__file__).parent))

from otel_distro.view.query.questions import QUESTIONS
from otel_distro.view.store.store import Store


class Asked(Store):
    """A store that can be sent to and asked."""

    def send(self, signal, *messages):
        for message in messages:
            assert self.put(signal, message, message.ByteSize())
        assert self.flush()
        assert self.error is None

    def ask(self, question, **parameters):
        with contextlib.closing(self.reader()) as connection:
            return QUESTIONS[question](connection, {key: str(value) for key, value in parameters.items()})


@pytest.fixture
def store(tmp_path):
    found = Asked(tmp_path / "view.sqlite")
    yield found
    found.close()
