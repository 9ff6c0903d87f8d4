"""The component: what it repairs, what it leaves alone, and its contract, on a made-up language."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm import load
from textnorm.conformance import check
from textnorm.errors import DataError, UsageError
from textnorm.normalizers.script import make_script, store

NOISY = "meśtari lotu mestari hose toren pilka śel kor ta"


@pytest.fixture(scope="module")
def component(model):
    return make_script(str(model))


def test_contract(model):
    assert check(make_script(str(model)), [NOISY, "łanä tauren", NOISY.upper()], registered="textnorm.script.v1") == []


def test_letters_digraphs_and_what_left_no_trace_come_back(component):
    (read,) = component([NOISY]).apply([NOISY])
    words = read.split()
    assert words[3:6] == ["hauśe", "tauren", "piłka"]
    assert words[6] == "śelä"


def test_edits_have_confidence_and_alternatives(component):
    edits = component([NOISY]).row(0)
    assert edits
    for edit in edits:
        assert edit.label == "SCRIPT"
        assert edit.rule == "script.toy"
        assert 0 < edit.confidence <= 1
        if edit.value is not None:
            shares = [other["p"] for other in edit.value["alternatives"]]
            assert shares == sorted(shares, reverse=True)
            assert sum(shares) + edit.confidence <= 1.001
            assert edit.replacement not in [other["text"] for other in edit.value["alternatives"]]


def test_right_text_stays(component, toy):
    lines = (toy / "text.txt").read_text(encoding="utf-8").splitlines()
    words = [w for line in lines for w in line.split()]
    read = [w for line in component(lines).apply(lines) for w in line.split()]
    assert sum(a == b for a, b in zip(words, read, strict=True)) >= 0.995 * len(words)


def test_the_document_decides(component):
    # "sela" and "śelä" are both words; who writes ś and ä elsewhere meant "sela".
    right, noisy = "łanä śelä räni hauśe meśtäri sela", "lana sela rani hose mestari sela"
    assert component([right]).apply([right]) == [right]
    assert component([noisy]).apply([noisy])[0] != noisy


@pytest.mark.parametrize(
    "text",
    [
        "привет мир",
        "שלום",
        "日本語",
        "12 34,5",
        "",
        " ",
        "mail toren@pilka.lt",
        "https://hose.lt/pilka",
        "#hose",
        "toren/pilka/hose",
    ],
)
def test_other_scripts_and_addresses_stay(component, text):
    read = component([text]).apply([text])[0]
    if "@" in text or "/" in text or "#" in text:
        assert read.split()[-1] == text.split()[-1]
    else:
        assert read == text


def test_a_word_of_two_scripts_stays(component):
    assert component(["тhose hoseж"]).count == 0


def test_a_very_long_word_stays_and_its_neighbours_do_not(component):
    long = "hose" * 300
    assert component([f"toren {long} hose"]).apply([f"toren {long} hose"]) == [f"tauren {long} hauśe"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("lsaoteńśłä ku.1я", max_size=30), max_size=5))
def test_a_text_is_read_the_same_whatever_stands_beside_it(texts):
    component = test_a_text_is_read_the_same_whatever_stands_beside_it.component
    together = component(texts)
    for i, text in enumerate(texts):
        assert component([text]).row(0) == together.row(i)


@pytest.fixture(autouse=True)
def _shared(request, component):
    test_a_text_is_read_the_same_whatever_stands_beside_it.component = component


def test_a_full_memo_changes_nothing(model, monkeypatch):
    from textnorm.normalizers.script import model as module

    texts = [NOISY, "łanä sela", "hose"]
    expected = make_script(str(model))(texts)
    monkeypatch.setattr(module, "MEMO", 2)
    component = make_script(str(model))
    for _ in range(3):
        assert component(texts) == expected


def test_switches(model):
    texts = [NOISY] * 2
    plain = make_script(str(model))(texts)
    for options in ({"adapt": False}, {"lexicon": False}, {"gate": False}):
        other = make_script(str(model), **options)
        assert other(texts).apply(texts)[0].split()[4] == "tauren"
    assert make_script(str(model), gate=False)(texts).count >= plain.count


def test_rows_of_a_document_are_read_together(model):
    nlp = load(model)
    rows = ["sela", "hose toren pilka mestari lana rani"] * 3
    alone = [out.text for out in nlp.batch(rows)]
    joined = [out.text for out in nlp.batch(rows, documents=["d"] * 6)]
    assert nlp.scope == "document"
    assert joined[1].split()[:3] == alone[1].split()[:3] == ["hauśe", "tauren", "piłka"]
    assert all(out.source == row for out, row in zip(nlp.batch(rows, documents=["d"] * 6), rows, strict=True))


# -- the folder ------------------------------------------------------------------------------------------------------
def test_the_folder_is_plain(model):
    names = {path.name for path in model.iterdir()}
    assert {"model.json", "CARD.md", "LICENSE", "pipeline.cfg", "lm_dense.npy"} <= names
    assert all(path.suffix in (".npy", ".json", ".md", ".cfg", ".tsv", "") for path in model.iterdir())
    for path in model.glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype != object


def test_a_model_that_was_written_and_read_again_is_the_same(model, tmp_path):
    read, manifest = store.read(model)
    store.save(read, tmp_path / "copy", name="toy", lang="qtt", about=manifest["about"], card="", licence="")
    again, copied = store.read(tmp_path / "copy")
    assert copied == manifest
    assert make_script(str(tmp_path / "copy"))([NOISY]) == make_script(str(model))([NOISY])
    assert again.settings == read.settings


def test_a_moved_folder_still_works(model, tmp_path):
    shutil.copytree(model, tmp_path / "moved")
    assert load(tmp_path / "moved")(NOISY).text == load(model)(NOISY).text
    assert load(tmp_path / "moved").fingerprint == load(model).fingerprint


def test_a_folder_of_something_else_is_not_overwritten(model, tmp_path):
    (tmp_path / "thesis.txt").write_text("dear", encoding="utf-8")
    read, _ = store.read(model)
    with pytest.raises(UsageError, match="no script model"):
        store.save(read, tmp_path, name="x", lang="x", about={}, card="", licence="")
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "dear"


@pytest.mark.parametrize("name", ["lm_prints.npy", "model.json"])
def test_a_damaged_file_is_named(model, tmp_path, name):
    shutil.copytree(model, tmp_path / "m")
    (tmp_path / "m" / name).write_bytes(b"{")
    with pytest.raises(DataError, match=name):
        store.read(tmp_path / "m")


def test_another_format_is_refused(model, tmp_path):
    shutil.copytree(model, tmp_path / "m")
    manifest = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (tmp_path / "m" / "model.json").write_text(json.dumps({**manifest, "format": 99}), encoding="utf-8")
    with pytest.raises(DataError, match="format 99"):
        store.read(tmp_path / "m")


def test_an_unknown_model_lists_those_that_ship():
    with pytest.raises(UsageError, match="lt-diacritics"):
        make_script("no-such-model")
