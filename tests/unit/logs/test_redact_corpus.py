# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of redaction, as figures: what programs ordinarily say stays, what is a secret goes.

The texts are in `corpus/`, one a line with its line feeds as `\\n`. What is not covered: docs/logging.md.
"""

from __future__ import annotations

import random

import pytest
from support.corpus import SECRETS, drawn, lines

from otel_distro.logs.redaction.redact import redact_text


def _missed(template: str, secret: str, drawing: random.Random) -> str | None:
    text, secrets = drawn(template, secret, drawing)
    redacted = redact_text(text)
    # A key's public parts may stand as long as the key does not: the longest part that was drawn counts.
    return redacted if (max(secrets, key=len) if secrets else text) in redacted else None


def test_no_ordinary_text_is_altered():
    texts = lines("ordinary.txt")
    altered = {text: seen for text in texts if (seen := redact_text(text)) != text}
    assert len(set(texts)) >= 400
    assert altered == {}


@pytest.mark.parametrize("secret", SECRETS)
def test_every_listed_shape_is_caught(secret):
    templates, drawing = lines("secrets.txt"), random.Random(13)
    missed = {template: seen for template in templates if (seen := _missed(template, secret, drawing)) is not None}
    assert len(set(templates)) >= 150
    assert missed == {}


def test_what_was_redacted_once_stays_as_it_is():
    drawing = random.Random(17)
    once = [redact_text(drawn(template, SECRETS[0], drawing)[0]) for template in lines("secrets.txt")]
    assert [redact_text(text) for text in once] == once
