"""Language identification: an adapter over py3langid (Lui and Baldwin 2012, langid.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version as version_of
from typing import Any, Literal, get_args

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError, MissingExtraError, choices
from textnorm.protocols import Scope

Unit = Literal["text", "line"]

NAME = "textnorm.language.v1"
LABEL, RULE = "LANGUAGE", "language.langid"
#: ISO 639-2 for "undetermined".
UNDETERMINED = "und"
_LINE = re.compile(r"[^\n]*[^\s][^\n]*")


class LanguageId:
    """Says in which language a text is; see :func:`make_language`."""

    name = NAME
    languages: tuple[str, ...] = ()
    scope: Scope = "text"
    idempotent = True

    def __init__(self, candidates: Sequence[str], unit: Unit, min_p: float, min_letters: int) -> None:
        self.candidates = tuple(candidates)
        self.unit = unit
        self.min_p = min_p
        self.min_letters = min_letters
        self._identifier = _load(self.candidates)
        self.version = f"1+py3langid-{version_of('py3langid')}"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return one annotation a text (or line) that holds anything but white space."""
        return Edits.from_rows(self._edits(text) for text in texts)

    def identify(self, text: str) -> tuple[str, float]:
        """Return the ISO 639-1 code and its probability among the candidates; ``und`` and 0 for too few letters."""
        if sum(map(str.isalpha, text)) < self.min_letters:
            return UNDETERMINED, 0.0
        # The model reads bytes; half surrogate pairs have none.
        found, p = self._identifier.classify(text.encode("utf-8", "replace").decode("utf-8"))
        return str(found), min(1.0, round(float(p), 4))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self.unit == "line":
            yield from (match.span() for match in _LINE.finditer(text))
        elif text.strip():
            yield 0, len(text)

    def _edits(self, text: str) -> Iterator[Edit]:
        for start, end in self._spans(text):
            lang, p = self.identify(text[start:end])
            value: dict[str, Any] = {"lang": lang if p >= self.min_p else UNDETERMINED, "p": p}
            if value["lang"] != lang:
                value["nearest"] = lang
            yield Edit(start, end, None, LABEL, RULE, p, value)


def _load(candidates: tuple[str, ...]) -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtraError(NAME, "py3langid", "langid") from error
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = {str(code) for code in identifier.nb_classes}
    for code in candidates:
        if code not in known:
            msg = f"The option 'candidates' of {NAME}: the model knows no language '{code}'. {choices(code, known)}"
            raise ConfigError(msg)
    if candidates:
        identifier.set_languages(list(candidates))
    return identifier


def make_language(
    candidates: Sequence[str] = (), *, unit: Unit = "text", min_p: float = 0.0, min_letters: int = 3
) -> LanguageId:
    """Return the component registered as ``textnorm.language.v1``.

    Args:
        candidates: ISO 639-1 codes to choose from; empty for all that the model knows. Probabilities are among these.
        unit: what is one decision: the ``text``, or each ``line``.
        min_p: below this probability the language is ``und``; the value then names the ``nearest``.
        min_letters: with fewer letters the language is ``und``.

    Raises:
        ConfigError: an option's value makes no sense.
        MissingExtraError: py3langid is not installed.
    """
    if unit not in get_args(Unit):
        msg = f"The option 'unit' of {NAME} is one of {', '.join(get_args(Unit))}, not '{unit}'."
        raise ConfigError(msg)
    if not 0 <= min_p <= 1:
        msg = f"The option 'min_p' of {NAME} is a number from 0 to 1, not {min_p!r}."
        raise ConfigError(msg)
    if len(candidates) == 1:
        msg = f"The option 'candidates' of {NAME} names one language; between one there is nothing to choose."
        raise ConfigError(msg)
    return LanguageId(candidates, unit, min_p, min_letters)
