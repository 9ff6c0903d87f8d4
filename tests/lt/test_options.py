"""Conventions of the reader, the threshold of confidence, and values set on the command line."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm import load
from textnorm.cli import main
from textnorm.errors import ConfigError, RulePackError
from textnorm.languages.lt.spelling import sayable, spell_pairs
from textnorm.normalizers.nsw import make_nsw
from textnorm.rules.calibration import calibration_of
from textnorm.rules.pack import CLASSES, load_pack

TEXTS = [
    "Nubėgo 5 km, 20 % kelio, moka 3 mln. Eur.",
    "Kaina kilo 5 proc. Vėliau krito.",
    "Skambinkite 8 612 34567, klauskite LRT.",
    "Ten 3 programos vaikams, 100 eurų.",
]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("34567", "trys keturiasdešimt penki šešiasdešimt septyni"),
        ("612 05", "šeši dvylika nulis penki"),
        ("00", "nulis nulis"),
        ("1", "vienas"),
    ],
)
def test_pairs(written: str, spoken: str) -> None:
    assert spell_pairs(written) == spoken


@pytest.mark.parametrize(
    ("acronym", "expected"),
    [("LIEPA", True), ("JAV", True), ("JAV-ų", True), ("LRT", False), ("ES", False), ("AAA", False), ("MTRS", False)],
)
def test_what_can_be_said_as_a_word(acronym: str, expected: bool) -> None:
    assert sayable(acronym) is expected


@pytest.mark.parametrize("name", ["one", "acronyms", "phone_digits", "units"])
def test_an_unknown_value_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' of the Lithuanian reader is one of .*, not 'x'"):
        make_nsw("lt", options={name: "x"})


@pytest.mark.parametrize(
    "chosen",
    [{"units": "keep"}, {"acronyms": "word"}, {"phone_digits": "pairs"}, {"units": "keep", "one": "keep"}],
    ids=str,
)
def test_twice_is_once_under_every_option(chosen: dict[str, str]) -> None:
    nlp = load("lt-speech", overrides={"components.nsw.options": chosen})
    once = [out.text for out in nlp.batch(TEXTS)]
    assert once != TEXTS
    assert [out.text for out in nlp.batch(once)] == once


def test_a_kept_short_form_has_one_full_stop() -> None:
    nlp = load("lt-speech", overrides={"components.nsw.options": {"units": "keep"}})
    assert nlp("Kaina kilo 5 proc. Vėliau krito.").text == "Kaina kilo penkiais proc. Vėliau krito."


# -- confidence ------------------------------------------------------------------------------------------------------
def test_below_the_threshold_a_reading_becomes_a_mark() -> None:
    text = "Ten 3 programos vaikams."
    (sure,) = load("lt-speech")(text).edits
    careful = load("lt-speech-safe")(text)
    (edit,) = careful.edits
    assert sure.confidence < 0.95
    assert careful.text == text
    assert (edit.replacement, edit.confidence, edit.value["abstained"]) == (None, sure.confidence, True)
    assert edit.value["alternatives"][0] == sure.replacement
    assert "is below 0.95" in edit.value["why"]


def test_what_the_safe_pipeline_reads_lt_speech_reads_alike() -> None:
    texts = [*TEXTS, "Be 3 svečių nepradėsime.", "Įsigalioja 2024 m. sausio 5 d.", "Pvz., Panevėžio r. sav."]
    full, safe = load("lt-speech").batch(texts), load("lt-speech-safe").batch(texts)
    for a, b in zip(full, safe, strict=True):
        made = {(e.start, e.end, e.replacement) for e in a.edits}
        assert {(e.start, e.end, e.replacement) for e in b.edits if e.replacement is not None} <= made
        assert {(e.start, e.end) for e in b.edits} == {(e.start, e.end) for e in a.edits}
    assert sum(e.replacement is not None for out in safe for e in out.edits) > 4


def test_a_higher_threshold_reads_no_more() -> None:
    read = []
    for threshold in (0.0, 0.9, 0.97, 0.99, 1.0):
        edits = make_nsw("lt", min_confidence=threshold)(TEXTS)
        read.append([k for k, reading in enumerate(edits.replacement) if reading is not None])
    for less, more in pairwise(reversed(read)):
        assert set(less) <= set(more)
    assert len(read[0]) > len(read[-1])


def test_the_threshold_is_a_share() -> None:
    with pytest.raises(ConfigError, match=r"'min_confidence' of textnorm\.nsw\.v1 lies between 0 and 1, not 1\.5"):
        make_nsw("lt", min_confidence=1.5)


def test_only_a_pipeline_that_reads_everything_promises_that_twice_is_once() -> None:
    assert make_nsw("lt").idempotent
    assert not make_nsw("lt", min_confidence=0.5).idempotent


def test_a_kept_unit_is_no_acronym_either() -> None:
    nlp = load("lt-speech", overrides={"components.nsw.options": {"units": "keep"}})
    once = nlp("Galia viršija 100 MW, rašo LRT.").text
    assert once == "Galia viršija šimtą MW, rašo el-er-tė."
    assert nlp(once).text == once


def test_the_engines_agree_on_what_is_unsure() -> None:
    fast, plain = (make_nsw("lt", min_confidence=0.95, engine=engine) for engine in ("fast", "reference"))
    assert fast(TEXTS) == plain(TEXTS)


def test_confidence_is_what_the_table_says() -> None:
    pack = load_pack("lt")
    assert pack.calibration is not None
    raw = calibration_of([], CLASSES)
    assert raw("NUM", 0.3) == 0.3
    worth = [pack.calibration("NUM", x / 100) for x in range(101)]
    assert worth == sorted(worth)
    assert pack.calibration("LSEQ", 0.4) == 0.4


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("NUMB\t0\t9\t9\t0.9", "there is no class 'NUMB'"),
        ("NUM\t0\t9\t9\t1.9", "between 0 and 1"),
        ("NUM\tx\t9\t9\t0.9", "could not convert"),
        ("NUM\t0\t9\t9\t0.9\nNUM\t0.5\t9\t9\t0.8", "must ascend"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, row: str, message: str) -> None:
    head = '[pack]\ncode = "xx"\nversion = "1"\nreader = "textnorm.lt.v1"\ncalibration = "c.tsv"\n'
    (tmp_path / "pack.toml").write_text(head, encoding="utf-8")
    (tmp_path / "c.tsv").write_text(f"classes\tfrom\tn\tright\tconfidence\n{row}\n", encoding="utf-8")
    with pytest.raises(RulePackError, match=message) as caught:
        load_pack(tmp_path)
    assert "c.tsv" in str(caught.value)


# -- domains of a pack of one's own ----------------------------------------------------------------------------------
HEAD = '[pack]\ncode = "xx"\nversion = "1"\nreader = "textnorm.lt.v1"\ndomains = ["a", "b"]\n[tables]\nt = "t.tsv"\n'
RULES = """class = "EXPN"
context = false
[[rule]]
id = "xx.t"
pattern = '(?P<w>{t})'
reading = "{w:table t}"
[[rule]]
id = "xx.b"
domain = "b"
pattern = 'only'
reading = "just"
"""


def _pack(folder: Path, rules: str = RULES, table: str = "q\tall\t\nq\tspecial\tb\n") -> Path:
    (folder / "pack.toml").write_text(HEAD, encoding="utf-8")
    (folder / "t.tsv").write_text(f"surface\treading\tdomain\n{table}", encoding="utf-8")
    (folder / "r.toml").write_text(rules, encoding="utf-8")
    return folder


def test_rules_and_rows_hold_in_their_domain(tmp_path: Path) -> None:
    folder = str(_pack(tmp_path))
    text = ["xx q only"]
    assert make_nsw(folder)(text).apply(text) == ["xx all only"]
    assert make_nsw(folder, domain="a")(text).apply(text) == ["xx all only"]
    assert make_nsw(folder, domain="b")(text).apply(text) == ["xx special just"]


def test_an_overlay_may_hold_in_one_domain(tmp_path: Path) -> None:
    folder = _pack(tmp_path)
    overlay = tmp_path / "over" / "o.toml"
    overlay.parent.mkdir()
    rule = "[[rule]]\nid = 'xx.c'\nclass = 'EXPN'\ndomain = 'b'\npattern = 'xx'\nreading = 'yy'\n"
    overlay.write_text(rule, encoding="utf-8")
    for domain, first in (("a", "xx"), ("b", "yy")):
        nsw = make_nsw(str(folder), overlays=[str(overlay)], domain=domain)
        assert nsw(["xx"]).apply(["xx"]) == [first]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('domain = "b"', 'domain = "c"', r"rule 'xx\.b': domain 'c' is none of the pack's: a, b"),
        ('domain = "b"', 'domain = ["b", "d"]', "domain 'd'"),
        ('domain = "b"', "domain = 5", "domain must be a name or a list of names, not 5"),
    ],
)
def test_an_unknown_domain_names_the_rule(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(RulePackError, match=message):
        load_pack(_pack(tmp_path, RULES.replace(old, new)))


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulePackError, match=r"t\.tsv, row 'q': domain 'c'"):
        load_pack(_pack(tmp_path, table="q\tall\tc\n"))
    folder = _pack(tmp_path)
    (folder / "t.tsv").write_text("surface\treading\tconfidence\nq\tall\tmuch\n", encoding="utf-8")
    with pytest.raises(RulePackError, match=r"row 'q': confidence 'much' is no number from 0 to 1"):
        load_pack(folder)


# -- the command line ------------------------------------------------------------------------------------------------
def _run(*arguments: str, text: str | None = None) -> str:
    done = CliRunner().invoke(main, list(arguments), input=text)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_set_gives_values_of_the_pipeline(tmp_path: Path) -> None:
    legal = ("--set", "components.nsw.domain=legal")
    assert _run("normalize", *legal, text="Pagal 5 p. atmesta.\n") == "Pagal penktą punktą atmesta.\n"
    assert "penktą punktą" in _run("explain", *legal, "Pagal 5 p. atmesta.")
    two = (*legal, "--set", "components.nsw.options.one=keep")
    assert _run("normalize", *two, text="Pagal 5 p. moka 100 eurų.\n") == "Pagal penktą punktą moka vieną šimtą eurų.\n"
    source = tmp_path / "a.txt"
    source.write_text("Pagal 5 p. atmesta.\n", encoding="utf-8")
    assert "+Pagal penktą punktą atmesta." in _run("diff", str(source), *legal, "--against", "lt-speech")
    _run("run", str(source), "-o", str(tmp_path / "out"), *legal)
    assert (tmp_path / "out" / "a.txt").read_text(encoding="utf-8") == "Pagal penktą punktą atmesta.\n"
    plan = json.loads((tmp_path / "out" / "_plan.json").read_text(encoding="utf-8"))
    made = load("lt-speech", overrides={"components.nsw.domain": "legal"})
    assert plan["steps"][0]["fingerprint"] == made.fingerprint != load("lt-speech").fingerprint


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("domain", "--set takes KEY=VALUE, not 'domain'"),
        ("=legal", "--set takes KEY=VALUE"),
        ("components.nws.domain=legal", "components.nws.domain"),
        ("components.nsw.domane=legal", "domane"),
        ("components.nsw.domain=lega", "Did you mean 'legal'"),
        ("components.nsw.options.tow=1", "Known: one, acronyms"),
        ("components.nsw.min_confidence=high", "min_confidence"),
        ("nonsense.x=1", "nonsense"),
    ],
)
def test_a_wrong_setting_is_a_wrong_option(setting: str, message: str) -> None:
    done = CliRunner().invoke(main, ["normalize", "--set", setting], input="5\n")
    assert done.exit_code == 2
    assert message in done.stderr
