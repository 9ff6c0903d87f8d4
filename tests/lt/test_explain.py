"""Each inflected word of a reading has an account: kind, case, gender, number; each reading says what decided it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from textnorm import load
from textnorm.cli import main
from textnorm.commands.common import grammar_of
from textnorm.languages.lt.account import CASE_NAMES, GENDER_NAMES, NUMBER_NAMES
from textnorm.normalizers.nsw import NswNormalizer, make_nsw
from textnorm.rules.check import checked
from textnorm.rules.pack import load_pack
from textnorm.rules.template import Slot

#: Functions whose words inflect; the others name signs one by one or leave the text.
INFLECTING = frozenset(
    """card ranged number decimal fraction count counted amount unit compound ord roman roman_ruler written
    roman_written year year_like month word titled""".split()
)
UNINFLECTED = frozenset("letters digits phone code address same table".split())
DOMAINS = load_pack("lt").domains


@pytest.fixture(scope="module")
def components() -> dict[str, NswNormalizer]:
    return {name: make_nsw("lt", domain=name) for name in DOMAINS}


def test_every_function_is_one_or_the_other(components: dict[str, NswNormalizer]) -> None:
    assert set(components["general"].engine.reader.functions) == INFLECTING | UNINFLECTED


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_inflected_reading_of_every_example_is_accounted_for(
    domain: str, components: dict[str, NswNormalizer]
) -> None:
    nsw = components[domain]
    examples = [(rule, text) for rule in checked(nsw.pack) for text, _ in rule.examples]
    seen = 0
    for (rule, text), edits in zip(examples, nsw([text for _, text in examples]), strict=True):
        slots = [part for part in rule.reading if isinstance(part, Slot)]
        inflected = [slot for slot in slots if slot.function in INFLECTING]
        cased = [slot for slot in slots if slot.function == "table" and len(slot.args) > 1]
        for edit in edits:
            if edit.rule != rule.id or not (inflected or cased):
                continue
            match = rule.exact.search(text, edit.start)
            present = [s for s in (*inflected, *cased) if s.text or match[s.group] is not None]
            accounts = (edit.value or {}).get("grammar", [])
            # Minutes that are nought are not said.
            silent = sum(s.function == "amount" and int(match[s.group]) == 0 for s in present)
            assert len(accounts) >= len(present) - silent, f"{rule.id}: {text}: {accounts}"
            for item in accounts:
                assert item["words"].lower() in edit.replacement.lower(), rule.id
                assert item["case"] in CASE_NAMES.values()
                assert item.get("gender", "masculine") in GENDER_NAMES.values()
                assert item.get("number", "plural") in NUMBER_NAMES.values()
                if item["kind"].endswith("ordinal") or item["kind"] == "noun":
                    assert {"gender", "number"} <= set(item), rule.id
            if present:
                assert edit.value.get("why"), f"{rule.id}: {text}"
            seen += 1
    assert seen >= (100 if domain == "general" else 5)


@pytest.mark.parametrize(
    ("text", "word", "kind", "grammar", "why"),
    [
        ("Be 3 svečių liūdna.", "trijų", "cardinal", "genitive masculine plural", "genitive"),
        ("Dirbo 3 metus.", "trejus", "plural-only cardinal", "accusative masculine plural", "noun 'metus'"),
        ("Jau 47 kartą skambina.", "keturiasdešimt septintą", "ordinal", "accusative masculine singular", "'kartą'"),
        ("Gyvena 5-ajame aukšte.", "penktajame", "pronominal ordinal", "locative masculine singular", "'-ajame'"),
        ("Nubėgo 2,5 km.", "kilometro", "noun", "genitive masculine singular", "behind a decimal"),
        ("Sutiko 13-metį brolį.", "trylika", "stem of a compound", "genitive", "compound word"),
    ],
)
def test_accounts_by_hand(text: str, word: str, kind: str, grammar: str, why: str) -> None:
    (edit,) = load("lt-speech")(text).edits
    lines = grammar_of(dict(edit.value))
    assert f"{word}: {kind}, {grammar}" in lines
    assert why in edit.value["why"]


def test_the_command_shows_them() -> None:
    done = CliRunner().invoke(main, ["explain", "Be 3 svečių liūdna."])
    assert "trijų: cardinal, genitive masculine plural" in done.stdout
    assert "genitive" in done.stdout.partition("trijų: ")[0]
    page = CliRunner().invoke(main, ["explain", "--json", "Be 3 svečių liūdna."])
    assert '"grammar": [{"words": "trijų"' in page.stdout


def test_an_unsure_reading_names_others() -> None:
    nlp = load("lt-speech")
    unsure = [e for out in nlp.batch(["Ten 3 programos vaikams."]) for e in out.edits]
    assert unsure[0].value["alternatives"]
    assert unsure[0].replacement not in unsure[0].value["alternatives"]
