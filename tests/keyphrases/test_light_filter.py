"""Light filtering: the mask, its share, its two ways of measuring centrality."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textnorm import conformance, load
from textnorm.errors import ConfigError, DataError, UnknownNameError
from textnorm.normalizers.light_filter import LightFilter, make_light_filter
from textnorm.normalizers.light_filter.centrality import dense_centrality, tfidf_centrality
from textnorm.terms.background import count_background

ABOUT_A_BRIDGE = (
    "Senasis tiltas per upę bus remontuojamas. Tilto remontas prasidės pavasarį. Upės krantinė prie tilto "
    "bus uždaryta. "
    "Šuo suėdė dešrą. Remontuojamas tiltas sujungs abu upės krantus. Krantinės remontas truks metus. "
    "Tiltą per upę statė prieš karą. Tilto atramos upėje sutrūko. Krantinę prie upės sutvirtins. "
    "Remontas kainuos brangiai."
)


@pytest.mark.parametrize("lemmas", ["auto", "endings"])
def test_the_odd_sentence_is_masked(lemmas: str) -> None:
    (edit,) = make_light_filter(0.1, lang="lt", lemmas=lemmas)([ABOUT_A_BRIDGE]).row(0)
    assert ABOUT_A_BRIDGE[edit.start : edit.end] == "Šuo suėdė dešrą."
    assert edit.replacement is None
    assert edit.label == "PERIPHERAL"
    assert str(edit.value["centrality"]) == "0.0"
    assert edit.value == {"sentence": 3, "centrality": 0.0, "rank": 0, "sentences": 10}


def test_inflection_matters() -> None:
    """Without lemmas the cases of a noun are different words: what belongs together looks less so."""
    plain = make_light_filter(lang="lt", lemmas="off").sentences(ABOUT_A_BRIDGE)
    merged = make_light_filter(lang="lt", lemmas="endings").sentences(ABOUT_A_BRIDGE)
    assert sum(score.centrality for score in merged) > 1.5 * sum(score.centrality for score in plain)


@pytest.mark.parametrize(("share", "masked"), [(0, 0), (0.05, 0), (0.1, 1), (0.29, 2), (0.3, 3), (1, 10)])
def test_the_share_is_rounded_down(share: float, masked: int) -> None:
    assert len(make_light_filter(share, lang="lt")([ABOUT_A_BRIDGE]).row(0)) == masked


def test_mark_all_tells_of_every_sentence() -> None:
    row = make_light_filter(0.2, lang="lt", action="mark-all")([ABOUT_A_BRIDGE]).row(0)
    assert [edit.value["sentence"] for edit in row] == list(range(10))
    assert sorted(edit.value["rank"] for edit in row) == list(range(10))
    for edit in row:
        assert edit.value["masked"] == (edit.value["rank"] < 2) == (edit.label == "PERIPHERAL")


def test_delete_takes_the_blank_too_and_can_be_undone() -> None:
    edits = make_light_filter(0.1, lang="lt", action="delete")([ABOUT_A_BRIDGE])
    (out,) = edits.apply([ABOUT_A_BRIDGE])
    assert out == ABOUT_A_BRIDGE.replace("Šuo suėdė dešrą. ", "")
    assert edits.invert([ABOUT_A_BRIDGE]).apply([out]) == [ABOUT_A_BRIDGE]


def test_of_equals_the_later_goes_first() -> None:
    scores = make_light_filter(0.5, lang="lt").sentences("Aaa. Bbb. Ccc. Ddd.")
    assert [score.masked for score in scores] == [False, False, True, True]


def test_a_background_weighs_terms() -> None:
    text = "Miestas mini šventę. Šventė bus mieste. Miestas laukia robotų. Robotai atvyko."
    background = count_background(["miestas šventė"] * 50 + ["robotai"], "lt")
    plain = LightFilter(0.25, lang="lt").sentences(text)
    weighed = LightFilter(0.25, lang="lt", background=background).sentences(text)
    assert plain[3].masked
    assert not weighed[3].masked
    assert LightFilter(lang="lt").fingerprint != LightFilter(lang="lt", background=background).fingerprint


# -- centrality is what it says --------------------------------------------------------------------------------------
def _by_hand(vectors: np.ndarray) -> list[float]:
    """The definition, without the algebra: cosine of a unit vector to the sum of the other unit vectors."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    out = []
    for i in range(len(unit)):
        rest = np.delete(unit, i, axis=0).sum(axis=0)
        size = np.linalg.norm(rest) * np.linalg.norm(unit[i])
        out.append(float(unit[i] @ rest / size) if size > 1e-6 else 0.0)
    return out


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=7))
def test_tfidf_is_the_cosine_to_the_rest(sentences: list[list[str]]) -> None:
    idf = {term: 1.0 + i for i, term in enumerate("abcdef")}
    table = np.array(
        [[(1 + math.log(s.count(t))) * idf[t] if t in s else 0.0 for t in "abcdef"] for s in sentences]
    ).reshape(len(sentences), 6)
    assert tfidf_centrality(sentences, idf.__getitem__) == pytest.approx(_by_hand(table), abs=1e-6)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=1, max_size=6))
def test_dense_is_the_cosine_to_the_rest(rows: list[list[int]]) -> None:
    vectors = np.array(rows, dtype=float)
    assert dense_centrality(["x"] * len(rows), Fixed(vectors)) == pytest.approx(_by_hand(vectors), abs=1e-5)


class Fixed:
    """An encoder that knows its answer."""

    def __init__(self, vectors: Any) -> None:
        self.vectors = vectors

    def encode(self, texts: list[str]) -> Any:
        return self.vectors


class Counting:
    """An encoder of three numbers, of which one tells whether a dog is there."""

    def encode(self, texts: list[str]) -> Any:
        return np.array([[1.0, "Šuo" in text, 0.1] for text in texts])


def test_any_encoder_will_do() -> None:
    (edit,) = make_light_filter(0.1, lang="lt", encoder=Counting())([ABOUT_A_BRIDGE]).row(0)
    assert ABOUT_A_BRIDGE[edit.start : edit.end] == "Šuo suėdė dešrą."
    assert make_light_filter(encoder=Counting())([""]).count == 0


@pytest.mark.parametrize("bad", [np.zeros(10), np.zeros((3, 2)), np.full((10, 2), np.nan)])
def test_an_encoder_that_fails_is_told(bad: Any) -> None:
    with pytest.raises(DataError, match="one finite row"):
        make_light_filter(lang="lt", encoder=Fixed(bad))([ABOUT_A_BRIDGE])


# -- the component ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("action", ["mark", "mark-all", "delete"])
def test_it_keeps_the_contract(action: Any) -> None:
    made = make_light_filter(0.3, action=action)
    assert conformance.check(made, [ABOUT_A_BRIDGE], registered="textnorm.light_filter.v1") == []


@pytest.mark.parametrize("text", ["", " \n ", "Vienas sakinys.", "...", "\ud83d"])
def test_texts_with_nothing_to_leave_out(text: str) -> None:
    assert make_light_filter(0.5)([text]).count == 0


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"share": 1.5}, ConfigError, "from 0 to 1, not 1.5"),
        ({"share": "x"}, ConfigError, "not 'x'"),
        ({"share": True}, ConfigError, "not True"),
        ({"share": float("nan")}, ConfigError, "not nan"),
        ({"action": "drop"}, ConfigError, "mark, mark-all, delete"),
        ({"weights": "bm25"}, ConfigError, "flat, sentences"),
        ({"newlines": "keep"}, ConfigError, "break, space"),
        ({"lemmas": "stem"}, ConfigError, "'stem'"),
        ({"lang": "xx"}, UnknownNameError, "'xx'"),
        ({"encoder": len}, ConfigError, "not builtin_function"),
        ({"encoder": "minilm"}, ConfigError, "encodes texts, not str"),
        ({"background": "nowhere.json"}, ConfigError, "nowhere.json"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        make_light_filter(**options)


CFG = """
[textnorm]
pipeline = ["light"]

[components]

[components.light]
@normalizers = "textnorm.light_filter.v1"
share = 0.1
action = "delete"
"""


def test_in_a_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "light.cfg"
    path.write_text(CFG, encoding="utf-8")
    assert "dešrą" not in load(str(path))(ABOUT_A_BRIDGE).text
