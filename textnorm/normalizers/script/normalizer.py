"""The normalizer: units of text, decided by a script model, as edits with confidence and alternatives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from textnorm.edits import Edit, Edits, EditsBuilder
from textnorm.errors import ConfigError, MissingExtraError, choices
from textnorm.normalizers.script import store
from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.casing import recase
from textnorm.protocols import Scope

LABEL = "SCRIPT"
LEMMAS = ("off", "auto", "on")
#: A sentence is of another language if it has this many letters and that is this probable.
LEAST_LETTERS, SURE = 12, 0.9
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
#: Code points of text that are read at once.
CHUNK = 400_000
#: Alternatives that an edit names, and the least probability of one.
ALTERNATIVES, LEAST = 3, 0.01
#: What is no running text: addresses, mentions, file names, words with digits or signs inside.
LEFT_ALONE = re.compile(
    r"""[a-z][a-z0-9+.-]*://\S+            # addresses
    | www\.\S+
    | \S+@\S+                              # mail, mentions
    | [#@][\w.-]+
    | \S*[\\_~<>{}|=^]\S*                  # code, paths, markup
    | (?:/?[\w.-]+/){2,}[\w.-]*
    | \b(?:[\w-]+\.)+(?:lt|com|org|net|eu|info|biz|io|lv|ee|pl|de|uk|ru|ir|iq|pk|in|gov|edu)\b(?:/\S*)?
    | \b[\w-]+\.(?:txt|pdf|docx?|xlsx?|jpe?g|png|gif|html?|zip|csv|json|py|mp[34])\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: An apostrophe inside a word of a cased script: a foreign name with an ending.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’‘ʼ](?=[^\W\d_])")
_SUSPECT = re.compile(r"[@#_/\\~<>{}|=^]|\.\w|www", re.IGNORECASE)


class ScriptNormalizer:
    """Repairs words that were written in the letters of another script, or without their own.

    The text of one row is a document, or all rows that ``--document`` joins: one writer replaces a letter the same way
    throughout, so the document says how much is to be repaired.

    Attributes:
        name, version, languages, scope: see :class:`~textnorm.protocols.Normalizer`.
        model: the script model.
        fingerprint: hash of the model's folder.
    """

    name = "textnorm.script.v1"
    version = "1"
    scope: Scope = "document"

    def __init__(
        self,
        model: str,
        *,
        gate: bool = True,
        adapt: bool = True,
        lexicon: bool = True,
        lemmas: str = "off",
        identify: str = "off",
    ) -> None:
        self._options = {
            "model": str(store.find(model)),
            "gate": gate,
            "adapt": adapt,
            "lexicon": lexicon,
            "lemmas": lemmas,
            "identify": identify,
        }
        self.model, self.manifest = store.read(model)
        self.languages: tuple[str, ...] = (self.manifest["lang"],)
        self.rule = f"script.{self.manifest['name']}"
        asked = _dictionary(lemmas, self.manifest["lang"])
        self.model.memo.asked = asked
        self._other = _identifier(identify, self.manifest["lang"])
        used = [asked is not None, self._other is not None]
        facts = [*self.manifest["arrays"].values(), str(used), str(self.manifest["settings"])]
        facts += [str(self.manifest["arcs"]), str(self.manifest.get("memory"))]
        self.fingerprint = sha256(" ".join(facts).encode()).hexdigest()[:32]
        settings = self.model.settings
        if not gate:
            settings = replace(settings, margin=0.0)
        if not adapt:  # without a document's evidence the gate would have nothing to weigh
            settings = replace(settings, adapting=Adapting(rounds=-1), margin=0.0)
        self.model.settings = settings
        if not lexicon:
            self.model.context = None
        letters = re.escape("".join(sorted(self.model.letters)))
        digits = r"\d" if settings.fold else ""
        # A unit beside another letter is part of a word that mixes scripts.
        self._foreign = re.compile(rf"[^\W\d_{letters}{digits}]") if not digits else re.compile(rf"[^\W_{letters}]")

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (dict(self._options),)

    def __repr__(self) -> str:
        return f"ScriptNormalizer({self.manifest['name']!r})"

    def describe(self, rule: str) -> str:
        """Say what a rule of this component does."""
        if rule != self.rule:
            return ""
        return f"read by the script model {self.manifest['name']}: letters of the language put back"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text, labelled ``SCRIPT``."""
        builder = EditsBuilder()
        first = size = 0
        for i, text in enumerate(texts):
            size += len(text)
            if size >= CHUNK or i + 1 == len(texts):
                self._read(texts[first : i + 1], builder)
                first, size = i + 1, 0
        return builder.build()

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the units of a text that may be edited."""
        found = self.model.spans(text)
        if not found:
            return found
        if _SUSPECT.search(text):
            kept = [m.span() for m in LEFT_ALONE.finditer(text)]
            found = [(a, b) for a, b in found if not any(a < d and c < b for c, d in kept)]
        if self.model.settings.fold:
            marks = [m.start() for m in _APOSTROPHE.finditer(text)]
            if marks:
                found = [(a, b) for a, b in found if not any(b == at or a == at + 1 for at in marks)]
        if self._other is not None:
            others = [m.span() for m in _SENTENCE.finditer(text) if self._other(m.group())]
            if others:
                found = [(a, b) for a, b in found if not any(a < d and c < b for c, d in others)]
        foreign = self._foreign
        if foreign.search(text):
            size = len(text)
            found = [
                (a, b)
                for a, b in found
                if not (a and foreign.match(text, a - 1)) and not (b < size and foreign.match(text, b))
            ]
        return found

    def _read(self, texts: Sequence[str], builder: EditsBuilder) -> None:
        model = self.model
        folded = [_fold(text) for text in texts] if model.settings.fold else list(texts)
        spans = [self.spans(text) for text in folded]
        found = model.read(folded, spans)
        changed = np.flatnonzero(found.best != found.same)
        rows: dict[int, list[Edit]] = {}
        offsets, readings = found.rows.offsets, found.rows.reading
        for k in changed.tolist():
            i, a, b = int(found.text[k]), int(found.start[k]), int(found.end[k])
            source = texts[i][a:b]
            new = model.memo.texts[readings[found.best[k]]]
            if model.settings.fold:
                new = recase(source, new)
            if new == source:
                continue
            others: list[dict[str, Any]] = []
            part = np.arange(offsets[k], offsets[k + 1])
            for row in part[np.argsort(-found.logp[part], kind="stable")].tolist():
                p = float(np.exp(found.logp[row]))
                if p < LEAST or len(others) == ALTERNATIVES:
                    break
                if row != found.best[k]:
                    others.append({"text": model.memo.texts[readings[row]], "p": round(p, 4)})
            confidence = round(float(np.exp(found.logp[found.best[k]])), 4)
            value = {"alternatives": others} if others else None
            rows.setdefault(i, []).append(Edit(a, b, new, LABEL, self.rule, confidence, value))
        for i in range(len(texts)):
            builder.add_row(rows.get(i, ()))


def _fold(text: str) -> str:
    """Return a text in lower case, character by character, so that offsets stay."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


def _dictionary(lemmas: str, lang: str) -> Callable[[str], bool] | None:
    """Return what says whether a word stands in simplemma's dictionary of a language.

    Raises:
        ConfigError: ``lemmas`` has none of its values.
        MissingExtraError: it is ``on`` and simplemma is not installed.
    """
    if lemmas not in LEMMAS:
        msg = f"'lemmas' cannot be {lemmas!r}. {choices(lemmas, LEMMAS)}"
        raise ConfigError(msg)
    if lemmas == "off":
        return None
    try:
        from simplemma import is_known
    except ImportError as error:
        if lemmas == "on":
            feature = 'lemmas = "on"'
            raise MissingExtraError(feature, "simplemma", "lemmas") from error
        return None
    return partial(is_known, lang=lang)


def _identifier(identify: str, lang: str) -> Callable[[str], bool] | None:
    """Return what says whether a sentence is surely of another language (Lui and Baldwin 2012).

    Raises:
        ConfigError: ``identify`` has none of its values.
        MissingExtraError: it is ``on`` and py3langid is not installed.
    """
    if identify not in LEMMAS:
        msg = f"'identify' cannot be {identify!r}. {choices(identify, LEMMAS)}"
        raise ConfigError(msg)
    if identify == "off":
        return None
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        if identify == "on":
            feature = 'identify = "on"'
            raise MissingExtraError(feature, "py3langid", "langid") from error
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def other(sentence: str) -> bool:
        if sum(map(str.isalpha, sentence)) < LEAST_LETTERS:
            return False
        found, p = identifier.classify(sentence)
        return bool(found != lang and p >= SURE)

    return other


def _again(options: dict[str, Any]) -> ScriptNormalizer:
    return ScriptNormalizer(**options)


def make_script(
    model: str,
    *,
    gate: bool = True,
    adapt: bool = True,
    lexicon: bool = True,
    lemmas: Literal["off", "auto", "on"] = "off",
    identify: Literal["off", "auto", "on"] = "off",
) -> ScriptNormalizer:
    """Return a script normalizer.

    Args:
        model: name of a shipped model, or the folder of one.
        gate: whether a word is left alone unless its reading beats it by the model's margin.
        adapt: whether a document says how strongly its writer replaces letters; without that there is no gate, either.
        lexicon: whether known words and their neighbours count beside the character model.
        lemmas: whether the dictionary of the package simplemma is asked about words that the model does not know:
            ``off``, ``on``, or ``auto`` (where it is installed; the fingerprint says which).
        identify: whether sentences that the package py3langid takes for another language are left alone; the same
            values. Not for a language that it takes for its neighbour once it is written in the neighbour's letters.

    Raises:
        UsageError: there is no such model.
        DataError: its files cannot be used.
        MissingExtraError: ``lemmas`` or ``identify`` is ``on`` and its package is not installed.
    """
    return ScriptNormalizer(model, gate=gate, adapt=adapt, lexicon=lexicon, lemmas=lemmas, identify=identify)
