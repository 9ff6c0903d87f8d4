"""The fallback: it answers what is near, abstains on the rest, and its probabilities mean what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from books import LT_HOUSE, load, matcher, of
from click.testing import CliRunner

from textnorm.cli import main
from textnorm.errors import UsageError
from textnorm.normalizers.phrasebook import make_phrasebook
from textnorm.normalizers.phrasebook.fallback import Nearest, NgramEncoder, load_encode


@pytest.fixture(scope="module")
def near():
    return make_phrasebook(str(LT_HOUSE), fallback="ngrams").fallback


def test_it_answers_what_is_near_and_nothing_else(near):
    found = near("nuvesk į artimiausią kavinę")
    assert found is not None and found.frame == "NavigateTo" and found.p >= 0.8
    assert found.slots["place"]["value"] == "kavinė"
    for text in ("vyriausybė patvirtino biudžetą", "šuo graužia kaulą", "?!", ""):
        assert near(text) is None


def test_its_probabilities_are_calibrated(near):
    """On perturbed phrasings that did not fit them."""
    features, right = near.trials(500, 99)
    p = near.probabilities(features)
    bins = [(p >= lo / 5) & (p < (lo + 1) / 5) for lo in range(5)]
    error = sum(b.sum() / len(p) * abs(p[b].mean() - right[b].mean()) for b in bins if b.any())
    assert error < 0.1
    sure = p >= 0.8
    assert sure.mean() > 0.1
    assert right[sure].mean() > 0.85
    assert ((p - right) ** 2).mean() < 0.9 * right.mean() * (1 - right.mean())


def test_any_callable_is_an_encoder(tmp_path):
    made = matcher(tmp_path, of("turn on the light", "play some music"))
    calls = []

    def encode(texts):
        calls.append(len(texts))
        return np.array([[1.0, "light" in text, "music" in text] for text in texts])

    near = Nearest.fit(made, encoder=encode, min_p=0.0)
    assert calls
    assert near("light please").phrasing == "turn on the light"


def test_an_unknown_encoder_is_a_mistake():
    with pytest.raises(UsageError, match="no-such-encoder"):
        load_encode("no-such-encoder")


def test_ngrams_do_not_depend_on_the_process(tmp_path):
    texts = ["įjungti šviesą", "išjungti šviesą"]
    encoder = NgramEncoder().fit(texts)
    rows = encoder(texts)
    assert rows.shape == (2, 2048)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert int((rows[0] > 0).argmax()) == 24


def test_in_the_command_and_the_edits(tmp_path):
    book = tmp_path / "book.yaml"
    load(tmp_path, of("turn on the [big] light", "play [some] music", "what time is it", "close the window"))
    args = ["phrases", "match", str(book), "--fallback", "ngrams", "--min-p", "0"]
    result = CliRunner().invoke(main, args, input="turn the on light\n")
    row = json.loads(result.stdout)
    assert row["frame"] == "F" and row["text_norm"] == "turn the on light"
    assert (row["edits"][0]["label"], row["edits"][0]["replacement"]) == ("NEAREST", None)
    assert row["edits"][0]["value"]["nearest"].startswith("turn on the")
