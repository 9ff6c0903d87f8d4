"""Packs: what ships holds its own examples; what is broken says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from textnorm.errors import ConfigError, RulePackError, UnknownNameError
from textnorm.normalizers.nsw import NswNormalizer, make_nsw
from textnorm.rules.check import check_pack
from textnorm.rules.engine import ReferenceEngine
from textnorm.rules.pack import CLASSES, load_pack

HEAD = '[pack]\ncode = "xx"\nversion = "1"\nreader = "textnorm.lt.v1"\n[tables]\nunits = "units.tsv"\n'
RULE = 'class = "NUM"\n[[rule]]\nid = "xx.one"\npattern = \'(?P<n>\\d{1,3})\'\nreading = "{n:digits}"\n'
RULE += "context = false\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack.toml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "units.tsv").write_text("surface\tphrase\nkm\t*kilometras\n", encoding="utf-8")
    (tmp_path / "rules.toml").write_text(RULE, encoding="utf-8")
    return tmp_path


def test_every_shipped_example_holds(lt: NswNormalizer, reference: ReferenceEngine) -> None:
    failures = check_pack(lt.pack, reference)
    assert not failures, "\n".join(map(str, failures))


def test_every_reading_rule_has_an_example(lt: NswNormalizer) -> None:
    assert [r.id for r in lt.pack.rules if r.action == "read" and not r.examples] == []


def test_every_class_has_rules(lt: NswNormalizer) -> None:
    assert {rule.label for rule in lt.pack.rules} == set(CLASSES)


def test_a_small_pack_works(folder: Path) -> None:
    assert make_nsw(str(folder))(["a 12"]).apply(["a 12"]) == ["a vienas du"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(?P<n>", "(?P<n>(", r"rules\.toml, rule 'xx\.one': the pattern cannot be used"),
        ("{1,3}", "+", "without a bound"),
        ("{n:digits}", "{m:digits}", "group 'm'"),
        ("{n:digits}", "{n:digitz}", "no reading function 'digitz'. Known: .*digits"),
        ("{n:digits}", "{n:card @foo}", "'@foo' asks for a case"),
        ("{n:digits}", "{n digits}", "slot"),
        ("{n:digits}", "{n:digits", "single '{'"),
        ('id = "xx.one"', 'id = "XX one"', "needs an id"),
        ('"NUM"', '"NUMB"', "class 'NUMB' is none of EXPN"),
        ("context = false", "contexts = false", "unknown key 'contexts'"),
        ("context = false", 'action = "jump"', "action 'jump' is none of read, keep, abstain"),
        (r"(?P<n>\d{1,3})", "(?P<n>{unitz})", "no macro or table 'unitz'. Known: units"),
        (r"\d{1,3}", "a{0,3}", "can match nothing"),
        ("class", "class ==", r"rules\.toml"),
        ("context = false", 'boundary = "tokens"', "boundary 'tokens' is none of token, none"),
        ("context = false", 'final_stop = "yes"', "final_stop 'yes' is none of auto"),
        ("{n:digits}", "{n:counted x}", "names the group 'x', which the pattern lacks"),
        ("{n:digits}", "{n:letters}", "needs a table 'letters'. Known: units"),
        ("{n:digits}", "{n:table foo}", "needs a table 'foo'"),
        ("{n:digits}", "{n:card}", "asks the context here, but the rule says context = false"),
    ],
)
def test_broken_rules_name_the_file_and_the_rule(folder: Path, old: str, new: str, message: str) -> None:
    assert old in RULE
    (folder / "rules.toml").write_text(RULE.replace(old, new), encoding="utf-8")
    with pytest.raises(RulePackError, match=message) as caught:
        make_nsw(str(folder))
    assert str(folder / "rules.toml") in str(caught.value)


def test_broken_tables_name_the_line(folder: Path) -> None:
    (folder / "units.tsv").write_text("surface\tphrase\nkm\t*kilometras\tx\ty\n", encoding="utf-8")
    with pytest.raises(RulePackError, match=r"units\.tsv, line 2"):
        load_pack(folder)
    (folder / "units.tsv").write_text("name\tphrase\n", encoding="utf-8")
    with pytest.raises(RulePackError, match="lacks surface"):
        load_pack(folder)


def test_twice_the_same_id(folder: Path) -> None:
    (folder / "more.toml").write_text(RULE, encoding="utf-8")
    with pytest.raises(RulePackError, match=r"'xx\.one' exists already"):
        load_pack(folder)


def test_failing_examples_are_told(folder: Path) -> None:
    more = 'examples = [["a 7", "a septyni"], ["a 7", "a aštuoni"]]\ncounterexamples = ["b 5"]\n'
    (folder / "rules.toml").write_text(RULE + more, encoding="utf-8")
    nsw = make_nsw(str(folder))
    told = [str(failure) for failure in check_pack(nsw.pack, nsw.engine)]
    assert len(told) == 2
    assert "rule 'xx.one': 'a 7' reads 'a septyni' instead of 'a aštuoni'" in told[0]
    assert "fires on its counter-example 'b 5'" in told[1]


def test_unknown_names_list_what_exists() -> None:
    with pytest.raises(UnknownNameError, match=r"no rule pack called 'lv'.*Known: lt"):
        make_nsw("lv")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'lt\.date\.iso'"):
        make_nsw("lt", disable=["lt.date.isoo"])
    with pytest.raises(ConfigError, match="fast, reference"):
        make_nsw("lt", engine="quick")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="single, pairs, group"):
        make_nsw("lt", options={"phone_digits": "triples"})


def test_own_readings_win(tmp_path: Path) -> None:
    table = tmp_path / "mine.tsv"
    table.write_text("written\tspoken\nUAB\tuždaroji bendrovė\n5 km\tpenketas kilometrų\n", encoding="utf-8")
    text = "UAB nutiesė 5 km kelio ir 5 kmą."
    got = make_nsw("lt", readings=str(table))([text])
    assert got.apply([text])[0].startswith("Uždaroji bendrovė nutiesė penketas kilometrų kelio")
    assert got.rule[:2] == ["user.mine.2", "user.mine.3"]


def test_overlay_by_id(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text(
        'class = "PERCENT"\n[[rule]]\nid = "lt.percent"\npattern = \'(?P<n>{INT}){SP}?%\'\n'
        'reading = "{n:number} nuošimčiai"\n'
        'priority = 500\n[[rule]]\nid = "lt.money"\nclass = "MONEY"\npattern = \'x\'\nreading = "x"\ndisabled = true\n',
        encoding="utf-8",
    )
    nsw = make_nsw("lt", overlays=[str(overlay)])
    assert nsw(["5 %"]).apply(["5 %"]) == ["Penki nuošimčiai"]
    assert "lt.money" not in [rule.id for rule in nsw.pack.rules]
    assert nsw.fingerprint != make_nsw("lt").fingerprint


def test_overlay_on_a_pack_of_ones_own(folder: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.txt"
    overlay.write_text(RULE.replace("{n:digits}", "skaičius"), encoding="utf-8")
    assert make_nsw(str(folder), overlays=[str(overlay)])(["a 12"]).apply(["a 12"]) == ["a skaičius"]


def test_rules_that_keep_are_checked(folder: Path) -> None:
    keep = 'class = "EXPN"\n[[rule]]\nid = "xx.keep"\naction = "keep"\npriority = 5\npattern = "7"\n'
    (folder / "keep.toml").write_text(keep + 'examples = [["a 7", "a 7"]]\ncounterexamples = ["7"]\n', encoding="utf-8")
    nsw = make_nsw(str(folder))
    assert [failure.text for failure in check_pack(nsw.pack, nsw.engine)] == ["7"]


def test_options_choose_conventions() -> None:
    text = "ES skyrė 100 eurų."
    assert make_nsw("lt", options={"one": "keep"})([text]).apply([text]) == ["E-es skyrė vieną šimtą eurų."]
    kept = make_nsw("lt", options={"acronyms": "keep"})([text])
    assert kept.apply([text])[0].startswith("ES skyrė")
    assert kept.value[0]["abstained"] is True
