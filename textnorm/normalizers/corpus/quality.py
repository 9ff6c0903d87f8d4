"""A quality score of a text with its reasons.

The figures are those that corpus builders filter by: Gopher (Rae et al. 2021, table A1), C4 (Raffel et al. 2020) and
FineWeb (Penedo et al. 2024). They drop texts at fixed limits; here each figure has a limit up to which it is fine and
one from which it is wholly bad, and the score is the product of what each leaves: annotate first, drop later.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError, choices
from textnorm.protocols import Scope
from textnorm.terms.tables import AUTO, check_code, tables_for, tables_hash

NAME = "textnorm.quality.v1"
LABEL, RULE = "QUALITY", "quality.heuristics"
_WORD = re.compile(r"\S+")
_INNER = re.compile(r"\w+")
_BAD = re.compile(r"[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MARKUP = re.compile(r"[<>{}|\\]|</|==|&\w+;")
_BULLETS = tuple("•‣▪●○·*-–—►")
_ENDS = tuple(".!?…\"”“’')»")
_TERMINAL_LINES = 3


class Limit(NamedTuple):
    """Up to ``fine`` a figure costs nothing, from ``bad`` on everything; between them in proportion."""

    fine: float
    bad: float

    def severity(self, figure: float) -> float:
        """Return 0 to 1."""
        return min(1.0, max(0.0, (figure - self.fine) / (self.bad - self.fine)))


#: Reason -> limits of its figure. Where ``bad`` is below ``fine`` the figure may be too low.
LIMITS: dict[str, Limit] = {
    "few_words": Limit(10, 0),
    "short_words": Limit(3, 1.5),
    "long_words": Limit(10, 16),
    "words_without_letters": Limit(0.2, 0.6),
    "few_function_words": Limit(0.06, 0),
    "symbols": Limit(0.1, 0.4),
    "markup": Limit(0.02, 0.1),
    "digits": Limit(0.2, 0.6),
    "capitals": Limit(0.4, 1),
    "bullets": Limit(0.6, 1.01),
    "cut_off_lines": Limit(0.3, 1),
    "lines_without_end": Limit(0.7, 1.2),
    "repeated_lines": Limit(0.15, 0.6),
    "repeated_words": Limit(0.3, 0.8),
    "repeated_phrases": Limit(0.12, 0.5),
    "unreadable": Limit(0.0005, 0.02),
}


class Quality:
    """Scores texts; see :func:`make_quality`."""

    name = NAME
    scope: Scope = "text"
    idempotent = True
    version = "1"

    def __init__(self, lang: str, off: Sequence[str], limits: dict[str, Limit]) -> None:
        self.lang = lang
        self.limits = {name: limit for name, limit in limits.items() if name not in off}
        self.languages = () if lang in (AUTO, "") else (lang,)
        self.fingerprint = tables_hash(lang)

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return one annotation a text that holds anything but white space."""
        return Edits.from_rows(map(self._edits, texts))

    def score(self, text: str) -> tuple[float, list[dict[str, Any]], dict[str, float]]:
        """Return the score (0 to 1), the reasons why it is below 1 (the worst first) and all figures."""
        figures = self._figures(text)
        score = 1.0
        reasons: list[dict[str, Any]] = []
        for name, limit in self.limits.items():
            severity = limit.severity(figures[name]) if name in figures else 0.0
            if severity > 0:
                score *= 1 - severity
                reasons.append({"reason": name, "figure": round(figures[name], 4), "severity": round(severity, 4)})
        reasons.sort(key=lambda item: (-item["severity"], item["reason"]))
        return round(score, 4), reasons, figures

    def _edits(self, text: str) -> Iterator[Edit]:
        if text.strip():
            score, reasons, _ = self.score(text)
            yield Edit(0, len(text), None, LABEL, RULE, 1.0, {"score": score, "reasons": reasons})

    def _figures(self, text: str) -> dict[str, float]:
        words = _WORD.findall(text)
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        n, letters = max(1, len(words)), sum(map(str.isalpha, text))
        bare = [word.casefold() for word in _INNER.findall(text)]
        lengths = [len(word) for word in bare]
        figures: dict[str, float] = {
            "few_words": len(words),
            "words_without_letters": sum(not any(map(str.isalpha, word)) for word in words) / n,
            "symbols": (text.count("#") + text.count("…") + text.count("...")) / n,
            "markup": len(_MARKUP.findall(text)) / max(1, len(text)),
            "digits": sum(map(str.isdigit, text)) / max(1, sum(map(len, words))),
            "unreadable": len(_BAD.findall(text)) / max(1, len(text)),
            "bullets": sum(line.startswith(_BULLETS) for line in lines) / max(1, len(lines)),
            "cut_off_lines": sum(line.endswith(("…", "...")) for line in lines) / max(1, len(lines)),
            "repeated_lines": _repeated(lines),
        }
        if lengths:
            figures["short_words"] = figures["long_words"] = sum(lengths) / len(lengths)
        if letters >= 20:
            figures["capitals"] = sum(map(str.isupper, text)) / letters
        if len(lines) >= _TERMINAL_LINES:
            figures["lines_without_end"] = sum(not line.endswith(_ENDS) for line in lines) / len(lines)
        if len(bare) >= 20:
            figures["repeated_words"] = Counter(bare).most_common(1)[0][1] / len(bare)
            figures["repeated_phrases"] = _repeated_runs(bare, 5)
            stop = tables_for(text, self.lang).stop
            if stop or self.lang:  # of a language without a list nothing is known
                figures["few_function_words"] = sum(word in stop for word in bare) / len(bare)
        return figures


def _repeated(parts: Sequence[str]) -> float:
    """Return the share of characters in parts that stood before."""
    total = sum(map(len, parts))
    return sum(len(part) * (count - 1) for part, count in Counter(parts).items()) / total if total else 0.0


def _repeated_runs(words: Sequence[str], size: int) -> float:
    """Return the share of characters covered by runs of ``size`` words that stood before, each character once."""
    seen: set[tuple[str, ...]] = set()
    covered = [False] * len(words)
    for i in range(len(words) - size + 1):
        run = tuple(words[i : i + size])
        if run in seen:
            covered[i : i + size] = [True] * size
        seen.add(run)
    return sum(len(word) for word, hit in zip(words, covered, strict=True) if hit) / sum(map(len, words))


def make_quality(lang: str = AUTO, *, off: Sequence[str] = (), limits: dict[str, list[float]] | None = None) -> Quality:
    """Return the component registered as ``textnorm.quality.v1``.

    Args:
        lang: whose function words are counted: a code that ships, ``auto`` for the nearest, ``""`` for none.
        off: reasons that are left out.
        limits: for a reason the figure up to which all is fine and the one from which all is bad.

    Raises:
        ConfigError: a reason that does not exist, or limits that are no two different numbers.
        UnknownNameError: no such language.
    """
    check_code(lang)
    for name in (*off, *(limits or {})):
        if name not in LIMITS:
            msg = f"{NAME} knows no reason '{name}'. {choices(name, LIMITS)}"
            raise ConfigError(msg)
    own: dict[str, Limit] = {}
    for name, pair in (limits or {}).items():
        if len(pair) != 2 or pair[0] == pair[1] or not all(isinstance(x, int | float) for x in pair):
            msg = f"The option 'limits' of {NAME}: '{name}' takes two different numbers, not {pair!r}."
            raise ConfigError(msg)
        own[name] = Limit(*pair)
    return Quality(lang, off, {**LIMITS, **own})
