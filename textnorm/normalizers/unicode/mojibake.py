"""Text that was decoded in the wrong encoding, decoded again: ftfy's decision and replacement, as small edits.

ftfy (https://ftfy.readthedocs.io, Apache-2.0) flags a text by the unlikely neighbours in it and tries the encodings
that could have made them. Its test reads 8 MB/s, so :func:`suspicion` puts a wider and much faster pattern before it:
every text that ftfy flags matches (a property test holds it to that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from textnorm.edits import Edit
from textnorm.normalizers.unicode.level import trimmed

RULE = "unicode.mojibake"
#: ftfy's own account: one false positive in millions of texts; not quite certain.
CONFIDENCE = 0.95
#: Longer lines are cut here, as ``ftfy.fix_text`` does.
MAX_SEGMENT = 1_000_000

# Decoding again never makes, removes or moves these (a space may come back as U+00A0, "?" may stand for a lost byte).
_ANCHOR = re.compile("[!->@-~\t\r\n]")


@cache
def suspicion() -> re.Pattern[str]:
    """Return a pattern found in every text that ftfy's badness heuristic flags.

    It keeps two neighbours of each of the heuristic's alternatives. One leading class and one class of followers let
    the engine pass over ordinary accented text at full speed.
    """
    from ftfy.badness import MOJIBAKE_CATEGORIES

    kinds = {name.replace("_", "-"): chars for name, chars in MOJIBAKE_CATEGORIES.items()}

    def chars(names: str) -> str:
        return "".join(kinds.get(name, name) for name in names.split(" "))

    rows = [
        ("bad lower-accented upper-accented box start-punctuation end-punctuation currency numeric law", "bad", ""),
        ("lower-common upper-common", "bad", ""),
        ("bad", "lower-accented upper-accented box start-punctuation end-punctuation currency numeric law", ""),
        ("lower-accented lower-common box end-punctuation currency numeric", "upper-accented", ""),
        ("box end-punctuation currency numeric", "lower-accented", ""),
        ("lower-accented upper-accented box end-punctuation", "currency", ""),
        ("upper-accented box", "numeric law", ""),
        # Quotation marks behind an accented letter are common and right, so here the third character counts.
        ("lower-accented upper-accented", "start-punctuation end-punctuation", r"\w numeric start-punctuation"),
        ("currency numeric box law end-punctuation", "start-punctuation end-punctuation", ""),
        ("box", "kaomoji end-punctuation", ""),
        ("lower-accented upper-accented currency numeric start-punctuation end-punctuation law", "box", ""),
        ("upper-accented", "°", ""),
        ("ÂÃÎÐ", "€œŠš¢£Ÿž\xa0\xad®©°·»–—´ start-punctuation end-punctuation", ""),
        ("×à", "²³µ¹¼½¾", ""),
        ("ØÙ", "common currency bad numeric start-punctuation ŸŠ®°µ»", ""),
        ("√≈‚", "±∂†≠®™´≤≥¥µø°¢Äâó", ""),
        ("вāβ", "Ђ€", ""),
        ("ВГРС", "c1 bad start-punctuation end-punctuation currency °µў", ""),
        ("ΒΓΞΟ", "c1 bad start-punctuation end-punctuation currency °", ""),
    ]
    pairs = [(chars(left), chars(right), chars(third)) for left, right, third in rows]
    first, second = ("".join(pair[k] for pair in pairs) for k in (0, 1))
    c1 = kinds["c1"]
    tails = [f"(?<=[{left}])[{right}]" + (f"(?=[{third}])" if third else "") for left, right, third in pairs]
    # A small letter, an accented capital and opening punctuation: "sÅ‚", not "Š„".
    tails.append(f"(?<=[a-z][{kinds['upper-accented']}])[{kinds['start-punctuation']}]")
    return re.compile(f"[{c1}{first}ŒœÃÂ](?:(?<=[{c1}])|(?=[{second}])(?:{'|'.join(tails)})|(?<=[ŒœÃÂ])[^A-Za-z])")


class MojibakeLevel:
    """Decodes again the lines that ftfy flags."""

    chars = ""

    def needs(self, text: str, start: int = 0) -> int | None:
        """See :class:`~textnorm.normalizers.unicode.level.Level`."""
        if text.isascii():
            return None
        match = suspicion().search(text, start)
        return None if match is None else match.start()

    def edits(self, text: str) -> list[Edit]:
        """Return edits that give, line by line, exactly what ``ftfy.fix_encoding`` gives."""
        from ftfy import fix_encoding_and_explain
        from ftfy.badness import is_bad

        out: list[Edit] = []
        for start, line in _segments(text):
            if line.isascii() or not is_bad(line):
                continue
            fixed, plan = fix_encoding_and_explain(line)
            if fixed != line:
                value = {"plan": [list(step) for step in plan or ()]}
                out.extend(align(start, line, fixed, value))
        return out


def _segments(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        end = min(end, start + MAX_SEGMENT)
        yield start, text[start:end]
        start = end


def align(start: int, old: str, new: str, value: Any) -> list[Edit]:
    """Return small edits that turn ``old`` at ``start`` into ``new``.

    The ASCII characters that no decoding touches are the same on both sides, so they cut the line into short pieces;
    where a piece has as many spaces on both sides it is cut there too. What is left differs as a whole.
    """
    a, b = [m.start() for m in _ANCHOR.finditer(old)], [m.start() for m in _ANCHOR.finditer(new)]
    if [old[k] for k in a] != [new[k] for k in b]:
        a, b = [], []
    out: list[Edit] = []
    for (a0, a1), (b0, b1) in zip(pairwise([-1, *a, len(old)]), pairwise([-1, *b, len(new)]), strict=True):
        out.extend(_pieces(start + a0 + 1, old[a0 + 1 : a1], new[b0 + 1 : b1], value))
    return out


def _pieces(start: int, old: str, new: str, value: Any) -> Iterator[Edit]:
    if old == new:
        return
    olds, news = old.split(" "), new.split(" ")
    if len(olds) != len(news):
        olds, news = [old], [new]
    for one, two in zip(olds, news, strict=True):
        if one != two:
            yield trimmed(start, one, two, RULE, CONFIDENCE, value)
        start += len(one) + 1


def make_mojibake() -> MojibakeLevel:
    """Return the level that mends mojibake."""
    return MojibakeLevel()
