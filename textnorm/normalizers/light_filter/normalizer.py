"""The component: a sentence of low centrality is marked, or deleted where the user asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import log
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError
from textnorm.normalizers.light_filter.centrality import Encoder, dense_centrality, tfidf_centrality
from textnorm.protocols import Scope
from textnorm.terms.background import Background, load_background
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import AUTO, TermTables, check_code, tables_for, tables_hash
from textnorm.terms.words import Lemmas, check_lemmas, find_words, is_content, lemma_state, term_of

Action = Literal["mark", "mark-all", "delete"]
Weights = Literal["flat", "sentences"]
Newlines = Literal["break", "space"]

RULE = "light_filter.peripheral"
LABEL = "PERIPHERAL"


class SentenceScore(NamedTuple):
    """A sentence of a document.

    Attributes:
        start: its first code point.
        end: the code point after it.
        centrality: cosine to the rest of the document.
        rank: 0 for the most peripheral.
        masked: whether it is among the share to be left out.
    """

    start: int
    end: int
    centrality: float
    rank: int
    masked: bool


class LightFilter:
    """Finds the sentences that are peripheral to their document; see :func:`make_light_filter`."""

    name = "textnorm.light_filter.v1"
    scope: Scope = "document"

    def __init__(
        self,
        share: float = 0.1,
        *,
        lang: str = AUTO,
        action: Action = "mark",
        weights: Weights = "flat",
        lemmas: Lemmas = "auto",
        newlines: Newlines = "break",
        background: Background | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.share = share
        self.lang = lang
        self.action = action
        self.weights = weights
        self.lemmas: Lemmas = lemmas
        self.newlines = newlines
        self.background = background
        self.encoder = encoder
        self.languages = () if lang in (AUTO, "") else (lang,)
        self.idempotent = action != "delete"  # what is left has peripheral sentences of its own
        self.version = f"1+{lemma_state(lemmas)}"
        kind = None if encoder is None else getattr(encoder, "fingerprint", type(encoder).__qualname__)
        self.fingerprint = f"{tables_hash(lang)}+{background.digest() if background is not None else None}+{kind}"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return an annotation, or with ``delete`` a deletion, for each sentence of each text that is to be marked."""
        return Edits.from_rows(self._edits(text) for text in texts)

    def sentences(self, text: str) -> list[SentenceScore]:
        """Return the sentences of a document in order, with their centrality."""
        tables = tables_for(text, self.lang)
        spans = split_sentences(text, tables, newlines=self.newlines)
        if self.encoder is not None and spans:
            central = dense_centrality([text[start:end] for start, end in spans], self.encoder)
        else:
            bags = self._bags(text, spans, tables)
            central = tfidf_centrality(bags, self._idf(bags))
        # Of equals the later is the more peripheral. Rounded, so that the last bit of a sum decides nothing; no -0.0.
        values = [round(float(value), 6) + 0.0 for value in central]
        order = sorted(range(len(spans)), key=lambda i: (values[i], -i))
        ranks = {i: rank for rank, i in enumerate(order)}
        masked = int(self.share * len(spans) + 1e-9)
        return [SentenceScore(*spans[i], values[i], ranks[i], ranks[i] < masked) for i in range(len(spans))]

    def _bags(self, text: str, spans: Sequence[tuple[int, int]], tables: TermTables) -> list[list[str]]:
        words = iter(find_words(text, term_of(tables, self.lemmas)))
        word = next(words, None)
        bags: list[list[str]] = []
        for start, end in spans:
            bag: list[str] = []
            while word is not None and word.start < end:
                if word.start >= start and is_content(word.term, tables):
                    bag.append(word.term)
                word = next(words, None)
            bags.append(bag)
        return bags

    def _idf(self, bags: Sequence[Sequence[str]]) -> Callable[[str], float] | None:
        if self.background is not None:
            return self.background.idf
        if self.weights == "flat":
            return None
        counts = Counter(term for bag in bags for term in set(bag))
        return lambda term: log((len(bags) + 1) / counts[term])

    def _edits(self, text: str) -> list[Edit]:
        scores = self.sentences(text)
        out: list[Edit] = []
        for i, score in enumerate(scores):
            if not score.masked and self.action != "mark-all":
                continue
            value = {"sentence": i, "centrality": score.centrality, "rank": score.rank, "sentences": len(scores)}
            if self.action == "mark-all":
                value["masked"] = score.masked
            label = LABEL if score.masked else "SENTENCE"
            end, replacement = score.end, None
            if self.action == "delete":
                replacement = ""
                while end < len(text) and text[end] in " \t\u00a0":
                    end += 1
            out.append(Edit(score.start, end, replacement, label, RULE, 1.0, value))
        return out


def make_light_filter(
    share: float = 0.1,
    *,
    lang: str = AUTO,
    action: Action = "mark",
    weights: Weights = "flat",
    lemmas: Lemmas = "auto",
    newlines: Newlines = "break",
    background: str | None = None,
    encoder: Encoder | None = None,
) -> LightFilter:
    """Return the component registered as ``textnorm.light_filter.v1``.

    Args:
        share: of the sentences that is masked, 0 to 1, rounded down: of 9 sentences a tenth is none.
        lang: code of a language that ships, ``auto`` for the one with most function words in the text, or ``""``.
        action: ``mark`` annotates the masked sentences, ``mark-all`` every sentence, ``delete`` removes masked
            ones with the blanks behind them.
        weights: of terms: ``flat``, or ``sentences`` for the inverse frequency over the document's sentences.
        lemmas: ``auto``, ``simplemma`` (needs the extra ``lemmas``), ``endings`` or ``off``.
        newlines: ``break`` where a line end is a sentence end, ``space`` for hard-wrapped text.
        background: file of :class:`textnorm.terms.background.Background`; its IDF then weighs the terms.
        encoder: vectors of sentences instead of TF-IDF: anything with ``encode(texts)``; the options on terms then do
            nothing.

    Raises:
        ConfigError: an option's value does not exist, or a file cannot be used.
        UnknownNameError: no such language.
        MissingExtraError: ``lemmas = "simplemma"`` without the package.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        msg = f"The option 'share' of textnorm.light_filter.v1 is a number from 0 to 1, not {share!r}."
        raise ConfigError(msg)
    for name, value, known in (
        ("action", action, get_args(Action)),
        ("weights", weights, get_args(Weights)),
        ("newlines", newlines, get_args(Newlines)),
    ):
        if value not in known:
            msg = f"The option '{name}' of textnorm.light_filter.v1 is one of {', '.join(known)}, not '{value}'."
            raise ConfigError(msg)
    if encoder is not None and (isinstance(encoder, str) or not isinstance(encoder, Encoder)):
        kind = type(encoder).__name__
        msg = f"The option 'encoder' of textnorm.light_filter.v1 takes an object that encodes texts, not {kind}."
        raise ConfigError(msg)
    check_code(lang)
    check_lemmas(lemmas)
    return LightFilter(
        share,
        lang=lang,
        action=action,
        weights=weights,
        lemmas=lemmas,
        newlines=newlines,
        background=load_background(Path(background), lang, lemmas) if background is not None else None,
        encoder=encoder,
    )
