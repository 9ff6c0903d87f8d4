"""The component: the key phrases of a document as annotations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError
from textnorm.normalizers.keyphrases.candidates import Cluster, Span, find_candidates, read_clusters
from textnorm.normalizers.keyphrases.score import KeyPhrase, Weights, choose, score
from textnorm.protocols import Normalizer, Scope
from textnorm.terms.background import Background, load_background
from textnorm.terms.sentences import split_sentences
from textnorm.terms.tables import AUTO, check_code, tables_for, tables_hash
from textnorm.terms.words import Lemmas, check_lemmas, find_words, lemma_state, term_of

RULE = "keyphrases.tfidf"
LABEL = "KEYPHRASE"
#: Most words that a phrase may be allowed: all of their parts are looked at.
LONGEST = 10


class Keyphrases:
    """Finds the key phrases of documents; see :func:`make_keyphrases`."""

    name = "textnorm.keyphrases.v1"
    scope: Scope = "document"
    idempotent = True

    def __init__(
        self,
        top: int = 10,
        *,
        lang: str = AUTO,
        longest: int = 3,
        lemmas: Lemmas = "auto",
        position: bool = True,
        phrases: bool = True,
        background: Background | None = None,
        names: Normalizer | None = None,
    ) -> None:
        self.top = top
        self.lang = lang
        self.longest = longest
        self.lemmas: Lemmas = lemmas
        self.position = position
        self.phrases = phrases
        self.background = background
        self.names = names
        self.languages = () if lang in (AUTO, "") else (lang,)
        self.version = f"1+{lemma_state(lemmas)}"
        known = None if names is None else (names.name, names.version, getattr(names, "fingerprint", None))
        self.fingerprint = f"{tables_hash(lang)}+{background.digest() if background is not None else None}+{known}"

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return an annotation for each place of each key phrase."""
        named: Sequence[Iterable[Cluster] | None] = [None] * len(texts)
        if self.names is not None:
            edits = self.names(texts)
            named = [clusters_of(edits.row(i)) for i in range(len(texts))]
        return Edits.from_rows(self._edits(text, given) for text, given in zip(texts, named, strict=True))

    def extract(self, text: str, clusters: Iterable[Any] | None = None) -> list[KeyPhrase]:
        """Return the key phrases of a document, best first.

        Args:
            text: the document.
            clusters: its names, each ``{"canonical": …, "mentions": [[start, end], …]}`` in code points, as ``textnorm
                names`` writes them; a name then counts with all its forms and is written in its canonical one.

        Raises:
            DataError: a cluster that is none, or one outside the text.
        """
        names = read_clusters(clusters, len(text)) if clusters is not None else []
        tables = tables_for(text, self.lang)
        sentences = split_sentences(text, tables)
        words = find_words(text, term_of(tables, self.lemmas))
        candidates = find_candidates(text, words, sentences, names, tables, self.longest)
        weights = Weights(self.position, self.phrases, self.background.idf if self.background is not None else None)
        return choose(text, score(candidates, words, sentences, weights), self.top)

    def _edits(self, text: str, clusters: Iterable[Cluster] | None) -> list[Edit]:
        out: list[Edit] = []
        for rank, found in enumerate(self.extract(text, clusters), 1):
            value = {"phrase": found.phrase, "rank": rank, "score": found.score, "count": found.count}
            out.extend(Edit(start, end, None, LABEL, RULE, 1.0, value) for start, end in found.spans)
        return out


def clusters_of(edits: Iterable[Edit]) -> list[Cluster]:
    """Return the names that annotations tell of: those whose value has a ``cluster`` and a ``canonical``."""
    spans: dict[Any, list[Span]] = defaultdict(list)
    canonical: dict[Any, str] = {}
    for edit in edits:
        if isinstance(edit.value, dict) and "cluster" in edit.value and "canonical" in edit.value:
            key = str(edit.value["cluster"])
            spans[key].append((edit.start, edit.end))
            canonical.setdefault(key, str(edit.value["canonical"]))
    return [Cluster(canonical[key], tuple(found)) for key, found in spans.items()]


def make_keyphrases(
    top: int = 10,
    *,
    lang: str = AUTO,
    longest: int = 3,
    lemmas: Lemmas = "auto",
    position: bool = True,
    phrases: bool = True,
    background: str | None = None,
    names: Normalizer | None = None,
) -> Keyphrases:
    """Return the component registered as ``textnorm.keyphrases.v1``.

    Args:
        top: most phrases a document.
        lang: code of a language that ships, ``auto`` for the one with the most function words in the text, or ``""``.
        longest: most words of a phrase that is no name, 1 to 10.
        lemmas: ``auto``, ``simplemma`` (needs the extra ``lemmas``), ``endings`` or ``off``.
        position: weigh by where a phrase first stands.
        phrases: do not count a phrase within a longer one that recurs, favour longer phrases.
        background: file of :class:`textnorm.terms.background.Background`; without it all terms count as equally rare.
        names: a component whose annotations hold a ``cluster`` and a ``canonical`` (``textnorm.coref.v1``): names then
            count with all their forms.

    Raises:
        ConfigError: an option's value makes no sense, or a file cannot be used.
        UnknownNameError: no such language.
        MissingExtraError: ``lemmas = "simplemma"`` without the package.
    """
    for name, value, most in (("top", top, None), ("longest", longest, LONGEST)):
        if type(value) is not int or value < 1 or (most is not None and value > most):
            bound = "of 1 or more" if most is None else f"from 1 to {most}"
            msg = f"The option '{name}' of textnorm.keyphrases.v1 is a whole number {bound}, not {value!r}."
            raise ConfigError(msg)
    if names is not None and not isinstance(names, Normalizer):
        msg = f"The option 'names' of textnorm.keyphrases.v1 is a normalizer, not {type(names).__name__}."
        raise ConfigError(msg)
    check_code(lang)
    check_lemmas(lemmas)
    return Keyphrases(
        top,
        lang=lang,
        longest=longest,
        lemmas=lemmas,
        position=position,
        phrases=phrases,
        background=load_background(Path(background), lang, lemmas) if background is not None else None,
        names=names,
    )
