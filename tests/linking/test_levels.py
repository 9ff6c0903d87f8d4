"""Level slots: found by rules, never folded away, and only where a base distinguishes them."""

from __future__ import annotations

import numpy as np
import pytest

from textnorm.linking.levels import UNASKED, UNTOLD, Levels, level_table, levels_of, told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Senior Java Developer", {"seniority": "senior"}),
        ("Sr. Accountant", {"seniority": "senior"}),
        ("vyresnysis buhalteris", {"seniority": "senior"}),
        ("Vyresnioji inžinierė", {"seniority": "senior"}),
        ("jaunesnysis programuotojas", {"seniority": "junior"}),
        ("Nurse II", {"grade": "2"}),
        ("Nurse 2", {"grade": "2"}),
        ("senior clerk III", {"seniority": "senior", "grade": "3"}),
        # Words that look like levels.
        ("internal auditor", {}),
        ("lead smelter", {}),
        ("staff nurse", {}),
        ("kucharz i kelner", {}),
        ("práce v zahraničí", {}),
        ("seniors' home worker", {}),
        ("", {}),
    ],
)
def test_levels_are_found(text, wanted):
    assert told(levels_of(text)) == wanted


def test_roman_and_arabic_grades_are_one():
    assert levels_of("Clerk II") == levels_of("Clerk 2") != levels_of("Clerk III")


def test_a_base_without_levels_distinguishes_none():
    assert Levels.of(["baker", "tailor", "senior baker"]) is None


def test_mismatch():
    names = ["senior baker", "junior baker", "baker", "baker II", "baker III", "tailor 2"]
    found = Levels.of(names)
    assert found is not None
    rows = np.arange(len(names), dtype=np.int32)
    query = np.zeros(len(names), np.int64)
    got = found.mismatch(["Sr baker"], query, rows).tolist()
    assert got[:3] == [0.0, 1.0, UNTOLD]
    assert got[3] == pytest.approx(UNTOLD + UNASKED)  # no seniority, and a grade that was not asked for
    assert found.mismatch(["baker"], query[:1], np.array([-1], np.int32)).tolist() == [0.0]


def test_no_word_stands_for_two_levels():
    table = level_table()
    forms = [*table.loose, *table.exact]
    assert len(forms) == len(set(forms))
    assert all(form == form.lower() for form in table.loose)
