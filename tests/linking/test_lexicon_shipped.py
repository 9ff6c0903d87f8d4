"""The glossary and the word lexicons that ship: their files, and what is taken from them."""

from __future__ import annotations

import json
import re

import pytest

from textnorm.errors import DataError
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.lexicon import shipped
from textnorm.linking.lexicon.glossary import glossary, languages, phrases, silent
from textnorm.linking.lexicon.table import WordTable
from textnorm.resources import models_dir, rules_dir

FILES = sorted((rules_dir("linking") / "words").glob("*.tsv"))
CODE = re.compile(r"^[a-z]{2}$")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_glossary_is_well_formed(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[0].split("\t")
    assert header[0] == "en"
    assert len(set(header)) == len(header)
    assert all(CODE.match(code) for code in header)
    for line in lines[1:]:
        cells = line.split("\t")
        assert len(cells) == len(header), line
        assert cells[0], line
        for cell in cells:
            said = cell.split("|")
            assert cell == "" or all(word == word.strip() != "" for word in said), line
            assert len(set(said)) == len(said), line
            assert all(fold_names(said)), line


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_meaning_has_two_rows_in_a_file(path):
    first = [line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(set(first)) == len(first)


def test_words_that_a_translation_leaves_out_are_told_by_language():
    lines = (rules_dir("linking") / "silent.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "lang\twords"
    assert [line.split("\t")[0] for line in lines[1:]] == sorted({line.split("\t")[0] for line in lines[1:]})
    assert "und" in silent("de")
    assert silent("qq") == ()


def test_alternatives_are_weighed_by_how_often_the_base_says_them():
    often = phrases("en", ["renal failure", "renal cyst", "kidney stone", "lower limb pain"])
    found = dict(glossary("lt", "en", often)["inkstas"])
    assert found["renal"] == pytest.approx(2 * found["kidney"])
    assert sum(found.values()) == pytest.approx(1)
    assert glossary("lt", "en", often)["ir"] == []


def test_a_phrase_counts_where_it_is_said_as_a_whole():
    often = phrases("en", ["lower limb pain", "upper limb", "limb lower"])
    assert often["lower limb"] == 1
    assert often["limb"] == 3
    assert dict(glossary("de", "en", often)["bein"]) == {"lower": 1.0, "limb": 1.0}


def test_words_that_the_base_does_not_have_are_left_out():
    assert "inkstas" not in glossary("lt", "en", {"heart": 3})


def test_the_glossary_serves_any_pair_of_its_languages():
    assert {"en", "lt", "de", "ja", "tr"} <= languages()
    assert dict(glossary("de", "lt", phrases("lt", ["inkstas"]))["niere"]) == {"inkstas": 1.0}


@pytest.mark.parametrize("folder", shipped.folders(), ids=lambda folder: folder.name)
def test_a_lexicon_that_ships_holds_words_and_says_where_they_are_from(folder):
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["name"] == folder.name
    assert card["source"]
    assert "attribution" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 3 << 20
    for path in folder.glob("*.tsv"):
        entries = list(shipped._entries(path))
        assert len(entries) == card["units"][path.stem]
        for unit, said in entries:
            assert " " not in unit
            assert said
            assert all(0 < weight <= 1 for _, weight in said)


def test_a_lexicon_fills_in_what_the_glossary_lacks():
    names = ["welder", "sewing machine operator", "music teacher"]
    found = shipped.translations("lt", "en", phrases("en", names))
    assert found["suvirintojas"][0][0] == "welder"
    assert found["mokytojas"][0][0] == "teacher"
    assert all(word in " ".join(names) for said in found.values() for word, _ in said)


def test_a_lexicon_is_written_as_it_is_read(tmp_path, monkeypatch):
    table = WordTable.build("qa", [("b", [("y", 0.5), ("z", 0.25)]), ("a", [("x", 1.0)]), ("c", [])], {})
    folder = tmp_path / "lexicon-test"
    folder.mkdir()
    shipped.write(table, folder / "qa-qb.tsv")
    assert (folder / "qa-qb.tsv").read_text() == "a\tx:1.00\nb\ty:0.50\tz:0.25\n"
    monkeypatch.setattr(shipped, "folders", lambda: [folder])
    assert shipped.translations("qa", "qb", {"y": 1, "x": 2}) == {"a": [("x", 1.0)], "b": [("y", 0.5)]}


def test_a_damaged_lexicon_is_told(tmp_path):
    path = tmp_path / "qa-qb.tsv"
    path.write_text("a\tx:1.0\nb\ty\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"qa-qb\.tsv:2"):
        list(shipped._entries(path))


def test_models_are_listed_where_they_lie():
    assert models_dir() / "lexicon-esco" in shipped.folders()
    assert "lt" in shipped.languages("en")
    assert "en" in shipped.languages("lt")
