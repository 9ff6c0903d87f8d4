"""How many documents of a corpus hold a term: what makes a term rare, for TF-IDF."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textnorm.errors import ConfigError
from textnorm.terms.tables import AUTO, load_tables
from textnorm.terms.words import Lemmas, check_lemmas, find_words, lemma_state, term_of


@dataclass(frozen=True)
class Background:
    """Counts of a corpus.

    Attributes:
        lang: code of its language.
        lemmas: how its terms were found.
        state: the same with the version of the dictionary.
        documents: how many there are.
        counts: term to the number of documents that hold it.
    """

    lang: str
    lemmas: Lemmas
    state: str
    documents: int
    counts: Mapping[str, int]

    def idf(self, term: str) -> float:
        """Return ``log((N + 1) / (n + 1))``: 0 for a term of every document, most for one of none."""
        return math.log((self.documents + 1) / (self.counts.get(term, 0) + 1))

    def digest(self) -> str:
        """Return 16 hexadecimal digits that change with the counts."""
        facts = json.dumps([self.lang, self.state, self.documents, sorted(self.counts.items())])
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write the counts as JSON under a temporary name, then rename."""
        body = {
            "lang": self.lang,
            "lemmas": self.lemmas,
            "state": self.state,
            "documents": self.documents,
            "counts": dict(sorted(self.counts.items())),
        }
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(body, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
        part.replace(path)


def count_background(texts: Iterable[str], lang: str, *, lemmas: Lemmas = "auto", least: int = 1) -> Background:
    """Count the terms of a corpus, one document a text.

    Args:
        texts: documents of one language.
        lang: its code.
        lemmas: see :func:`textnorm.terms.words.term_of`.
        least: terms of fewer documents are left out (they count as unseen).

    Raises:
        UnknownNameError: no such language.
        MissingExtraError: lemmas are asked for that are not installed.
    """
    check_lemmas(lemmas)
    term = term_of(load_tables(lang), lemmas)
    counts: Counter[str] = Counter()
    documents = 0
    for text in texts:
        documents += 1
        counts.update({word.term for word in find_words(text, term)})
    kept = {name: n for name, n in counts.items() if n >= least}
    return Background(lang, lemmas, lemma_state(lemmas), documents, kept)


def load_background(path: Path, lang: str, lemmas: Lemmas) -> Background:
    """Read counts that :meth:`Background.save` wrote.

    Raises:
        ConfigError: no such file, not such a file, of another language than ``lang`` (``auto`` takes any), or its
            terms were found in another way than ``lemmas``.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"The background {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    except ValueError as error:
        msg = f"The background {path} is no JSON: {error}. Write it with Background.save."
        raise ConfigError(msg) from error
    try:
        documents, counts = int(body["documents"]), {str(name): int(n) for name, n in body["counts"].items()}
        found = Background(str(body["lang"]), body["lemmas"], str(body["state"]), documents, counts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"The background {path} lacks or breaks {error}. Write it with Background.save."
        raise ConfigError(msg) from error
    if lang not in (AUTO, found.lang):
        msg = f"The background {path} is of the language '{found.lang}', here it is '{lang}'."
        raise ConfigError(msg)
    if found.state != lemma_state(lemmas):
        msg = f"The background {path} has terms by '{found.state}', not by '{lemma_state(lemmas)}': count anew."
        raise ConfigError(msg)
    return found
