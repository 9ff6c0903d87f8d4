"""Words and hashes: the vectorised code against a plain one, and what counts as the same text."""

from __future__ import annotations

import csv
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.encoders.features import CLOSE, MAX_N, OPEN, FeatureSettings, document_frequency, features, fold
from textnorm.encoders.static import StaticEncoder
from textnorm.errors import UsageError

FULL = 2**64 - 1
BASE = 0x9E3779B97F4A7C15


def _mix(value):
    z = (value + BASE) & FULL
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & FULL
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & FULL
    return z ^ (z >> 31)


def _polynomial(codes):
    return sum(_mix(code) * pow(BASE, k, 2**64) for k, code in enumerate(codes)) & FULL


def _bucket(value, buckets):
    return ((_mix(value) >> 32) * buckets) >> 32


def _is_word(char):
    return unicodedata.category(char)[0] in "LMN" or char in "+#"


def _split(text, keep):
    return "".join(char if keep(char) else " " for char in text).split(" ")


def reference(text, options):
    """Return the rows of each word of a text, written as a person would."""
    folded = fold(text.replace("\n", " "), options)
    words = [word for word in _split(folded, _is_word) if word]
    words = words or [word for word in _split(folded, lambda char: not char.isspace()) if word] or [""]
    rows = []
    for word in words:
        codes = [ord(char) for char in word]
        own = [_bucket(_mix((_polynomial(codes) + len(word)) & FULL), options.buckets)]
        edged = [OPEN, *codes, CLOSE] if word else []
        for n in range(options.min_n, options.max_n + 1):
            own += [
                _bucket((_polynomial(edged[i : i + n]) + n) & FULL, options.buckets) for i in range(len(edged) - n + 1)
            ]
        rows.append(own)
    return rows


def rows_of(found, text):
    words = found.text_words[found.text_indptr[text] : found.text_indptr[text + 1]]
    return [found.word_rows[found.word_indptr[word] : found.word_indptr[word + 1]].tolist() for word in words]


TEXTS = st.text(st.one_of(st.sampled_from(" abcAB+#-—\n\u2028é\u0301ßİ護🚒"), st.characters(codec=None)), max_size=12)


@given(
    st.lists(TEXTS, min_size=1, max_size=6),
    st.sampled_from([(1, 1), (2, 4), (3, 3), (1, MAX_N)]),
    st.booleans(),
    st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_a_batch_gives_what_a_plain_loop_gives(texts, orders, case, accents):
    options = FeatureSettings(1009, *orders, fold_case=case, fold_accents=accents)
    found = features(texts, options)
    assert len(found.text_indptr) == len(texts) + 1
    assert [rows_of(found, i) for i in range(len(texts))] == [reference(text, options) for text in texts]


@given(st.lists(TEXTS, min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_texts_do_not_see_each_other(texts):
    options = FeatureSettings()
    together = features(texts, options)
    for i, text in enumerate(texts):
        assert rows_of(together, i) == rows_of(features([text], options), 0)


def _cases():
    with (Path(__file__).parent / "same.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


OPTIONS = {"": {}, "fold_accents": {"fold_accents": True}, "keep_case": {"fold_case": False}}


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["why"])
def test_what_counts_as_the_same_text(case):
    encoder = StaticEncoder.untrained(FeatureSettings(**OPTIONS[case["settings"].strip()]), dim=64)
    a, b = encoder.encode([case["a"], case["b"]])
    assert np.allclose(a, b, atol=1e-6) == (case["expected"] == "same")


def test_the_hash_is_the_same_for_ever():
    # A model stores rows by hash: another value here would make every saved model wrong without a word.
    found = features(["Nurse, C++", "šaltkalvis"], FeatureSettings())
    assert found.word_rows[[0, 1, 2, -1]].tolist() == [65817, 126231, 125003, 123866]
    assert int(found.word_rows.sum()) == 4175714


def test_the_hash_does_not_depend_on_the_process():
    code = "from textnorm.encoders.features import *; print(features(['Nurse'], FeatureSettings()).word_rows.tolist())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


@given(st.lists(TEXTS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_document_frequency_counts_texts(texts):
    options = FeatureSettings(97)
    expected = np.zeros(97, dtype=int)
    for text in texts:
        expected[sorted({row for word in reference(text, options) for row in word})] += 1
    assert document_frequency(features(texts, options), options).tolist() == expected.tolist()


def test_rows_spread_over_all_buckets():
    options = FeatureSettings(64)
    found = features([f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"], options)
    counts = np.bincount(found.word_rows, minlength=64)
    assert counts.min() > 0
    assert counts.max() < 4 * counts.mean()


@pytest.mark.parametrize(
    "wrong", [{"buckets": 0}, {"buckets": 2**31 + 1}, {"min_n": 0}, {"min_n": 4, "max_n": 3}, {"max_n": MAX_N + 1}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match="must"):
        FeatureSettings(**wrong)
