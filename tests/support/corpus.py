# SPDX-License-Identifier: Apache-2.0
"""The corpus of redaction: what programs ordinarily say, and what secrets look like, one a line with its line feeds as `\\n`."""

from __future__ import annotations

import base64
import random
import re
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "unit/logs/corpus"
SECRETS = ("hunter2Zq", "correct-Horse-9-battery", "9f86d081884c7d65", "Tr0ub4dor3", "x7$kQ!m2")
ALPHABETS = {
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "hex": "0123456789abcdef",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "digits": "123456789",
}


def lines(name: str) -> list[str]:
    """Return the texts of a file, or its templates."""
    each = (CORPUS / name).read_text("utf-8").splitlines()
    return [re.sub(r"(?<!\\)((?:\\\\)*)\\n", r"\1\n", line) for line in each if line and not line.startswith("#")]


def drawn(template: str, secret: str, drawing: random.Random) -> tuple[str, list[str]]:
    """Return a text with its secrets filled in, and the secrets."""
    secrets: list[str] = []

    def fill(found: re.Match[str]) -> str:
        kind, _, length = found[1].partition(":")
        if kind == "S":
            text = secret
        elif kind == "base64":
            text = base64.b64encode(f"bob:{secret}".encode()).decode()
        else:  # the first ones tell that it was drawn, as they nearly always do
            text = ("aZ7Q9"[: int(length)] if kind == "alnum" else "") + "".join(
                drawing.choices(ALPHABETS[kind], k=int(length) - (5 if kind == "alnum" else 0))
            )
        secrets.append(text)
        return text

    return re.sub(r"\{(S|base64|(?:alnum|hex|upper|digits):\d+)\}", fill, template), secrets
