# SPDX-License-Identifier: Apache-2.0
"""Keys that can be known by themselves: issuers begin them alike, so that scanners find them.

What they look like is public, e.g.
https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from otel_distro.ground.patterns import pattern
from otel_distro.logs.redaction.keys import words

# What stands behind a beginning. Every body is one run of characters that its end cannot be part of, so that a search
# takes time in proportion to the text.
_WORD16: Final = r"[\w-]{16,}"
_WORD20: Final = r"[\w-]{20,}"
_WORD30: Final = r"[\w-]{30,}"
_BASE64: Final = r"[\w+/=-]{16,}"
_HEX32: Final = r"[0-9a-f]{32,}"

# These are keys whatever stands in them.
_CERTAIN: Final[Mapping[str, str]] = {
    **dict.fromkeys(("AKIA", "ASIA", "ABIA", "ACCA"), r"[A-Z0-9]{12,}"),
    # JWTs and JWEs; not in the middle of a run, of which each beginning would be tried anew.
    "eyJ": r"(?<![_-]eyJ)[\w-]{6,1024}\.{1,2}[\w-]{6,}(?:\.[\w-]*){0,3}",
    "AIza": _WORD30,
    "ya29.": r"[\w-]{10,}",
    "SG.": r"[\w-]{10,64}\.[\w-]{10,}",
    **dict.fromkeys(("dapi", "SK", "key-"), _HEX32),
    **dict.fromkeys(("dt0c01.", "dt0s16."), r"[A-Z0-9]{20,}\.[A-Z0-9]{40,}"),
    "A3-": r"[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}",  # 1Password's secret key
    "PMAK-": r"[0-9a-f]{24}-[0-9a-f]{20,}",
    "xkeysib-": r"[0-9a-f]{60,}-\w{10,}",
    **dict.fromkeys(("pul-", "sbp_", "sgp_"), r"[0-9a-f]{40}"),
    "eyJrIjoi": r"[\w+/=-]{40,}",
    "ops_eyJ": r"[\w+/=-]{40,}",
    **dict.fromkeys(("M", "N", "O"), r"[A-Za-z0-9]{23,27}\.[\w-]{6}\.[\w-]{27,}"),  # Discord's bots
    "hooks.slack.com/": r"(?:services|workflows|triggers)/[\w/+-]{20,}",
    **dict.fromkeys(("discord.com/api/", "discordapp.com/api/"), r"(?:v\d+/)?webhooks/\d+/[\w-]{40,}"),
    "sha256~": r"[\w-]{40,}",
}
# These are keys if they look drawn by lot: other names begin so too (`sk-learn-random-forest`).
_LIKELY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sk-", "pk-lf-", "fc-", "xai-", "pplx-", "nvapi-", "tvly-", "pcsk_", "jina_", "tgp_v1_"), _WORD16),
    **{f"{kind}_{mode}_": r"\w{10,}" for kind in ("sk", "pk", "rk", "shippo") for mode in ("live", "test", "prod")},
    "sk_": _HEX32,
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), r"\w{20,}"),
    **{f"gl{kind}-": r"[\w.-]{16,}" for kind in words("pat dt rt cbt ptt ft imt agent oas soat ffct")},
    **{f"xox{kind}-": r"[\w%-]{10,}" for kind in "abcdeoprs"},
    **dict.fromkeys(("xapp-", "xoxe."), r"[\w-]{10,}"),
    **dict.fromkeys(
        (
            "hf_",
            "api_org_",
            "gsk_",
            "r8_",
            "npm_",
            "rubygems_",
            "glsa_",
            "ntn_",
            "secret_",
            "rdme_",
            "tfp_",
            "zpka_",
            "cio_",
        ),
        r"\w{20,}",
    ),
    **dict.fromkeys(
        ("fw_", "re_", "rnd_", "nfp_", "napi_", "pnu_", "aio_", "phx_", "lsv2_pt_", "lsv2_sk_"), r"\w{20,}"
    ),
    **dict.fromkeys(("lin_api_", "lin_oauth_", "figd_", "dckr_pat_", "dckr_oat_", "sb_secret_", "ls__"), _WORD20),
    **dict.fromkeys(
        (
            "pypi-",
            "p8e-",
            "ico-",
            "FLWSECK_TEST-",
            "FLWSECK-",
            "waka_",
            "HRKU-",
            "CFPAT-",
            "tskey-",
            "NRAK-",
            "NRJS-",
            "NRII-",
            "NRRA-",
        ),
        _WORD16,
    ),
    **{f"d{kind}_v1_": r"\w{20,}" for kind in ("op", "oo", "or")},
    **{f"shp{kind}_": r"\w{20,}" for kind in ("at", "ca", "pa", "ss")},
    **{f"hv{kind}.": _WORD16 for kind in "sbr"},
    **{f"dp.{kind}.": r"[\w.-]{20,}" for kind in ("pt", "st", "ct", "sa", "scim", "audit")},
    **{f"pscale_{kind}_": r"[\w.-]{20,}" for kind in ("tkn", "pw", "oauth")},
    **dict.fromkeys(("whsec_", "sntrys_", "sntryu_", "glc_"), _BASE64),
    **dict.fromkeys(("sq0atp-", "sq0csp-", "GOCSPX-", "AGE-SECRET-KEY-", "LTAI", "ABSK"), _WORD20),
    **dict.fromkeys(("ATATT3", "ATCTT3", "ATBB", "CLOJARS_", "EZAK", "EZTK", "sl."), r"[\w=-]{28,}"),
    "EAA": r"[A-Za-z0-9]{60,}",
    "pat": r"[A-Za-z0-9]{14}\.[0-9a-f]{40,}",
    "oy2": r"[a-z0-9]{43}",
    "GR1348941": _WORD16,
}
_UNLIKELY_RUN: Final = pattern(r"[A-Za-z0-9]{8,}")
_UNMARKED: Final = ((":AA", r"(?<!\d)(?:bot)?\d{8,10}:AA[\w-]{30,}"),
    ("-us", r"(?<![0-9a-z])[0-9a-f]{32}-us\d{1,2}(?!\d)"),
    ("Q~", r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}"),
    (".atlasv1.", r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}"),
    ("webhook.office.com/", r"webhook\.office\.com/webhookb2/[\w@/-]{40,}"),
)  # fmt: skip


def alternatives(bodies: Mapping[str, str]) -> str:
    """Return a pattern for any of the literal beginnings with its body, which looks at each character once.

    `re` tries alternatives one after the other, so a hundred of them are shared by their first letters.
    """
    first: dict[str, dict[str, str]] = {}
    for beginning, body in bodies.items():
        first.setdefault(beginning[:1], {})[beginning[1:]] = body
    ends = first.pop("", {"": None}).get("")
    each = [re.escape(letter) + alternatives(rest) for letter, rest in sorted(first.items())]
    each += [] if ends is None else [ends]
    return each[0] if len(each) == 1 else f"(?:{'|'.join(each)})"


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words; where one begins another, the shorter one."""
    kept: list[str] = []
    for word in sorted(words):
        if not (kept and word.startswith(kept[-1])):
            kept.append(word)
    return alternatives(dict.fromkeys(kept, ""))


# A likely one ends in an empty group, which says so.
_ISSUED: Final = pattern(
    lambda: rf"(?<![A-Za-z0-9]){alternatives({**_CERTAIN, **{key: f'{body}()' for key, body in _LIKELY.items()}})}"
)
_OTHERS: Final = tuple((mark, pattern(text)) for mark, text in _UNMARKED)
_MARKS: Final = tuple(mark for mark, _ in _UNMARKED)


def may_hold_issued(text: str) -> bool:
    """Whether something in the text begins as keys of known issuers do."""
    return _ISSUED.search(text) is not None or any(mark in text for mark in _MARKS)


def redact_issued(text: str, redacted: str) -> str:
    """Return the text without keys of known issuers."""
    if _ISSUED.search(text) is not None:
        text = _ISSUED.sub(lambda found: redacted if _credible(found) else found[0], text)
    for mark, other in _OTHERS:
        if mark in text:
            text = other.sub(redacted, text)
    return text


def _credible(found: re.Match[str]) -> bool:
    return found.lastindex is None or any(_drawn(run) for run in _UNLIKELY_RUN.findall(found[0]))


def _drawn(run: Any) -> bool:
    """Whether letters and digits in a row are no word: a digit among letters, or many digits."""
    digits = sum(map(str.isdigit, run))
    return digits >= 4 or 0 < digits < len(run)
