"""The fast engine gives what the reference gives, whatever scans, and its cost is linear."""

from __future__ import annotations

import pickle
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.edits import Edits
from textnorm.rules.engine import FastEngine, ReferenceEngine, ends_token, starts_token
from textnorm.rules.pack import load_pack
from textnorm.rules.pattern import may_start_with
from textnorm.rules.scan import ArrowScanner, PrefixSet, Re2Scanner, re2_module

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "lt"))

import gold
import patterns

ROOT = Path(__file__).resolve().parents[2]
RULES = load_pack("lt").rules

PIECES = (
    "2024 m. sausio 5 d.|12:30|15 val.|3,5 %|1 200 Eur|5–8|1/3|XIX a.|II |ES|JAV-ų|pvz.|ir kt.|t. y.|www.a.lt|a@b.lt|"
    "+370 612 34567|Nr. 5|§ 4|5-oji|21-ajame|iki |nuo |su |apie |metų|eurų|dalyje|.|,| |-|–|(|)|„|“|\n|\u00a0|0|1|2|11|"
    "Vilnius|Petras I|-7 °C|€20|ąžuolas|e\u0301|😀|A1|LT-01103|2.4.|𝟓|x|/|:|\ud800"
).split("|")
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


@settings(max_examples=150, deadline=None)
@given(batch=st.lists(texts, max_size=4))
def test_fast_engines_equal_the_reference(
    batch: list[str], fast: FastEngine, arrow: FastEngine, reference: ReferenceEngine
) -> None:
    expected = reference.edits(batch)
    assert fast.edits(batch) == expected
    assert arrow.edits(batch) == expected


def test_engines_agree_on_gold_and_article(fast: FastEngine, arrow: FastEngine, reference: ReferenceEngine) -> None:
    lines = [row.written for row in gold.load()]
    lines += (ROOT / "corpora" / "lt" / "article.txt").read_text(encoding="utf-8").splitlines()
    expected = reference.edits(lines)
    assert expected.count > 400
    assert fast.edits(lines) == expected
    assert arrow.edits(lines) == expected


@settings(max_examples=50, deadline=None)
@given(batch=st.lists(texts, max_size=5))
def test_a_text_does_not_depend_on_its_neighbours(batch: list[str], fast: FastEngine) -> None:
    assert Edits.concat([fast.edits([text]) for text in batch]) == fast.edits(batch)


@settings(max_examples=80, deadline=None)
@given(text=texts)
def test_undo_restores(text: str, fast: FastEngine) -> None:
    edits = fast.edits([text])
    assert edits.invert([text]).apply(edits.apply([text])) == [text]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_superset_property(rule, fast: FastEngine) -> None:
    """Whatever a rule matches begins inside a scanned window, and the automaton names the rule there."""
    rng = random.Random(rule.id)
    prefixes = PrefixSet([rule.derived.full])
    matched = 0
    for _ in range(400):
        before, body, after = patterns.strings(rule.pattern, rng)
        for text in (before + body + after, f"{before}{body}{after} abc", f"Ąž {before}{body}. {after}"):
            for match in [m for p in range(len(text)) if (m := rule.exact.match(text, p))]:
                p, end = match.span()
                if end == p or not starts_token(text, p) or (rule.boundary and not ends_token(text, end)):
                    continue
                matched += 1
                rows, starts, ends = fast.windows([text])
                assert any(a <= p < b for a, b in zip(starts, ends, strict=True)), (text, match)
                assert prefixes.match(text[p:].encode()) == [0], (text, match)
                assert set(rows) == {0}
                assert text[p].isalnum() or may_start_with(rule.pattern, text[p]), (text, match)
        if matched > 40:
            break
    assert matched > 0, "the generator found no text that this rule matches"


@pytest.mark.skipif(re2_module() is None, reason="google-re2 is not installed; the Arrow scanner serves")
@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_scanners_give_the_same_windows(text: str) -> None:
    heads = [rule.derived.head for rule in RULES]
    buffer = text.encode("utf-8", "replace")
    global _SCANNERS
    if _SCANNERS is None:
        _SCANNERS = Re2Scanner(heads), ArrowScanner(heads)
    one, two = (scanner.scan(buffer) for scanner in _SCANNERS)
    assert one.tolist() == two.tolist()


_SCANNERS: tuple[Re2Scanner, ArrowScanner] | None = None

ADVERSARIAL = {
    "digits": "1",
    "dots": ".",
    "brackets": "([{",
    "dotted": "1.",
    "hyphens": "1-",
    "groups": "1 000 ",
    "slashes": "1/1/",
    "commas": "1,1,",
    "roman": "IVXLC",
    "roman words": "IV a. ",
    "capitals": "BCD-",
    "mail": "a@a.",
    "hosts": "a.a-",
    "letters": "ąa",
    "abbreviation": "t. ",
    "spaces": " \u00a0",
    "minus": "-",
    "colons": "12:",
}


@pytest.mark.parametrize("unit", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_cost_is_linear(unit: str, fast: FastEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries of exact patterns grow with the text and no faster, and no try may run away."""
    tries = 0
    best = FastEngine.best

    def counted(self: FastEngine, text: str, p: int, candidates: list[int]):
        nonlocal tries
        tries += len(candidates)
        for k in candidates:
            # The module's own watchdog: a pattern that backtracks without end raises TimeoutError.
            self.rules[k].exact.match(text, p, p + 1024, timeout=5)
        return best(self, text, p, candidates)

    monkeypatch.setattr(FastEngine, "best", counted)
    counts = []
    for size in (4_000, 8_000):
        tries = 0
        text = unit * (size // len(unit))
        edits = fast.edits([text])
        counts.append(tries)
        assert edits.invert([text]).apply(edits.apply([text])) == [text]
    assert counts[1] <= 2 * counts[0] + 400
    assert counts[1] <= 8_000 * 6


def test_engine_survives_pickling(fast: FastEngine) -> None:
    again = pickle.loads(pickle.dumps(fast))
    line = "Nuo 2015 m. sausio 1 d. moka 12 Eur."
    assert again.edits([line]) == fast.edits([line])


def test_readings_do_not_depend_on_the_memo(fast: FastEngine, reference: ReferenceEngine) -> None:
    lines = ["Atėjo 5 vaikai.", "Laukė 5 vaikų.", "Padėjo 5 vaikams.", "Atėjo 5 moterys."]
    for _ in range(2):
        assert fast.edits(lines) == reference.edits(lines)
    assert len(set(fast.edits(lines).replacement)) >= 3


def test_readings_never_grow_together_with_words(fast: FastEngine) -> None:
    texts = ["Įsakymas Nr.5 galioja.", "Taikoma 5%nuolaida.", "Vaisiai, pvz.obuoliai."]
    assert fast.edits(texts).apply(texts) == [
        "Įsakymas numeris penki galioja.",
        "Taikoma penkių procentų nuolaida.",
        "Vaisiai, pavyzdžiui obuoliai.",
    ]
