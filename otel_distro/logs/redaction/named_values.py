# SPDX-License-Identifier: Apache-2.0
"""Values that stand behind the name of a secret in a text: `name=value`, `"name": "value"`, `--name value`, and so on.

One search finds every name with what separates it from its value; what is found is then looked at in Python. A text is
walked through once: what was taken for a value is not searched again, and whatever may fail is bounded in length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from otel_distro.ground.patterns import pattern
from otel_distro.logs.redaction.issuers import any_of
from otel_distro.logs.redaction.keys import Judge, always, words
from otel_distro.logs.redaction.ordinary import SPOKEN_OF_OR_NAMED, Named, is_ordinary, last_word
from otel_distro.logs.redaction.spoken import is_drawn

# Each name of a secret has one of these in it, in lower case.
_CORES: Final = words(
    "pass pwd pw secret token key cred auth cookie jwt bearer session sid psk pin otp csrf xsrf codeverifier code_verifier"
    " assertion samlresponse"
)
_MOST: Final = 4096
_MOST_JUDGED: Final = 128
_LOOK_BACK: Final = 64
_HEADERS: Final = ("cookie", "cookie2", "authorization")

_SEPARATORS: Final = (
    # `=`, `:`, `=>`, `:=` and percent-encoded, after a closing quote or bracket
    r"[ \t]{0,8}(?P<assign>={1,3}>?|:=|:(?![:/])|%(?:25)?3[da])[ \t]{0,8}",
    # `name: DB_PASSWORD`, `value: x`, as Kubernetes and HAR files have it
    r"[,;\s]{1,40}[\\\"']{0,8}value[\\\"']{0,8}\s{0,4}(?P<entry>[:=])\s{0,4}",
    r"(?<=[\"'])(?P<pair>\s{0,4},\s{0,4})(?=b?[\\\"'])",
    r"(?P<option>[ \t]{1,4})(?=[^\s-])",
    r"(?P<element>>)",
    r"(?P<call>\((?:(?:value|key|secret|token|password)=)?(?=b?[\"']))",
)
_BEFORE_NAME: Final = pattern(r".*[^\w.-]", re.DOTALL)
_QUOTES: Final = pattern(r"(?<!\\)(\\*)([\"'`])")
_OPENING: Final = pattern(r"(?:[bruf]{1,2}(?=[\\\"'`]))?(\\{0,64})([\"'`])", re.IGNORECASE)
_BARE: Final = pattern(r"(?:[^\s,;&<>\"'`)\]}\\]|\\(?![\\\"'`nrtu])){1,128}")
_REST: Final = pattern(r"(?:[^\s,;&<>\"'`)\]}\\]|\\(?![\\\"'`nrtu]))+")
_LINE: Final = pattern(r"(?:[^\r\n\"'`\\]|\\(?![\\\"'`nrtu]))+")
_BLOCK: Final = pattern(r"[|>][+-]?\d?[ \t]*\r?\n((?:[ \t]+[^\r\n]*(?:\r?\n|\Z)){1,64})")
_ELEMENT: Final = pattern(r"[^<>]{1,4096}(?=</)")
_BRACKETS: Final = pattern(r"[\[\]{}]")
_SPEAKING: Final = pattern(r"[^\"']{1,64}[\"']|\{\s{0,4}[\w.-]{1,64}: ")
_ONE_TOKEN: Final = pattern(
    r"(?:bearer|basic|token|apikey|api-key|negotiate|ntlm|key|jwt|dpop|[a-z][\w-]{0,30}(?=[ \t]+(?=[^\s\d]{0,64}\d)[^\s,;:=]{8}))"
    r"[ \t]+(?![<${%*])[^\s\"'`,;\\<>]+",
    re.IGNORECASE,
)
_PARAMETERS: Final = pattern(r"(?:digest|hawk|oauth|aws4-hmac-sha256|signature)[ \t]+(?=\w+=)", re.IGNORECASE)
_TO_APOSTROPHE: Final = pattern(r"[^\r\n']+")
_TO_LINE_END: Final = pattern(r"[^\r\n]+")
_COOKIE: Final = pattern(r"[\w!#$%&'*+.^`|~-]{1,128}=")
_CLASS: Final = pattern(r"(?:[A-Z][a-z]+)*(?:Secret|Password|PASSWORD|Token|A(?:PI|pi)Key)(?:Str|Bytes)?")

# Where a value begins and ends, and what is to stand there; or whether it is quoted.
_Span = tuple[int, int, str]
_Extent = tuple[int, int, bool]


class NamedValues:
    """Finds the values of secret names in texts.

    Args:
        judge: returns how the values of a name are judged; None for names that announce no secret.
        additions: further names, beside those that everybody uses.
    """

    def __init__(self, judge: Callable[[str], Judge | None], additions: Iterable[str] = ()) -> None:
        self._judge = judge
        self.words = [*_CORES, *(name.lower() for name in additions if name)]
        self._found = pattern(self._names)

    def _names(self) -> str:
        return (
            rf"(?:{any_of(self.words)})(?=([\w.-]{{0,{_LOOK_BACK}}}))\1(?=(%(?:25)?22|[\\\"'`]{{0,64}}\]?))\2"
            rf"(?:{'|'.join(_SEPARATORS)})"
        )

    def redacted(self, text: str, lowered: str, marker: str) -> str:
        """Return the text with the marker in place of each value.

        Args:
            text: any text.
            lowered: the same in lower case, as long as `text` is.
            marker: what stands in place of a secret.
        """
        parts: list[str] = []
        end = position = 0
        while (found := self._found.search(lowered, position)) is not None:
            position = found.end(2) if found.lastgroup == "call" else found.end()  # `Bearer(token=…` has two names
            value = self._value(text, found, end, marker)
            if value is not None:
                start, stop, instead = value
                parts += text[end:start], instead
                end, position = stop, max(stop, position)
        return "".join([*parts, text[end:]]) if parts else text

    def _value(self, text: str, found: re.Match[str], begin: int, marker: str) -> _Span | None:
        """Return where the value of a name begins and ends, and what is to stand there; None if it is no secret."""
        kind = found.lastgroup or ""
        start = _begin_of_name(text, max(begin, found.start() - _LOOK_BACK), found.start())
        name, position = text[start : found.end(1)], found.end()
        judge = always if kind == "call" and _CLASS.fullmatch(name) else self._judge(name)
        if judge is None or text.startswith("[REDACTED", position) or not _is_separated(text, start, name, kind, found):
            return None
        extent = _extent(text, name, kind, found, position)
        if extent is None:
            return None
        first, last, quoted = extent
        bracket = not quoted and text[first] in "[{"
        if not bracket and is_ordinary(_named(text, start, found, extent)):
            return None
        if not judge(text[first:last]):
            return None
        if (
            not quoted
            and not bracket
            and last - first >= _MOST_JUDGED
            and (rest := _REST.match(text, last)) is not None
        ):
            last = rest.end()
        return first, last, f'"{marker}"' if bracket and found[2].endswith('"') else marker


def _named(text: str, start: int, found: re.Match[str], extent: _Extent) -> Named:
    """Return a value with what stands around it."""
    first, last, quoted = extent
    kind, separator = found.lastgroup, text[found.end(2) : first]
    spoken = not found[2] and (kind == "option" or (kind == "assign" and separator.lstrip()[:1] in ":%"))
    name = text[start : found.end(1)].lower().strip("-")
    before, after = text[max(start - 16, 0) : start], text[last : last + 64]
    return Named(name, text[first:last], quoted or kind == "element", spoken, before, separator, after)


def _begin_of_name(text: str, low: int, start: int) -> int:
    before = _BEFORE_NAME.match(text, low, start)
    begin = low if before is None else before.end()
    # What an escape consists of, as in `\npassword: x` and `%26password%3Dx`, belongs to no name.
    if text[begin - 1 : begin] == "\\" and begin < start and text[begin] in "nrt":
        return begin + 1
    return min(begin + 2, start) if text[begin - 1 : begin] == "%" else begin


def _is_separated(text: str, start: int, name: str, kind: str, found: re.Match[str]) -> bool:
    """Whether what stands between name and value is what it seems, judged by what stands before the name."""
    if kind == "option":
        return (
            (name.startswith("-") and text[found.end()] not in "-|")
            or (name == "PASSWORD" and text[found.end()] == "'")
            or (last_word(name.lower()) not in SPOKEN_OF_OR_NAMED - {"token", "key"} and is_drawn(text, found.end()))
        )
    if kind == "pair":
        return name.startswith("-") or text[max(start - 12, 0) : start].rstrip("b\"'\\")[-1:] in {"(", "["}
    if kind == "element":
        return text[max(start - 1, 0) : start] in {"<", ":"} and found[2] == ""
    if kind == "call":
        return _CLASS.fullmatch(name) is not None
    return True


def _extent(text: str, name: str, kind: str, found: re.Match[str], position: int) -> _Extent | None:
    """Return where a value begins and ends, and whether it is quoted."""
    if kind == "element":
        return _span(_ELEMENT.match(text, position))
    opening = _OPENING.match(text, position)
    if opening is not None:
        first = opening.end()
        last = _closing(text, first, len(opening[1]), opening[2])
        if kind == "pair" and not name.startswith("-") and not _closes_pair(text, first, last, opening[0]):
            return None
        return first, last, True
    if text[position : position + 1] in {"[", "{"}:
        return _bracketed(text, position, quoted=bool(found[2]))
    if (block := _BLOCK.match(text, position)) is not None:
        return block.start(1) + len(block[1]) - len(block[1].lstrip()), block.start(1) + len(block[1].rstrip()), False
    header = name.lower().rpartition("-")[2] in _HEADERS and kind == "assign"
    return (_header(text, name, position) if header else None) or _span(_BARE.match(text, position))


def _span(match: re.Match[str] | None) -> _Extent | None:
    return None if match is None else (match.start(), match.end(), False)


def _header(text: str, name: str, position: int) -> _Extent | None:
    """Return the extent of a header's value, which may have blanks in it."""
    if name.lower().endswith(("cookie", "cookie2")):
        return _span(_LINE.match(text, position)) if _COOKIE.match(text, position) else None
    if _PARAMETERS.match(text, position) is None:
        return _span(_ONE_TOKEN.match(text, position))
    return _span(
        (_TO_APOSTROPHE if "'" in text[max(position - 40, 0) : position] else _TO_LINE_END).match(text, position)
    )


def _closing(text: str, first: int, depth: int, quote: str) -> int:
    """Return where a quoted value ends: at a quote with as many backslashes as the one that opened it.

    JSON inside JSON doubles the backslashes and adds one: a quote of an outer text closes, one of an inner text does not.
    """
    most = min(len(text), first + _MOST)
    for found in _QUOTES.finditer(text, first, most):
        more = len(found[1]) - depth
        if found[2] == quote and (more <= 0 or more % (2 * (depth + 1)) == 0):
            return found.start() if more <= 0 else found.end(1) - depth
    return most


def _closes_pair(text: str, first: int, last: int, opening: str) -> bool:
    """Whether a pair ends here, and its second is a value: `["password", "email"]` lists names."""
    after = text[last : last + len(opening) + 8].lstrip("\\\"'` \t\n,")
    return after[:1] in {")", "]"} and not (
        text[first:last].isalpha() and text[first:last].islower() and after[0] == "]"
    )


def _bracketed(text: str, position: int, *, quoted: bool) -> _Extent | None:
    """Return the extent of a list or object; None for what only begins like one, as `{name}` in a template."""
    if not quoted and _SPEAKING.match(text, position) is None:
        return None
    depth, most = 0, min(len(text), position + _MOST)
    for found in _BRACKETS.finditer(text, position, most):
        depth += 1 if found[0] in "[{" else -1
        if depth == 0:
            return (position, found.end(), False) if found.end() - position > 2 else None
    return position, most, False
