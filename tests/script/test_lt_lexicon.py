"""Conjugation, and the words that lt-diacritics is trained on beside the legal acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from textnorm.bench.lt_lexicon import words
from textnorm.languages.lt.grammar import UnknownParadigmError
from textnorm.languages.lt.verbs import conjugate
from textnorm.resources import rules_dir

CASES = [
    line.split("\t") for line in (Path(__file__).parent / "lt_verbs.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


@pytest.mark.parametrize(("infinitive", "present", "past", "kind", "form"), CASES)
def test_form(infinitive, present, past, kind, form):
    assert (kind, form) in set(conjugate(infinitive, present, past))


@pytest.mark.parametrize(
    "parts", [("rašau", "rašo", "rašė"), ("rašyti", "rašy", "rašė"), ("tikėtis", "tikysi", "tikėjosi")]
)
def test_parts_that_are_none(parts):
    with pytest.raises(UnknownParadigmError):
        list(conjugate(*parts))


def test_words_of_our_tables():
    found = words(rules_dir() / "script" / "lt")
    for word in ("šventė", "žmonėms", "parašė", "neturėjo", "gražią", "metų"):
        assert found[word] > 0, word
    assert found["sakė"] > found["sakę"]
    assert all(count > 0 for count in found.values())
    assert all(word == word.lower() and " " not in word for word in found)
