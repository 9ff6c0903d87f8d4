"""Unicode repair: cases that a linguist can read (tests/cases/unicode), and properties."""

from __future__ import annotations

import json
import pickle
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import ftfy
import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.edits import Edits
from textnorm.errors import ConfigError
from textnorm.normalizers.unicode import Switches, make_unicode
from textnorm.normalizers.unicode.form import make_form
from textnorm.normalizers.unicode.mojibake import make_mojibake, suspicion
from textnorm.normalizers.unicode.switches import ALLOWED
from textnorm.registry import normalizers

CASES = Path(__file__).parent / "cases" / "unicode"
LAWS = settings(max_examples=150, deadline=None)
EVERYTHING = {
    "html": True,
    "ligatures": True,
    "width": True,
    "spaces": "collapse",
    "quotes": "lithuanian",
    "dashes": "en",
    "confusables": True,
    "lt_stress": "strip",
    "form": "NFKC",
}
SETTINGS = {
    "default": {},
    "everything": EVERYTHING,
    "straight": {"quotes": "straight", "dashes": "ascii", "lt_stress": "compose", "form": None, "html": True},
}


class Case(NamedTuple):
    file: str
    line: int
    switches: dict[str, object]
    source: str
    expected: str
    rules: str


def _cases() -> list[Case]:
    """Read every file: a line of switches, then ``input<TAB>expected<TAB>rules``, each the inside of a JSON string."""
    out = []
    for path in sorted(CASES.glob("*.tsv")):
        switches: dict[str, object] | None = None
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.startswith("# switches: "):
                switches = json.loads(line.removeprefix("# switches: "))
            if not line or line.startswith("# ") or line == "input\texpected\trules":
                continue
            assert switches is not None, f"{path.name} has no switches"
            source, expected, rules = (json.loads(f'"{field}"') for field in line.split("\t"))
            out.append(Case(path.stem, number, switches, source, expected, rules))
    return out


ALL = _cases()


def _named(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=f"{case.file}:{case.line}") for case in cases]


@pytest.mark.parametrize("case", _named([c for c in ALL if c.file != "known-failures"]))
def test_case(case):
    normalize = make_unicode(**case.switches)
    edits = normalize([case.source])
    assert edits.apply([case.source]) == [case.expected]
    assert sorted({rule for e in edits[0] for rule in e.rule.split("+")}) == sorted({*case.rules.split("+")} - {""})
    assert edits.invert([case.source]).apply([case.expected]) == [case.source]


@pytest.mark.parametrize("case", _named([c for c in ALL if c.file == "known-failures"]))
def test_known_failure(case):
    got = make_unicode(**case.switches)([case.source]).apply([case.source])
    assert got != [case.expected], "it passes now: move the line to its level's file"


def test_every_level_has_cases():
    rules = {rule for case in ALL if case.file != "known-failures" for rule in case.rules.split("+")} - {""}
    names = {name for name in ALLOWED if name != "form"} | {"nfc", "nfkc"}
    assert rules == {f"unicode.{name}" for name in names}


# -- properties ---------------

BAD = "".join(re.findall(f"[{''.join(MOJIBAKE_CATEGORIES.values())}]", "".join(map(chr, range(0xFFFF)))))
NASTY = (
    "aeioulmnrAIŠžėąyq  \t\n\r\"„“”«»'’-–—&;#38ampltx"
    "\u0300\u0301\u0303\u0307\u0328\u030c\u0323\u00ad\u00a0\u2003\u2028\u200b\u200c\u200d\u200e\ufeff\ufe0f\x00\x0b\x1b[0m"
    "\x80\x85\x93áãñéíл\u0430\u0435сοΑΝ\u1100\u1161\u11a8ｶ\uff9eＡﬁ³\u212b\u0958کकğ👩🏴\U000e0067\U000e007f\U0001d15e\ud83d\udca9𝔸"
)
mojibaked = st.builds(
    lambda text, encoding, again: _misread(_misread(text, encoding), encoding) if again else _misread(text, encoding),
    st.text("aąčęėįšųūžŠŽ „“–é€ Пя\n", max_size=12),
    st.sampled_from(["sloppy-windows-1252", "sloppy-windows-1257", "sloppy-windows-1251", "latin-1"]),
    st.booleans(),
)
nasty = st.one_of(st.text(NASTY, max_size=14), st.text(NASTY + BAD, max_size=10), mojibaked, st.text(max_size=10))


def _misread(text: str, encoding: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode(encoding)


@pytest.mark.parametrize("name", SETTINGS)
def test_twice_is_once_and_undo_is_exact(name):
    normalize = make_unicode(**SETTINGS[name])

    @LAWS
    @given(nasty)
    def law(text):
        edits = normalize([text])
        (out,) = edits.apply([text])
        assert normalize([out]).count == 0
        assert edits.invert([text]).apply([out]) == [text]
        for e in edits[0]:
            assert e.label == "UNICODE"
            assert e.rule.startswith("unicode.")
            assert text[e.start : e.end] != e.replacement

    law()


@pytest.mark.parametrize("name", SETTINGS)
def test_neighbours_do_not_matter(name):
    normalize = make_unicode(**SETTINGS[name])

    @LAWS
    @given(st.lists(nasty, max_size=5))
    def law(texts):
        assert normalize(texts) == Edits.concat([normalize([text]) for text in texts])

    law()


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_form_is_the_standard_form(form):
    level = make_form(form)
    alone = make_unicode(form=form, mojibake=False, invisible=False, control=False, spaces="off", surrogates=False)

    @settings(max_examples=400, deadline=None)
    @given(st.one_of(st.text(NASTY, max_size=12), st.text(max_size=12)))
    def law(text):
        want = unicodedata.normalize(form, text)
        assert alone([text]).apply([text]) == [want]
        assert (level.needs(text) is not None) or want == text

    law()


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_form_knows_every_character(form):
    """Every code point by itself and behind a letter; the table skips blocks that it takes for stable."""
    level = make_form(form)
    missed = []
    for cp in range(0x110000):
        char = chr(cp)
        settled = unicodedata.is_normalized(form, char) and not unicodedata.combining(char)
        if not settled and level.needs(char) is None:
            missed.append(hex(cp))
    assert missed == []


def test_form_edits_are_small():
    text = "žalia " * 50 + "e\u0307" + " ąžuolas" * 50
    (edit,) = make_unicode()([text])[0]
    assert (edit.start, edit.end, edit.replacement) == (300, 302, "ė")


@settings(max_examples=600, deadline=None)
@given(st.one_of(mojibaked, st.text(BAD + "aZ ?\x81\xa0", max_size=6), st.text(max_size=6)))
def test_mojibake_is_what_ftfy_says(text):
    level = make_mojibake()
    edits = level.edits(text)
    want = "".join(ftfy.fix_encoding(line) for line in re.findall("[^\n]*\n|[^\n]+", text))
    assert Edits.from_rows([edits]).apply([text]) == [want]
    if any(is_bad(line) for line in text.split("\n")):
        assert suspicion().search(text)
    else:
        assert edits == []


def test_suspicion_covers_every_pair_that_ftfy_flags():
    chars = BAD + "az "
    pattern = suspicion()
    texts = (f"a{x}{y}{z}" for x in chars for y in chars for z in ("a", "³", "„"))
    missed = [text for text in texts if is_bad(text) and not pattern.search(text)]
    assert missed == []


@pytest.mark.parametrize(
    "text",
    ["ГўВЂВ a", "Ø§Ù„Ø", "ØªØ§", "à²¬", "вЂ™", "β€™", "ā€™", "‚Äî", "√±", "Î‘Î¸Î®Î½Î±", "a Â»", "Ã la", "Ø–Ù–", "Ã¡"],
)
def test_suspicion_covers_the_long_alternatives(text):
    assert is_bad(text)
    assert suspicion().search(text)


def test_mojibake_edits_are_small_and_say_how():
    edits = make_unicode()(["Graži Å¾alia giria, Å¡Ä¯met"])[0]
    assert [(e.start, e.end, e.replacement) for e in edits] == [(6, 8, "ž"), (20, 24, "šį")]
    spaced = make_unicode()(["Vieta: Å alis graÅ¾i"])[0]  # a space that was U+00A0
    assert [(e.start, e.end, e.replacement) for e in spaced] == [(7, 9, "Š"), (17, 19, "ž")]
    assert edits[0].value == {"plan": [["apply", "decode_inconsistent_utf8"]]}
    assert 0 < edits[0].confidence < 1


def test_a_line_is_mended_whatever_the_other_lines_are():
    good = "Ąžuolas – 5 €.\n"
    normalize = make_unicode()
    (alone,) = normalize(["Å½alia giraitÄ—"]).apply(["Å½alia giraitÄ—"])
    assert alone == "Žalia giraitė"
    assert normalize([good + "Å½alia giraitÄ—"]).apply([good + "Å½alia giraitÄ—"]) == [good + alone]


def test_surrogate_pair():
    assert make_unicode()(["\ud83d\udca9 \ud83d"]).apply(["\ud83d\udca9 \ud83d"]) == ["\U0001f4a9 \ufffd"]


def test_levels_can_all_be_off():
    off = make_unicode(mojibake=False, surrogates=False, control=False, invisible=False, spaces="off", form=None)
    assert off([NASTY]).count == 0


def test_clean_batch_has_no_candidates():
    normalize = make_unicode()
    texts = ["Ąžuolų giraitė – „Šilo“ pakraštyje.", "Plain text.", "", "Kaina 5 €"]
    assert normalize._candidates(texts) == []
    assert normalize._candidates([*texts, "a\u00a0b", "x", "Å¾alia", "e\u0307"]) == [4, 6, 7]
    assert normalize([]) == Edits.empty(0)


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"quote": "straight"}, "no switch 'quote'. Did you mean 'quotes'.*Known: confusables, control"),
        ({"form": "NFD"}, "'form' cannot be 'NFD'. Known: 'NFC', 'NFKC', None"),
        ({"mojibake": "yes"}, "'mojibake' cannot be 'yes'. Known: True, False"),
        ({"mojibake": 1}, "'mojibake' cannot be 1"),
        ({"spaces": True}, "'spaces' cannot be True. Known: 'plain', 'collapse', 'off'"),
    ],
)
def test_wrong_switches(switches, message):
    with pytest.raises(ConfigError, match=message):
        make_unicode(**switches)


def test_defaults_are_the_first_allowed_values():
    assert Switches() == Switches.of(**{name: values[0] for name, values in ALLOWED.items()})


def test_component():
    normalize = normalizers.get("textnorm.unicode.v1")(quotes="straight")
    assert (normalize.name, normalize.scope, normalize.languages) == ("textnorm.unicode.v1", "text", ())
    assert normalize.idempotent
    again = pickle.loads(pickle.dumps(normalize))
    assert again.switches == normalize.switches
    assert again(["„a“ \u00a0"]) == normalize(["„a“ \u00a0"])
    assert "quotes='straight'" in repr(normalize)


@pytest.mark.parametrize(
    "text",
    ["\x1b[" * 20_000, "\x1b]" * 20_000, "&amp;" * 20_000, "&" + "amp;" * 20_000, "\u200d" * 20_000, '"' * 20_000,
     "a\u0301" * 20_000, "Å¾" * 20_000, "\u0301" * 20_000, "Ã" * 20_000, "aа" * 20_000, "-" * 20_000, " " * 20_000],
    ids=lambda text: text[:6].encode("unicode-escape").decode(),
)  # fmt: skip
def test_long_bad_input(text):
    normalize = make_unicode(**EVERYTHING)
    (out,) = normalize([text]).apply([text])
    assert normalize([out]).count == 0
