"""Broken input: each kind has a defined outcome (``tests/cases/lt/bad_input.tsv``), and none names another value."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm import Pipeline, load
from textnorm.languages.lt.numerals import digits
from textnorm.languages.lt.reparsing import parse_numeral
from textnorm.languages.lt.slots import parts_of, to_int
from textnorm.rules.reading import NotThisRule

CASES = Path(__file__).resolve().parents[1] / "cases" / "lt" / "bad_input.tsv"
ROWS = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()[1:]]
LOOKALIKE = {"0": "O", "1": "l"}


@pytest.fixture(scope="module")
def nlp() -> Pipeline:
    return load("lt-speech")


@pytest.mark.parametrize(("written", "spoken", "why"), ROWS, ids=[row[0] for row in ROWS])
def test_cases(written: str, spoken: str, why: str, nlp: Pipeline) -> None:
    out = nlp(written)
    assert out.text == spoken, why
    assert nlp(out.text).text == spoken
    assert out.undo() == written


def test_what_stays_because_it_is_broken_is_marked(nlp: Pipeline) -> None:
    for text in ("Gimė l990 m. čia.", "Liko ,5 litro.", "Suma 1 000 00 eurų.", "Matas 1e5.", "0 m. pr. Kr."):
        (edit,) = nlp(text).edits
        assert (edit.replacement, edit.value["abstained"]) == (None, True)
        assert edit.rule.startswith("lt.malformed.")
        assert edit.value["why"]


@settings(max_examples=120, deadline=None)
@given(n=st.integers(100, 10**9), data=st.data())
def test_a_number_with_a_lookalike_is_never_half_read(n: int, data: st.DataObject, nlp: Pipeline) -> None:
    """Whatever is read of it, no part of its digits is said as a number of its own."""
    written = str(n)
    places = [k for k, c in enumerate(written) if c in LOOKALIKE]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    if at == len(written) - 1 and written[at] == "1":
        return  # 20l are twenty litres
    broken = written[:at] + LOOKALIKE[written[at]] + written[at + 1 :]
    text = f"Turi {broken} daiktų."
    assert nlp(text).text == text


@settings(max_examples=150, deadline=None)
@given(n=st.integers(1000, 10**12), style=st.sampled_from([" ", "\u00a0", ".", ","]), part=st.integers(0, 99))
def test_every_known_grouping_has_its_value(n: int, style: str, part: int) -> None:
    written = f"{n:,}".replace(",", style)
    decimals = "" if part == 0 else f"{'.' if style == ',' else ','}{part:02}"
    several = written.count(style) > 1
    if style in (".", ",") and not several and not decimals:
        return  # 1.234 and 1,234 may be decimals
    assert parts_of(written + decimals) == (str(n), decimals[1:])
    if not decimals:
        assert to_int(written) == n


@pytest.mark.parametrize(
    "text", ["1,23,456", "1,234.56.7", "12,34.5", "1,2345", ",5", "1 234.5.6", "1 00", "12 345 67", "1,,5", "l0"]
)
def test_what_is_no_number_has_no_value(text: str) -> None:
    if text == "1,2345":
        assert parts_of(text) == ("1", "2345")
        return
    with pytest.raises(NotThisRule):
        parts_of(text)
    with pytest.raises(NotThisRule):
        to_int(text)


@settings(max_examples=100, deadline=None)
@given(n=st.integers(0, 10**15 - 1), frame=st.sampled_from(["Tai {} dalykų.", "{} men came", "Цена {} рублей", "({})"]))
def test_a_bare_number_keeps_its_value_whatever_stands_around(n: int, frame: str, nlp: Pipeline) -> None:
    (edit, *_) = [e for e in nlp(frame.format(n)).edits if e.replacement is not None]
    spoken = edit.replacement.lower()
    found = parse_numeral(spoken)
    assert (found is not None and found.value == n) or spoken == digits(str(n))


@pytest.mark.parametrize("piece", [row[0] for row in ROWS[::6]] + ["1", "(5 ", "5–", "l9", "1,", "0 ", "a. ", "<5"])
def test_a_long_line(piece: str, nlp: Pipeline) -> None:
    """No crash, exact undo, no template mark."""
    line = (piece + " ") * (50_000 // (len(piece) + 1))
    out = nlp(line)
    assert out.undo() == line
    assert "{" in line or "{" not in out.text


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["l9", "5–8 ", "2023-13-45 ", "Nuo 3 iki 5 m. "])
def test_a_line_of_a_full_megabyte(piece: str, nlp: Pipeline) -> None:
    line = piece * (1_000_000 // len(piece))
    out = nlp(line)
    assert out.undo() == line
    assert nlp(out.text).text == out.text
