"""Static encoders: unit rows, exactly the same in any batch and after the disk; folders that are damaged or foreign."""

from __future__ import annotations

import itertools
import json

import catalogue
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.encoders import Encoder, FeatureSettings, StaticEncoder, load_encoder, static
from textnorm.encoders.static import CHUNK, LONG, sum_rows
from textnorm.errors import DataError, UsageError
from textnorm.registry import encoders

SMALL = FeatureSettings(buckets=997)


@pytest.fixture(scope="module")
def encoder():
    return StaticEncoder.untrained(SMALL, dim=16, seed=3)


@pytest.fixture
def folder(encoder, tmp_path):
    encoder.save(tmp_path / "model")
    return tmp_path / "model"


def test_it_is_an_encoder(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.encode([]).shape == (0, 16)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
@settings(deadline=None, max_examples=80)
def test_every_text_has_a_unit_row_and_the_same_bits_alone(encoder, texts):
    rows = encoder.encode(texts)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for text, row in zip(texts, rows, strict=True):
        assert (encoder.encode([text])[0] == row).all()


def test_chunks_do_not_show(encoder):
    texts = [f"title {i % 977} of {i}" for i in range(CHUNK + 50)]
    rows = encoder.encode(texts)
    assert (rows[CHUNK - 5 : CHUNK + 5] == encoder.encode(texts[CHUNK - 5 : CHUNK + 5])).all()


def test_chunks_are_bounded_by_texts_and_by_characters(monkeypatch):
    monkeypatch.setattr(static, "CHUNK", 3)
    monkeypatch.setattr(static, "CHARS", 10)
    assert list(static._chunks([])) == []
    assert list(static._chunks(["a"] * 7)) == [(0, 3), (3, 6), (6, 7)]
    assert list(static._chunks(["a" * 6, "b" * 4, "c", "d" * 50, "", "e"])) == [(0, 2), (2, 3), (3, 4), (4, 6)]


def test_the_sum_is_that_of_the_table(encoder):
    from textnorm.encoders.features import features

    found = features(["head nurse"], SMALL)
    rows = encoder.table()[np.concatenate([found.word_rows])].astype(np.float64).sum(axis=0)
    assert np.allclose(encoder.encode(["head nurse"])[0], rows / np.linalg.norm(rows), atol=1e-5)


@given(st.lists(st.integers(0, LONG + 6), min_size=1, max_size=12), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_sums_of_rows(counts, seed):
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((9, 4)).astype(np.float32)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    index = rng.integers(0, 9, int(indptr[-1]))
    expected = [table[index[a:b]].astype(np.float64).sum(axis=0) for a, b in itertools.pairwise(indptr)]
    assert np.allclose(sum_rows(table, indptr, index), expected, atol=1e-4)


def test_a_very_long_text(encoder):
    text = "word " * 100_000
    assert np.allclose(encoder.encode([text])[0], encoder.encode(["word"])[0], atol=1e-4)
    assert np.isfinite(encoder.encode(["x" * 300_000])).all()


def test_lone_surrogates_have_a_direction(encoder):
    rows = encoder.encode(["\ud800", "\udfff", "\ud800 nurse"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert not np.allclose(rows[0], rows[1])


def test_what_is_no_list_of_texts_is_refused(encoder):
    with pytest.raises(UsageError, match="not one string"):
        encoder.encode("nurse")
    with pytest.raises(DataError, match="Text 1 is NoneType"):
        encoder.encode(["nurse", None])
    with pytest.raises(DataError, match="Text 0 is bytes"):
        encoder.encode([b"nurse"])


def test_rounding_to_8_bits_keeps_directions():
    table = np.random.default_rng(0).standard_normal((997, 64)).astype(np.float32)
    rounded = StaticEncoder.from_float(table, SMALL).table()
    cosines = (table * rounded).sum(1) / np.linalg.norm(table, axis=1) / np.linalg.norm(rounded, axis=1)
    assert cosines.min() > 0.9999


def test_a_row_of_zeros_stays_zero_and_a_text_of_zeros_is_an_error():
    encoder = StaticEncoder.from_float(np.zeros((997, 4), np.float32), SMALL)
    with pytest.raises(DataError, match=r"text 0 \('nurse'\).*length zero"):
        encoder.encode(["nurse"])


def test_a_table_with_nan_is_refused():
    table = np.zeros((997, 4), np.float32)
    table[5, 1] = np.nan
    with pytest.raises(DataError, match="NaN"):
        StaticEncoder.from_float(table, SMALL)


@pytest.mark.parametrize("mmap", [True, False])
def test_saving_and_loading_changes_nothing(encoder, folder, mmap):
    texts = ["head nurse", "", "Łódź 3+", "護士"]
    again = load_encoder(folder, mmap=mmap)
    assert again.identity == encoder.identity
    assert (again.encode(texts) == encoder.encode(texts)).all()
    assert isinstance(again._rows, np.memmap) == mmap
    assert "997 rows of 16" in (folder / "README.md").read_text()


def test_the_folder_holds_no_pickle_and_is_a_quarter_of_floats(folder):
    assert (folder / "rows.npy").stat().st_size < 997 * 16 + 200
    for path in folder.glob("*.npy"):
        np.load(path, allow_pickle=False)


def test_another_table_or_setting_is_another_identity(encoder):
    others = [
        StaticEncoder.untrained(SMALL, dim=16, seed=4),
        StaticEncoder.untrained(FeatureSettings(buckets=997, max_n=3), dim=16, seed=3),
        StaticEncoder.untrained(SMALL, dim=16, seed=3, name="other"),
    ]
    assert len({encoder.identity, *(other.identity for other in others)}) == 4
    assert StaticEncoder.untrained(SMALL, dim=16, seed=3).identity == encoder.identity


def test_saving_replaces_a_model_and_nothing_else(encoder, folder, tmp_path):
    newer = StaticEncoder.untrained(SMALL, dim=16, seed=9)
    newer.save(folder)
    assert load_encoder(folder).identity == newer.identity
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    diary = tmp_path / "diary"
    diary.mkdir()
    (diary / "page").write_text("mine")
    with pytest.raises(UsageError, match="no static model"):
        encoder.save(diary)
    assert (diary / "page").read_text() == "mine"


def test_a_failed_save_leaves_the_old_model(encoder, folder, monkeypatch):
    def full(*_, **__):
        message = "no space left"
        raise OSError(message)

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="no space"):
        StaticEncoder.untrained(SMALL, dim=16, seed=9).save(folder)
    assert load_encoder(folder).identity == encoder.identity
    assert len(list(folder.parent.iterdir())) == 1


def _flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def _manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: _flip(folder / "rows.npy"), "does not match"),
        (lambda folder: _flip(folder / "scales.npy"), "does not match"),
        (lambda folder: (folder / "rows.npy").unlink(), "damaged"),
        (lambda folder: (folder / "rows.npy").write_bytes(b"\x93NUMPY"), "damaged"),
        (lambda folder: _manifest(folder, version=99), "version 99"),
        (lambda folder: _manifest(folder, features={"buckets": 5}), "damaged"),
        (lambda folder: _manifest(folder, features={"colour": 5}), "damaged"),
        (lambda folder: np.save(folder / "scales.npy", np.full(997, np.inf, np.float32)), "damaged"),
    ],
)
def test_a_damaged_or_newer_model_is_named(folder, break_it, message):
    break_it(folder)
    with pytest.raises(DataError, match=message) as error:
        load_encoder(folder)
    assert str(folder) in str(error.value)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"neither modules\.json nor config\.json"):
        load_encoder(tmp_path)
    with pytest.raises(UsageError, match="There is no model folder"):
        load_encoder(tmp_path / "nothing")
    with pytest.raises(UsageError, match="no static model"):
        StaticEncoder.load(tmp_path)
    with pytest.raises(UsageError, match="trained on names first"):
        load_encoder("static")
    with pytest.raises(UsageError, match="kind of encoder"):
        load_encoder("textnorm.static.v1")
    with pytest.raises(UsageError, match="empty"):
        load_encoder("")


def test_an_unknown_option_is_named(folder):
    with pytest.raises(UsageError, match="colour"):
        load_encoder(folder, colour="red")


@pytest.fixture
def plugin():
    """Register a factory for one test."""
    names = []

    def add(name, factory):
        encoders.register(name)(factory)
        names.append(name)

    yield add
    for name in names:
        del catalogue.REGISTRY[("textnorm", "encoders", name)]


def test_a_plugin_is_an_encoder_by_name(plugin):
    plugin("acme.words.v1", lambda seed=0: StaticEncoder.untrained(SMALL, dim=8, seed=seed))
    assert load_encoder("acme.words.v1", seed=2).dim == 8
    plugin("acme.broken.v1", lambda: object())
    with pytest.raises(UsageError, match="no identity, dim and encode"):
        load_encoder("acme.broken.v1")
