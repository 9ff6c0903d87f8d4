"""Which form a number takes in its sentence: tables of sentences, and laws that hold for any surroundings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.errors import RulePackError
from textnorm.languages.lt import government, tables
from textnorm.languages.lt.agreement import Agreement, agree, case_of
from textnorm.languages.lt.context import LEFT_TOKENS, RIGHT_TOKENS, WINDOW, Context, context_key
from textnorm.languages.lt.government import governors
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS
from textnorm.languages.lt.numerals import cardinal
from textnorm.languages.lt.ordinals import ordinal


def slot(marked: str) -> tuple[str, int, int]:
    """Take the slot out of a sentence that marks it with brackets."""
    start, end = marked.index("["), marked.index("]")
    return marked[:start] + marked[start + 1 : end] + marked[end + 1 :], start, end - 1


def around(marked: str) -> tuple[Context, str]:
    text, start, end = slot(marked)
    return context_key(text, start, end), text[start:end]


def read(marked: str) -> tuple[str, Agreement]:
    ctx, raw = around(marked)
    n = int(raw)
    found = agree(ctx, n)
    if found.kind == "ord":
        # Both ordinals are right before a singular noun; the tables give the indefinite one.
        return ordinal(n, found.case, found.gender, found.number), found
    return cardinal(n, found.case, found.gender, series=found.series), found


CASES_FILE = Path(__file__).with_name("agreement.tsv")
SENTENCES = [tuple(line.split("\t")) for line in CASES_FILE.read_text(encoding="utf-8").splitlines()[2:]]


@pytest.mark.parametrize(("marked", "expected"), SENTENCES)
def test_a_number_takes_the_form_of_its_sentence(marked: str, expected: str) -> None:
    form, found = read(marked)
    assert form == expected, found.why


@pytest.mark.parametrize(
    ("marked", "case", "gender", "plural_only"),
    [
        ("Lentyna yra [5 km] pločio.", "gen", "m", False),
        ("Ruožas tęsiasi iki [5 km].", "gen", "m", False),
        ("Nubėgo [5 km] per valandą.", "acc", "m", False),
        ("Akcijos pabrango [15 %].", "ins", "m", False),
        ("Butai [15 %] brangesni nei pernai.", "ins", "m", False),
        ("Nuolaida siekia [15 %].", "acc", "m", False),
        ("Su [3 Eur] kišenėje toli nenueisi.", "ins", "m", False),
        ("Kaina – [3 Eur].", "nom", "m", False),
        ("Paskirta [300 Eur] bauda.", "gen", "m", False),
        ("Po [2 m.] pertraukos grįžo.", "gen", "m", True),
    ],
)
def test_a_unit_in_the_slot_leaves_only_the_case_to_the_surroundings(marked, case, gender, plural_only) -> None:
    ctx, raw = around(marked)
    found = agree(ctx, int(raw.split()[0]), noun_gender=gender, plural_only=plural_only)
    assert (found.case, found.gender, found.kind) == (case, gender, "card"), found.why
    assert found.series == ("plural_only" if plural_only else "plain")


@pytest.mark.parametrize(
    ("marked", "default", "case"),
    [
        ("[2016 m.] įkurta draugija veikia.", "ins", "ins"),
        ("Draugija veikia nuo [2016 m.] pavasario.", "ins", "gen"),
        ("Sutartis galioja iki [2030 m.]", "ins", "gen"),
        ("Nuo karo pabaigos [1953 m.] praėjo daug laiko.", "ins", "ins"),
        ("Galioja [2016 m.] Seimo nutarimas.", "ins", "gen"),
        ("Baigėsi [2016 m.] prezidento rinkimai.", "ins", "gen"),
        ("Išvyko [2016 m.] rugsėjį.", "ins", "gen"),
        ("Pateikti iki einamųjų metų [sausio 31 d.]", "acc", "gen"),
        ("Pateikė kitų metų [sausio 31 d.]", "acc", "acc"),
        ("Susitiksime [gegužės 5 d.] aikštėje.", "acc", "acc"),
        ("Gavo [gegužės 5 d.] laišką.", "acc", "acc"),
        ("Po [gegužės 5 d.] nieko nelaukiame.", "acc", "gen"),
    ],
)
def test_dates_hear_prepositions_and_what_they_date(marked: str, default, case: str) -> None:
    ctx, _ = around(marked)
    assert case_of(ctx, default=default, number_like=False)[0] == case


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        ("Nuvyko iki [50] kalnų.", "preposition 'iki'"),
        ("Suma siekia [1000] eurų.", "verb 'siekia'"),
        ("Taikomi [3] nauji straipsniai.", "noun"),
        ("Praėjus [100] dienų, grįžo.", "dative absolute 'praėjus'"),
        ("Tai [100] dienų terminas.", "attribute of 'terminas'"),
        ("Per paskutinius [100] metų.", "agrees with 'paskutinius'"),
    ],
)
def test_the_reason_names_what_decided(marked: str, part: str) -> None:
    _, found = read(marked)
    assert part in found.why


def test_clear_sentences_are_surer_than_open_ones() -> None:
    assert read("Atvyko su [3] draugais.")[1].confidence > read("Ten [3] programos vaikams.")[1].confidence
    assert read("Ten [3] programos vaikams.")[1].alternatives


class TestContext:
    def test_tokens_on_both_sides(self) -> None:
        ctx, _ = around("Bauda nuo 15 000 iki [20] eurų ir 3-iasis Jonas.")
        assert ctx.left == ("bauda", "nuo", "#0", "iki")
        assert ctx.right == ("eurų", "ir", "#o", "jonas", ".")
        assert ctx.caps == (False, False, False, True, False)

    def test_a_sentence_end_cuts(self) -> None:
        ctx, _ = around("Lijo. Buvo šalta! Atėjo [3] žmonės. Vėliau išėjo.")
        assert ctx.left == ("atėjo",)
        assert ctx.right == ("žmonės", ".")

    def test_an_abbreviation_does_not_cut(self) -> None:
        ctx, _ = around("Žr. pvz. [3] str. Kitas, J. Jonaitis.")
        assert ctx.left == ("žr.", "pvz.")
        assert ctx.right[:2] == ("str.", "kitas")

    @pytest.mark.parametrize(
        ("number", "token"),
        [
            ("1", "#1"),
            ("21", "#1"),
            ("11", "#0"),
            ("30", "#0"),
            ("7", "#2"),
            ("2016", "#y"),
            ("2,5", "#d"),
            ("3-ioji", "#o"),
        ],
    )
    def test_classes_of_numbers(self, number: str, token: str) -> None:
        ctx, _ = around(f"Tarp {number} ir [5] namo.")
        assert ctx.left[1] == token

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=60), st.text(min_size=1, max_size=8), st.text(max_size=60))
    def test_any_text_gives_a_bounded_key(self, before: str, inside: str, after: str) -> None:
        ctx = context_key(before + inside + after, len(before), len(before + inside))
        assert len(ctx.left) <= LEFT_TOKENS
        assert len(ctx.right) <= RIGHT_TOKENS + 1
        assert ctx.caps == () or len(ctx.caps) == len(ctx.right)

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=200), st.text(max_size=200))
    def test_text_beyond_the_window_does_not_matter(self, before: str, after: str) -> None:
        near = " žodis" * WINDOW
        text = near + " 5" + near
        start = len(near) + 1
        moved = context_key(before + text + after, len(before) + start, len(before) + start + 1)
        assert moved == context_key(text, start, start + 1)


WORDS = st.one_of(
    st.sampled_from(["nuo", "su", "per", "kas", "ir", "ar", ",", "(", ")", "–", "#1", "#2", "#0", "iki", "iš", "ne"]),
    st.sampled_from(
        ["metų", "metai", "dienos", "straipsnio", "eurais", "didelių", "gražios", "jie", "šimtų", "penkių"]
    ),
    st.sampled_from(["mažiau", "kaip", "viršija", "atėjo", "praėjus", "durys", "Q", "%", "„", "mgl", "tomas", "rate"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=7), st.integers(0, 10**12), st.lists(WORDS, max_size=7), st.booleans())
def test_any_surroundings_give_a_readable_form(left: list[str], n: int, right: list[str], decimal: bool) -> None:
    ctx = Context(tuple(left), tuple(right))
    found = agree(ctx, n, decimal=decimal)
    assert found == agree(ctx, n, decimal=decimal)
    assert found.case in CASES
    assert found.gender in GENDERS
    assert found.number in NUMBERS
    assert 0 < found.confidence <= 1
    assert found.why
    for other in found.alternatives:
        assert other[:6] != found[:6]
        assert other.alternatives == ()
    if found.kind == "card":
        assert cardinal(n, found.case, found.gender, series=found.series)


class TestGovernment:
    @pytest.mark.parametrize(
        ("word", "case"), [("nuo", "gen"), ("su", "ins"), ("per", "acc"), ("kainuos", "acc"), ("sulaukė", "gen")]
    )
    def test_the_table_is_read(self, word: str, case: str) -> None:
        assert governors(word)[0].cases[0] == case

    def test_a_verb_is_known_behind_prefix_and_negation(self) -> None:
        assert governors("augino")
        assert governors("užaugino")[0].cases == ("acc",)
        assert governors("neviršija")[0].negated
        assert not governors("viršija")[0].negated

    def test_a_stem_needs_a_verbal_ending(self) -> None:
        assert governors("kainuoja")
        assert not governors("kainuotojas")
        assert not governors("rinkimas")
        assert governors("renkamas")[0].voice == "passive"

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("iki\tprep\tgenitive", "government.tsv:2: unknown case 'genitive'"),
            ("iki\tpreposition\tgen", "government.tsv:2: unknown part of speech"),
            ("iki\tprep", "government.tsv:2: a prep needs a case"),
            ("iki\tprep\tgen\tsometimes", "government.tsv:2: unknown condition"),
            ("iki\tprep\tgen\t\t\t\textra", "government.tsv:2: 7 cells"),
        ],
    )
    def test_a_broken_table_names_file_and_line(self, line: str, message: str, tmp_path, monkeypatch) -> None:
        (tmp_path / "government.tsv").write_text(f"forms\tpos\tcase\tcondition\tnote\n{line}\n", encoding="utf-8")
        monkeypatch.setattr(tables, "rules_dir", lambda code: tmp_path)
        with pytest.raises(RulePackError, match=message.replace(".", r"\.")):
            government._table.__wrapped__()

    def test_a_missing_table_is_named(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(tables, "rules_dir", lambda code: tmp_path)
        with pytest.raises(RulePackError, match=r"rules/lt/government\.tsv: cannot be read"):
            government._table.__wrapped__()


@pytest.mark.data
def test_spelled_numerals_of_the_development_data_are_restored(data_dir: Path) -> None:
    """Floors on the round trip: digits written for numerals that people spelled out."""
    right: dict[str, list[bool]] = {}
    with (data_dir / "lt" / "roundtrip_dev.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            bare = row.get("style") == "bare"
            if row["kind"] not in ("card", "card_plural_only") and not bare:
                continue
            start, end = row["wspan"]
            n = int("".join(c for c in row["written"][start:end] if c.isdigit()))
            found = agree(context_key(row["written"], start, end), n)
            if found.kind == "ord":
                form = ordinal(n, found.case, found.gender, found.number, definite=found.definite)
            else:
                form = cardinal(n, found.case, found.gender, series=found.series)
            right.setdefault("ord" if bare else row["kind"], []).append(form in row["accepted"])
    shares = {kind: sum(hits) / len(hits) for kind, hits in right.items()}
    assert shares["card"] >= 0.94
    assert shares["card_plural_only"] >= 0.96
    assert shares["ord"] >= 0.98
