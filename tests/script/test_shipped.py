"""The models that ship: they load, keep the contract, are small, and say what they are made of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from textnorm import load
from textnorm.config import builtin_names
from textnorm.conformance import check
from textnorm.errors import ConfigError, MissingExtraError
from textnorm.normalizers.script import make_script, store
from textnorm.resources import models_dir

MODELS = sorted(path.parent.name for path in models_dir().glob("*/model.json"))
SEED = {
    f"script-{lang}-from-{script}"
    for lang, scripts in {
        "azb": "persian", "glk": "persian", "mzn": "persian", "ckb": "arabic persian", "kmr": "arabic persian",
        "hac": "persian arabic sorani", "kas": "urdu", "snd": "urdu",
    }.items()
    for script in scripts.split()
}  # fmt: skip
CASES = [
    line.split("\t")
    for line in (Path(__file__).parent / "lt_diacritics.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def test_every_pair_of_the_seed_ships_with_a_pipeline_of_its_name():
    assert set(MODELS) == {*SEED, "lt-diacritics"}
    assert set(MODELS) <= set(builtin_names())


@pytest.mark.parametrize("name", MODELS)
def test_folder(name):
    folder = models_dir() / name
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000_000
    _, manifest = store.read(name)
    assert manifest["name"] == name
    assert name.startswith((f"script-{manifest['lang']}-", manifest["lang"]))
    card, licence = ((folder / file).read_text(encoding="utf-8") for file in ("CARD.md", "LICENSE"))
    for key in ("trained on", "training", "licence", "retrain"):
        assert f"- {key}: " in card
    shared = "CC BY-SA" in manifest["about"]["trained on"]
    assert ("Attribution-ShareAlike 4.0" in licence) == shared == (manifest["about"]["licence"] == "CC BY-SA 4.0")


@pytest.mark.parametrize("name", ["script-kas-from-urdu", "script-hac-from-sorani", "script-ckb-from-arabic"])
def test_contract(name):
    assert check(make_script(name), ["هەرێم قەرەناوی", "كةوتن", "یوس کاُم"], registered="textnorm.script.v1") == []


def test_contract_lithuanian():
    component = make_script("lt-diacritics")
    assert check(component, [text for text, *_ in CASES], registered="textnorm.script.v1") == []


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        pytest.param(*case, marks=pytest.mark.xfail(reason="needs more than neighbours") if "known" in case[2] else ())
        for case in CASES
    ],
)
def test_lithuanian(text, expected, note):
    identify = "auto" if note == "another language" else "off"
    if identify == "auto":
        pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    assert make_script("lt-diacritics", identify=identify)([text]).apply([text]) == [expected], note


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("script-ckb-from-arabic", "كةوتن", "کەوتن"),
        ("script-ckb-from-persian", "كوردى", "کوردی"),
        ("script-kas-from-urdu", "سالہ 12 abc", "سالہ 12 abc"),
        ("script-snd-from-urdu", "Text in English stays", "Text in English stays"),
    ],
)
def test_perso_arabic(name, text, expected):
    assert load(name)(text).text == expected


@pytest.mark.parametrize("option", ["lemmas", "identify"])
def test_what_may_be_asked_has_three_values(option):
    with pytest.raises(ConfigError, match="auto"):
        make_script("lt-diacritics", **{option: "maybe"})


@pytest.mark.parametrize(("option", "package"), [("lemmas", "simplemma"), ("identify", "py3langid.langid")])
def test_a_package_that_is_missing(option, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match="pip install"):
        make_script("lt-diacritics", **{option: "on"})
    assert make_script("lt-diacritics", **{option: "auto"}).fingerprint == make_script("lt-diacritics").fingerprint


def test_sentences_of_another_language_stay():
    pytest.importorskip("py3langid", reason="the extra 'langid' is not installed")
    text = "Jie sake, kad sventeje bus daug zmoniu. I like this house and it is very nice. Mokiniai eina i mokykla."
    (read,) = make_script("lt-diacritics", identify="on")([text]).apply([text])
    assert read == (
        "Jie sakė, kad šventėje bus daug žmonių. I like this house and it is very nice. Mokiniai eina į mokyklą."
    )


# -- the bars on the development data ----------------------------------------------------------------------------------
@pytest.mark.data
@pytest.mark.slow
def test_lithuanian_news(data_dir):
    from textnorm.bench.script import STRIPPED, unchanged
    from textnorm.normalizers.script.table import read_text

    right = [line for line in read_text(data_dir / "lt" / "text_news.txt.gz") if line.strip()]
    texts = [line.translate(STRIPPED) for line in right]
    component = make_script("lt-diacritics")
    hits, words = unchanged(component(texts).apply(texts), right)
    assert hits / words >= 0.915
    same, words = unchanged(component(right).apply(right), right)
    assert same / words >= 0.995


@pytest.mark.data
@pytest.mark.slow
def test_kashmiri_is_never_worse_than_copy(data_dir):
    from textnorm.bench.script import apply, cer, held_out
    from textnorm.bench.script_models import PAIRS
    from textnorm.normalizers.script.noise import Noise

    model, pairs = held_out(next(pair for pair in PAIRS if pair.lang == "kas"), data_dir)
    right = [target for _, target in pairs]
    arcs = [(arc.source, arc.target, arc.prob) for arc in model.channel.arcs if arc.prob > 0.01]
    for level in (0.2, 0.6, 1.0):
        noisy = list(map(Noise.of_arcs(arcs, level, counted="all", seed=1), right))
        assert cer(apply(model, noisy), right) <= min(0.0035, cer(noisy, right))
