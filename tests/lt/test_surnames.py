"""Gender and case of surnames, by hand; foreign names tell nothing."""

from __future__ import annotations

import pytest

from textnorm.languages.lt.surnames import before_name, surname_forms

CASES = ("nom", "gen", "dat", "acc", "ins")


@pytest.mark.parametrize(
    ("gender", "row"),
    [
        ("m", "Petraitis Petraičio Petraičiui Petraitį Petraičiu"),
        ("m", "Kazlauskas Kazlausko Kazlauskui Kazlauską Kazlausku"),
        ("m", "Kalėnas Kalėno Kalėnui Kalėną Kalėnu"),
        ("m", "Jankevičius Jankevičiaus Jankevičiui Jankevičių Jankevičiumi"),
        ("m", "Vaitkus Vaitkaus Vaitkui Vaitkų Vaitkumi"),
        ("m", "Paulionis Paulionio Paulioniui Paulionį Paulioniu"),
        ("f", "Petraitienė Petraitienės Petraitienei Petraitienę Petraitiene"),
        ("f", "Kazlauskaitė Kazlauskaitės Kazlauskaitei Kazlauskaitę Kazlauskaite"),
        ("f", "Vaitkutė Vaitkutės Vaitkutei Vaitkutę Vaitkute"),
    ],
)
def test_every_case(gender: str, row: str) -> None:
    for case, form in zip(CASES, row.split(), strict=True):
        assert surname_forms(form) == ((gender, case),)


@pytest.mark.parametrize(
    "name", ["Davis", "Maurice", "Smith", "Flake", "Davies", "Merkel", "Rašytoja", "Ona", "Brigitte"]
)
def test_what_tells_nothing(name: str) -> None:
    assert surname_forms(name) == ()


def test_what_stands_before_a_name() -> None:
    assert before_name(("prie", "beržų")) == ("prie",)
    assert before_name(("nuo", "j.", "basanavičiaus")) == ("nuo",)
    assert before_name(("beržų",)) == ()
    assert before_name(()) == ()
