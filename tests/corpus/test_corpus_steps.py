"""Components that annotate a corpus keep the contract of plugins and find what they say."""

from __future__ import annotations

import inspect
import pickle
import re
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textnorm
from textnorm import registry
from textnorm.conformance import check
from textnorm.edits.annotations import annotation
from textnorm.errors import ConfigError, EditError, MissingExtraError, UnknownNameError
from textnorm.normalizers.corpus import personal
from textnorm.normalizers.corpus.duplicates import make_duplicates
from textnorm.normalizers.corpus.language import make_language
from textnorm.normalizers.corpus.personal import load_patterns, make_pii
from textnorm.normalizers.corpus.personal_checks import checks, iban, lt_personal_code, mod11
from textnorm.normalizers.corpus.quality import LIMITS, make_quality
from textnorm.resources import rules_dir

PATTERNS, _, _ = load_patterns(rules_dir() / "pii" / "patterns.toml")
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "preparing.md").read_text(encoding="utf-8")


def component(name, **options):
    if name == "language":
        pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    if options.get("keys"):
        pytest.importorskip("rensa", reason="the extra 'duplicates' is not installed")
    return registry.normalizers.get(f"textnorm.{name}.v1")(**options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("language", {}),
        ("language", {"unit": "line", "candidates": ["lt", "en"], "min_p": 0.9}),
        ("quality", {}),
        ("pii", {}),
        ("pii", {"action": "replace", "values": False}),
        ("duplicates", {}),
        ("duplicates", {"unit": "sentence", "keys": True}),
    ],
)
def test_it_keeps_the_contract(name, options):
    texts = [text for pattern in PATTERNS for text in (*pattern.examples, *pattern.counterexamples)]
    assert check(component(name, **options), texts, registered=f"textnorm.{name}.v1") == []


# -- language --------------------------------------------------------------------------------------------------------
def test_language_of_texts_and_lines():
    found = component("language")(["Šiandien oras geras, todėl važiuosime prie jūros.", "", "  \n"])
    assert [edit.value["lang"] for edit in found.row(0)] == ["lt"]
    assert found.row(1) == found.row(2) == ()
    lines = "The weather is fine today, so we go.\n\nŠiandien geras oras, todėl važiuojame."
    edits = component("language", unit="line", candidates=["lt", "en"])([lines]).row(0)
    assert [(lines[e.start : e.end][:3], e.value["lang"]) for e in edits] == [("The", "en"), ("Šia", "lt")]


def test_an_unsure_language_is_undetermined_and_says_the_nearest():
    (edit,) = component("language", min_p=1.0)(["banana taxi"]).row(0)
    assert edit.value["lang"] == "und"
    assert edit.value["nearest"] != "und"
    (edit,) = component("language")(["12 a"]).row(0)
    assert edit.value == {"lang": "und", "p": 0.0}


@pytest.mark.parametrize(
    "options", [{"unit": "page"}, {"min_p": 2}, {"candidates": ["lt"]}, {"candidates": ["lt", "qqq"]}]
)
def test_language_refuses(options):
    pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    with pytest.raises(ConfigError):
        make_language(**options)


def test_without_the_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(MissingExtraError, match=r"\[langid\]"):
        make_language()
    with pytest.raises(MissingExtraError, match=r"\[duplicates\]"):
        make_duplicates(keys=True)
    assert make_duplicates(keys=True, near=False)(["a b"]).count == 1


# -- personal data ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.id)
def test_examples_of_a_pattern(pattern):
    compiled = personal._compile(pattern)
    assert pattern.examples
    assert pattern.counterexamples
    for text in pattern.examples:
        assert len(list(personal._matches(text, *compiled))) == 1, text
    for text in pattern.counterexamples:
        assert list(personal._matches(text, *compiled)) == [], text


def test_ids_are_unique_and_every_check_is_used():
    assert len({pattern.id for pattern in PATTERNS}) == len(PATTERNS)
    assert {pattern.check for pattern in PATTERNS} == set(checks())


@given(st.dates(min_value=date(1900, 1, 1)), st.integers(0, 999), st.booleans())
def test_every_right_personal_code_is_found_and_no_wrong_digit_passes(born, number, man):
    if born.year > 2099:
        return
    head = f"{2 * (born.year // 100 - 18) + (1 if man else 2)}{born:%y%m%d}{number:03d}"
    code = head + str(mod11(head))
    assert lt_personal_code(code) == {"code": code, "country": "LT|EE", "born": born.isoformat()}
    assert sum(lt_personal_code(head + str(d)) is not None for d in range(10)) == 1
    text = f"Asmuo {code}, toliau – pirkėjas."
    assert [(f.start, f.end) for f in make_pii(["PERSONAL_CODE"]).find(text)] == [(6, 17)]


@given(st.integers(0, 10**16 - 1))
def test_one_pair_of_check_digits_makes_an_iban(number):
    body = f"{number:016d}"
    right = [k for k in range(2, 99) if iban(f"LT{k:02d}{body}")]
    assert len(right) == 1
    grouped = f"LT{right[0]:02d} " + " ".join(body[i : i + 4] for i in range(0, 16, 4))
    assert [f.facts["code"] for f in make_pii().find(f"Sąskaita: {grouped}.")] == [f"LT{right[0]:02d}{body}"]


@settings(max_examples=50)
@given(st.text(alphabet="0123456789 +-()@.LT\n", max_size=200))
def test_spans_never_overlap(text):
    found = make_pii().find(text)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_placeholders_hide_and_undo():
    pii = make_pii(action="replace", values=False)
    text = "Rašyk a.b@example.lt, mob. 8 600 00000."
    edits = pii([text])
    assert edits.apply([text]) == ["Rašyk [EMAIL], mob. [PHONE]."]
    assert [edit.value for edit in edits.row(0)] == [None, {"country": "LT"}]
    assert edits.invert([text]).apply(edits.apply([text])) == [text]
    assert pickle.loads(pickle.dumps(pii))([text]) == edits


def test_linear_in_the_text():
    """Shapes that make a backtracking pattern explode; without bounds each would take hours."""
    for text in ("a.a." * 20_000, "8 600 " * 10_000, "+1 (" * 20_000, "LT60 1010 " * 5_000, ("a" * 60 + "@") * 500):
        make_pii()([text])


@pytest.mark.parametrize("options", [{"labels": ["MAIL"]}, {"action": "hide"}])
def test_pii_refuses(options):
    with pytest.raises(ConfigError):
        make_pii(**options)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[[patterns]]\nid='x'\nlabel='X'\npattern='a('\ncheck='text'\nconfidence=1.0", "cannot be used"),
        ("[[patterns]]\nid='x'\nlabel='X'\npattern='a'\ncheck='texts'\nconfidence=1.0", "Did you mean 'text'"),
        ("[[patterns]]\nid='x'\nlabel='X'\npattern='a'\ncheck='text'", "'confidence' is missing"),
        ("[[patterns]]\nid='x'\nlabels='X'", "unknown key 'labels'"),
        ("[[patterns", "TOML"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path, table, said):
    path = tmp_path / "own.toml"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)):
        make_pii(patterns=str(path))


def test_own_patterns_go_first(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        "version = '7'\n[[patterns]]\nid='staff'\nlabel='STAFF'\n"
        "pattern='8 600 [0-9]{5}'\ncheck='text'\nconfidence=1.0\n",
        encoding="utf-8",
    )
    own = make_pii(patterns=str(path))
    assert [found.pattern.label for found in own.find("tel. 8 600 00000")] == ["STAFF"]
    assert own.version.endswith("+7")
    assert own.fingerprint != make_pii().fingerprint


# -- quality ---------------------------------------------------------------------------------------------------------
GOOD = (
    "Vakar miesto taryba svarstė, ar senasis tiltas per upę bus taisomas dar šiais metais. Tiltas yra senas, todėl "
    "meras siūlo darbus pradėti pavasarį. Gyventojai tam pritaria, nors kelias bus uždarytas."
)
BAD = {
    "few_words": "trys žodžiai tik",
    "short_words": "a b c d e f g h i j k l",
    "long_words": "ąžuolynėlispriežalėjančiosgirios " * 12,
    "words_without_letters": "12 34 56 78 90 11 22 33 44 ir 55 66",
    "few_function_words": "batai kedai sandalai šlepetės kepurės šalikai pirštinės "
    "kojinės marškiniai kelnės sijonai suknelės švarkai paltai striukės liemenės diržai akiniai laikrodžiai auskarai",
    "symbols": "#tiltas #upė #miestas #taryba #meras #kelias #darbai #šiandien #vakar #rytoj ir #dar",
    "markup": "<div><p>tekstas</p></div> {a: b} <br> <br> ir dar žodžiai čia yra visokie",
    "digits": "a1 22333444555666 77788899900011 22 ir dar 123456789 čia yra šeši žodžiai tokie kaip 5",
    "capitals": "TILTAS PER UPĘ BUS TAISOMAS DAR ŠIAIS METAIS IR TAI TIKRAI LABAI GERAI",
    "bullets": "• vienas\n• du žodžiai\n• trys žodžiai čia\n• keturi žodžiai yra čia",
    "cut_off_lines": "Skaityti daugiau apie tiltą…\nSkaityti daugiau apie upę…\nDar viena naujiena ...",
    "lines_without_end": "Apie mus\nKontaktai ir adresas\nPagrindinis puslapis\nNaujienos ir įvykiai mieste",
    "repeated_lines": "Spauskite čia ir skaitykite.\n" * 5,
    "repeated_words": "labai gerai " * 12,
    "repeated_phrases": "Senasis tiltas per upę bus taisomas šiais metais. " * 4,
    "unreadable": "Tek\ufffdtas su blog\ufffdis ženkl\ufffdis čia ir dar keletas žodžių po jų.",
}


def test_good_text_is_good():
    score, reasons, _ = make_quality().score(GOOD)
    assert (score, reasons) == (1.0, [])


@pytest.mark.parametrize("reason", LIMITS)
def test_each_reason_has_its_text(reason):
    score, reasons, figures = make_quality("lt").score(BAD[reason])
    assert reason in {item["reason"] for item in reasons}
    assert score < 1
    without, kept, _ = make_quality("lt", off=[reason]).score(BAD[reason])
    assert without >= score
    assert reason not in {item["reason"] for item in kept}
    own = make_quality("lt", limits={reason: [figures[reason], figures[reason] + (1 if reason != "few_words" else -1)]})
    assert reason not in {item["reason"] for item in own.score(BAD[reason])[1]}


@given(st.text(max_size=300))
def test_scores_are_shares(text):
    score, reasons, _ = make_quality("lt").score(text)
    assert 0 <= score <= 1
    assert (score == 1) == (not reasons) or score > 0.999
    assert all(0 < item["severity"] <= 1 for item in reasons)


def test_quality_refuses():
    with pytest.raises(ConfigError, match="few_words"):
        make_quality(off=["few_word"])
    with pytest.raises(ConfigError, match="two different numbers"):
        make_quality(limits={"symbols": [1]})
    with pytest.raises(UnknownNameError):
        make_quality("xx")


# -- repeated passages -----------------------------------------------------------------------------------------------
def test_repeated_lines_point_at_the_first():
    text = "Spauskite čia ir skaitykite.\nKita eilutė, kitas tekstas.\nSPAUSKITE čia ir skaitykite!\nTrumpa\nTrumpa"
    edits = make_duplicates()([text]).row(0)
    assert [(text[e.start : e.end], e.value) for e in edits] == [("SPAUSKITE čia ir skaitykite!", {"dup_of": [0, 28]})]
    with pytest.raises(ConfigError):
        make_duplicates("page")


def test_keys_of_equal_and_similar_texts_meet():
    words = [f"žodis{i}" for i in range(200)]
    other = [*words[:100], "kitas", *words[101:]]
    edits = component("duplicates", keys=True)([" ".join(words), " ".join(words), " ".join(other), "visai kas kita"])
    a, b, c, d = (row[-1].value for row in (edits.row(i) for i in range(4)))
    assert a == b
    assert a["exact"] != c["exact"]
    shared = [x == y for x, y in zip(a["bands"], c["bands"], strict=True)]
    assert any(shared)
    assert not all(shared)
    assert not set(a["bands"]) & set(d["bands"])


# -- columns, pipeline, page -----------------------------------------------------------------------------------------
def test_an_annotation_becomes_a_column():
    pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    nlp = textnorm.load("corpus-annotate")
    batch = pa.record_batch({"text": ["Rašyk a@example.lt arba b@example.lt čia.", None, ""]})
    (marked,) = textnorm.arrow.normalize_batches([batch, batch.slice(0, 0)][:1], nlp, column="text")
    edits = marked.column("text_edits")
    assert annotation(edits, "EMAIL").to_pylist() == [2, 0, 0]
    assert annotation(edits, "EMAIL", "code").to_pylist() == ["a@example.lt", None, None]
    assert annotation(pa.chunked_array([edits, edits]), "LANGUAGE", "lang").to_pylist() == ["lt", None, None] * 2
    assert annotation(edits.slice(1), "EMAIL").to_pylist() == [0, 0]
    assert annotation(edits.slice(0, 1), "QUALITY", "reasons").to_pylist()[0].startswith("[")
    with pytest.raises(EditError):
        annotation(pa.array(["a"]), "EMAIL")


def test_the_pipeline_changes_nothing():
    pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    out = textnorm.load("corpus-annotate")(GOOD)
    assert out.text == GOOD
    assert {edit.label for edit in out.edits} == {"LANGUAGE", "QUALITY"}


def test_options_and_reasons_of_the_page_are_those_of_the_code():
    makers = {"Language": make_language, "Quality": make_quality, "Personal data": make_pii}
    makers["Repeated passages"] = make_duplicates
    for heading, maker in makers.items():
        section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (`[^|]+|null) \|", section, re.MULTILINE)
        told = {
            name: default
            for names, defaults in rows
            for name, default in zip(
                re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", defaults) or [defaults], strict=False
            )
            if name not in LIMITS and name.islower()
        }
        parameters = inspect.signature(maker).parameters
        assert list(told) == list(parameters), heading
        for name, default in told.items():
            shown = {"true": "True", "false": "False", "null": "None", "[]": "()"}.get(
                default, default.replace('"', "'")
            )
            assert shown == repr(parameters[name].default), (heading, name)
    limits = re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert {name: (float(fine), float(bad)) for name, fine, bad in limits} == {k: tuple(v) for k, v in LIMITS.items()}
    labels = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", PAGE.partition("\n## Personal data\n")[2], re.MULTILINE)
    assert {label for cell in labels for label in re.findall(r"`(\w+)`", cell)} == {p.label for p in PATTERNS}
