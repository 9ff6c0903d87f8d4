"""Labelled queries read, carried to another language, and written."""

from __future__ import annotations

import pytest

from textnorm.errors import DataError, UsageError
from textnorm.linking.labelled import Labelled, queries_of, read_dev
from textnorm.linking.supervision import (
    carry,
    rest_of,
    write_examples,
    write_names,
)
from textnorm.linking.tables import read_names

NAMES = [
    ("1", "nurse", "en", "preferred", None, None),
    ("1", "slaugytoja", "lt", None, None, None),
    ("1", "medicinos sesuo", "lt", "preferred", None, None),
    ("1", "seselė", "lt", None, None, 0.5),
    ("2", "cook", "en", None, None, None),
    ("3", "virėjas", "lt", None, None, None),
]


def test_names_of_the_concept_take_the_place_of_the_mention():
    rows = [
        Labelled("enfermera", ("1",), "es", "La Enfermera habla", ("first aid",)),
        Labelled("cocinero", ("2",), "es"),
        Labelled("nada", (), "es"),
        Labelled("cocinera", ("9", "3"), "es", "otra cosa"),
    ]
    found = carry(rows, NAMES, "lt")
    assert found.rows == [
        Labelled("medicinos sesuo", ("1",), "lt", "La medicinos sesuo habla", ("first aid",)),
        Labelled("seselė", ("1",), "lt", "La seselė habla", ("first aid",)),
        Labelled("virėjas", ("9", "3"), "lt", None),
    ]
    assert (found.without, found.none) == (1, 1)
    assert [row[1] for row in rest_of(NAMES, found, "lt")] == ["nurse", "slaugytoja", "cook"]
    assert [row.query for row in carry(rows, NAMES, "lt", each=1).rows] == ["medicinos sesuo", "virėjas"]


def test_one_name_of_two_concepts_keeps_both_answers():
    names = [("1", "sesuo", "lt", None, None, None), ("2", "sesuo", "lt", None, None, None)]
    found = carry([Labelled("a", ("1",)), Labelled("b", ("2",))], names, "lt")
    assert [(row.query, row.ids) for row in found.rows] == [("sesuo", ("1", "2"))]


def test_a_language_without_names_is_refused():
    with pytest.raises(UsageError, match="its names are in: en, lt"):
        carry([Labelled("a", ("1",))], NAMES, "de")
    with pytest.raises(UsageError, match="at least 1"):
        carry([], NAMES, "lt", each=0)


@pytest.mark.parametrize("ending", ["tsv", "jsonl"])
def test_written_and_read(tmp_path, ending):
    rows = [Labelled("nurse", ("1", "2"), "en", "the nurse", ("first aid", "care")), Labelled("none", ())]
    path = tmp_path / f"dev.{ending}"
    write_examples(path, rows)
    assert read_dev(str(path)) == rows
    assert list(tmp_path.iterdir()) == [path]
    got = queries_of(rows)
    assert (got.langs, got.attributes) == (["en", None], [("first aid", "care"), ()])
    write_names(path, NAMES)
    assert read_names([str(path)]).rows == NAMES


def test_what_tsv_cannot_hold_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(DataError, match=r"write \.jsonl"):
        write_examples(tmp_path / "dev.tsv", [Labelled("a\tb", ("1",))])
    assert list(tmp_path.iterdir()) == []


def test_bad_rows_are_named(tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_text("query\tconcept_ids\nnurse\t1\n\t2\n", "utf-8")
    with pytest.raises(DataError, match="query is empty"):
        read_dev(str(path))
    path.write_text("query\tids\nnurse\t1\n", "utf-8")
    with pytest.raises(UsageError, match="concept_ids"):
        read_dev(str(path))
    path.write_text("query\tconcept_ids\n", "utf-8")
    with pytest.raises(DataError, match="no labelled query"):
        read_dev(str(path))
