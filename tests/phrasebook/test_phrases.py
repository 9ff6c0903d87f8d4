"""Literal phrases: the fast matcher gives what a slow one gives, on any Unicode text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.normalizers.phrasebook.phrases import PhraseMatcher, fold_char, is_boundary


def reference(phrases, text, diacritics=False):
    """All substrings, longest valid, leftmost: the definition, nothing clever."""

    def fold(part):
        return "".join(fold_char(char, diacritics) for char in part)

    wanted = {fold(phrase): value for phrase, value in phrases.items()}
    longest = max(map(len, wanted), default=0)
    found, at = [], 0
    while at < len(text):
        best = None
        if is_boundary(text, at) and fold(text[at]):
            folded = ""
            for end in range(at + 1, len(text) + 1):
                folded += fold(text[end - 1])
                if len(folded) > longest:
                    break
                ends_whole = end == len(text) or fold(text[end])
                if folded in wanted and is_boundary(text, end) and ends_whole:
                    best = (at, end, wanted[folded])
        if best is None:
            at += 1
        else:
            found.append(best)
            at = best[1]
    return found


#: Few letters, so that phrases hit; characters that fold to two, to none, or change their length; marks; signs.
SMALL = st.text(alphabet="aAbėĖßİıſﬁ .,-'_#+5\u0301\u0328\u0130\u212a", max_size=30)
PHRASES = st.lists(st.text(alphabet="aAbėßİſ .-'_#+5\u0301", min_size=1, max_size=5), max_size=12)


def usable(phrases, diacritics):
    return {p: i for i, p in enumerate(phrases) if "".join(fold_char(c, diacritics) for c in p)}


@settings(max_examples=600, deadline=None)
@given(PHRASES, SMALL, st.booleans())
def test_equals_the_reference_on_few_letters(phrases, text, diacritics):
    wanted = usable(phrases, diacritics)
    assert PhraseMatcher(wanted, diacritics=diacritics).find(text) == reference(wanted, text, diacritics)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.text(max_size=40), st.booleans())
def test_equals_the_reference_on_any_unicode(data, text, diacritics):
    """Phrases are cut from the text itself, so that any character can be inside one."""
    spans = st.tuples(st.integers(0, len(text)), st.integers(1, 6))
    cut = [text[a : a + n] for a, n in data.draw(st.lists(spans, max_size=6))]
    wanted = usable([p for p in cut if p], diacritics)
    assert PhraseMatcher(wanted, diacritics=diacritics).find(text) == reference(wanted, text, diacritics)


@pytest.mark.parametrize(
    ("phrases", "text", "found"),
    [
        (["lis"], "dėlis, gėlis ir lis", ["lis"]),  # a letter that is not ASCII is no boundary
        (["pienas", "pienas ir"], "Pienas irklas", ["Pienas"]),  # the longer one fails, the shorter one stays
        (["a b", "b c", "c"], "a b c", ["a b", "c"]),  # what a lost phrase held is found
        (["naktinė"], "Naktinė\u0301 naktinė", ["naktinė"]),  # a mark behind belongs to the letter
        (["straße"], "STRASSE Straße", ["STRASSE", "Straße"]),  # folds to more letters, offsets stay
        (["istanbul"], "İstanbul istanbul", ["istanbul"]),
        (["c++", "c#"], "C++ ir C# ir c+", ["C++", "C#"]),  # signs at the edges
        (["po pietų"], "po, pietų po pietų", ["po pietų"]),  # no joining over a comma
        (["5 kg"], "15 kg 5 kg", ["5 kg"]),
    ],
)
def test_boundaries_and_folding(phrases, text, found):
    hits = PhraseMatcher({p: p for p in phrases}).find(text)
    assert [text[a:b] for a, b, _ in hits] == found


def test_diacritics_are_folded_where_asked():
    text = "Naktine s\u030cviesa, naktinė"
    hits = PhraseMatcher({"naktinė": 1, "šviesa": 2}, diacritics=True).find(text)
    assert [(text[a:b], v) for a, b, v in hits] == [("Naktine", 1), ("s\u030cviesa", 2), ("naktinė", 1)]


def test_offsets_count_code_points():
    text = "\U0001f600 " + unicodedata.normalize("NFC", "šviesa")
    assert PhraseMatcher({"šviesa": "x"}).find(text) == [(2, 8, "x")]


def test_an_empty_phrase_is_refused():
    with pytest.raises(ValueError, match="empty"):
        PhraseMatcher({"": 1})
    assert PhraseMatcher({}).find("a") == []
