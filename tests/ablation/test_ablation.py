"""``textnorm ablate``: it sees help, harm and nothing where they are; its statistics keep their promises."""

from __future__ import annotations

import itertools
import json
import random
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from textnorm.ablation import compare
from textnorm.ablation.compare import Resamples, holm, interval, sign_flip, verdict
from textnorm.ablation.study import Settings, study
from textnorm.ablation.variants import apply_labels, labels_of, plan
from textnorm.cli import main
from textnorm.edits import Edit, Edits
from textnorm.errors import DataError, MissingExtraError

LIVE = "katė šuo arklys karvė ožka avis višta žąsis".split()
THING = "tiltas kelias namas gatvė stogas siena langas durys".split()
FILL = "labai gražus senas didelis mažas vakar šiandien rytoj buvo yra bus prie šalia ant".split()
HIDDEN = "\u200b\u00ad\u2060\ufeff"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _sklearn():
    pytest.importorskip("sklearn", reason="the extra 'ablation' is not installed")


def hidden(word, rng):
    """Return a word with invisible characters between all its letters, never twice alike."""
    return "".join(c + "".join(rng.choices(HIDDEN, k=rng.randrange(1, 4))) for c in word)


def helped(n=160, seed=1):
    """Texts whose words only Unicode repair makes comparable."""
    rng = random.Random(seed)
    texts, labels = [], []
    for _ in range(n):
        live = rng.random() < 0.5
        words = [rng.choice(LIVE if live else THING), *rng.choices(FILL, k=4)]
        rng.shuffle(words)
        texts.append(" ".join(hidden(word, rng) for word in words))
        labels.append("live" if live else "thing")
    return texts, labels


def harmed(n=160, seed=1):
    """Texts whose class is whether a number is written in digits: reading out takes the signal away."""
    from textnorm import load

    rng = random.Random(seed)
    digits = [f"Kaina {rng.randrange(2, 99)} eurų, {rng.choice(FILL)} {rng.choice(THING)}." for _ in range(n)]
    words = [out.text for out in load("lt-speech").batch(digits)]
    labels = [rng.choice(["digits", "words"]) for _ in range(n)]
    return [d if y == "digits" else w for d, w, y in zip(digits, words, labels, strict=True)], labels


def settings(pipeline, **more):
    return Settings(pipeline, {}, **{"repeats": 1, "folds": 3, "draws": 400, **more})


def by_switch(report):
    return {(c["switch"], c["from"]): c for c in report["comparisons"]}


# -- what it sees ----------------------------------------------------------------------------------------------------
def test_help_is_seen_and_named():
    report = study(*helped(), settings("unicode", switches="none"))
    found = by_switch(report)["all", "original"]
    assert found["verdict"] == "helps"
    assert found["accuracy"][1] > 0.1
    assert found["changed"] == report["changed"] == 160
    assert {row["label"] for row in report["by_label"]} == {"live", "thing"}
    assert report["turned_right"]
    assert report["turned_right"][0]["normalized"] != report["turned_right"][0]["original"]


def test_harm_is_seen_and_both_layers_keep_the_signal():
    report = study(*harmed(), settings("lt-speech"))
    found = by_switch(report)
    assert found["all", "original"]["verdict"] == "hurts"
    assert found["all", "original"]["accuracy"][2] < -0.2
    assert found["all, original kept", "original"]["accuracy"][0] > -0.05
    # It is the component that reads numbers that does it, whichever way it is switched; Unicode repair changes nothing.
    assert found["nsw", "without nsw"]["verdict"] == found["nsw", "original"]["verdict"] == "hurts"
    assert report["idle"] == {"without unicode": 0, "only unicode": 0}
    names = {variant["name"] for variant in report["variants"]}
    assert {"original", "normalized", "both", "without nsw", "only nsw"} <= names


def test_chance_is_no_difference():
    texts, labels = helped(seed=2)
    random.Random(3).shuffle(labels)
    report = study(texts, labels, settings("unicode", switches="none"))
    assert {c["verdict"] for c in report["comparisons"]} == {"no difference can be shown"}


def test_texts_that_do_not_change():
    texts = [f"{a} {b}" for a, b in itertools.product(FILL, LIVE)]
    report = study(texts, ["a" if "š" in t else "b" for t in texts], settings("unicode"))
    assert report["changed"] == 0
    assert report["comparisons"] == []
    assert report["idle"] == {"normalized": 0}
    assert "by_label" not in report


def test_the_same_seed_gives_the_same_report():
    texts, labels = helped(60)
    one, two = (study(texts, labels, settings("unicode", switches="none")) for _ in range(2))
    assert one == two


def test_samples_keep_every_label():
    texts, labels = helped(200)
    labels[:3] = ["rare"] * 3
    labels[3] = "once"
    report = study(texts, labels, settings("unicode", sample=60, switches="none"))
    assert report["labels"]["rare"] == 3
    assert 55 <= report["texts"] <= 66
    assert report["left_out"] == {"once": 1}


def test_equal_texts_stay_in_one_fold():
    from textnorm.ablation.classify import folds_of

    groups = np.repeat(np.arange(30), 3)
    for fold in folds_of(np.arange(90) % 2, groups, 5, 2, 0):
        assert all(len(set(fold[groups == g])) == 1 for g in range(30))
        assert set(fold) == set(range(5))


# -- variants --------------------------------------------------------------------------------------------------------
def test_classes_are_switched_by_their_edits():
    text = "ab"
    edits = Edits.from_rows([[Edit(0, 1, "x", "A", "r"), Edit(1, 2, "y", "B", "r"), Edit(0, 2, None, "C", "r")]])
    assert labels_of(edits) == ["A", "B"]
    assert apply_labels(edits, [text], {"A"}) == ["xb"]
    assert apply_labels(edits, [text], {"A", "B"}) == edits.apply([text]) == ["xy"]


def test_classes_of_a_pack_are_switches():
    texts = [f"Moka {k} Eur, kol {k % 12 + 1} val. dirba." for k in range(2, 16)]
    made = plan(texts, "lt-speech", {}, "all")
    classes = {c.switch for c in made.comparisons if c.kind == "class"}
    assert len(classes) >= 2
    for name in classes:
        assert {f"without class {name}", f"only class {name}"} <= set(made.variants)
    assert not [c for c in plan(texts, "lt-speech", {}, "off").comparisons if c.variant.startswith("only")]
    assert not [c for c in plan(texts, "lt-speech", {}, "all", classes=False).comparisons if c.kind == "class"]


# -- statistics ------------------------------------------------------------------------------------------------------
def test_figures_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    accuracy, f1, recall = Resamples(truth, np.arange(300), 4, 50, 0).figures(guess[None, :])
    assert accuracy[0] == pytest.approx(accuracy_score(truth, guess))
    assert f1[0] == pytest.approx(f1_score(truth, guess, average="macro"))
    assert recall[0] == pytest.approx(recall_score(truth, guess, average=None))
    assert len(accuracy) == 51


def test_the_interval_covers():
    """Of 200 samples with a known mean the 95 % interval holds it in 90 to 99 %."""
    rng = np.random.default_rng(1)
    hits = 0
    for k in range(200):
        truth = np.zeros(150, np.int64)
        guess = (rng.random(150) > 0.7).astype(np.int64)
        found = interval(Resamples(truth, np.arange(150), 2, 300, k).figures(guess[None, :])[0])
        hits += found.lo <= 0.7 <= found.hi
    assert 180 <= hits <= 198


def test_the_sign_flip_test_is_level():
    """Under no difference p is at most .05 in about one of twenty."""
    rng = np.random.default_rng(2)
    low = sum(sign_flip(rng.choice([-1.0, 0.0, 1.0], 80), np.arange(80), 199, k) <= 0.05 for k in range(300))
    assert 4 <= low <= 27
    assert sign_flip(np.ones(40), np.arange(40), 399, 0) == 1 / 400
    assert sign_flip(np.zeros(40), np.arange(40), 399, 0) == 1.0


def test_equal_texts_are_one_observation():
    ones = np.ones(40)
    assert sign_flip(ones, np.zeros(40, np.int64), 399, 0) > 0.9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_never_lowers(values):
    got = holm(values)
    assert all(a >= b for a, b in zip(got, values, strict=True))
    assert all(p <= 1 for p in got)
    ranked = [got[i] for i in sorted(range(len(values)), key=values.__getitem__)]
    assert ranked == sorted(ranked)
    assert min(got) == min(1.0, len(values) * min(values))


def test_verdicts():
    assert verdict(0.1, 0.04) == "helps"
    assert verdict(-0.1, 0.04) == "hurts"
    assert verdict(0.1, compare.LEVEL + 0.01) == "no difference can be shown"


# -- the command -----------------------------------------------------------------------------------------------------
FAST = ("--folds", "2", "--repeats", "1", "--draws", "200", "--switches", "none")


def run(*args, code=0):
    result = CliRunner().invoke(main, ["ablate", *map(str, args)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_every_format_gives_the_same_report(tmp_path):
    texts, labels = helped(40)
    rows = [{"body": t, "y": y} for t, y in zip(texts, labels, strict=True)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    (tmp_path / "in.tsv").write_text("body\ty\n" + "".join(f"{t}\t{y}\n" for t, y in zip(texts, labels, strict=True)))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    reports = []
    for kind in ("jsonl", "tsv", "parquet"):
        out = tmp_path / f"{kind}.json"
        shown = run(tmp_path / f"in.{kind}", "--label", "y", "--column", "body", "-p", "unicode", *FAST, "--json", out)
        assert "40 texts, 2 labels" in shown.stdout
        assert "original → normalized" in shown.stdout
        report = json.loads(out.read_text())
        del report["file"]
        reports.append(report)
    assert reports[0] == reports[1] == reports[2]
    assert reports[0]["without_text_or_label"] == 0


def test_rows_without_text_or_label_are_counted(tmp_path):
    texts, labels = helped(30)
    rows = [{"text": t, "y": y} for t, y in zip(texts, labels, strict=True)]
    rows += [{"text": None, "y": "live"}, {"text": "a", "y": None}, {"text": "a", "y": ""}]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    assert "left out: 3 rows without" in run(path, "--label", "y", "-p", "unicode", *FAST).stdout


@pytest.mark.parametrize(
    ("name", "text", "args", "code", "said"),
    [
        ("a.txt", "a\n", ("--label", "y"), 2, "plain text has no column"),
        ("a.tsv", "text\ty\na\tb\n", ("--label", "z"), 2, "no column 'z'"),
        ("a.tsv", "text\ty\na\tb\n", ("--label", "text"), 2, "both name"),
        ("a.tsv", "text\ty\na\tb\n", ("--label", "y"), 1, "a.tsv, column 'y': A classifier needs two labels at least"),
        ("a.tsv", "text\ty\n", ("--label", "y"), 1, "no row has a text and a label"),
        ("a.tsv", "text\ty\na\tb\n", ("--label", "y", "-p", "unicod"), 2, "Did you mean 'unicode'"),
        ("a.jsonl", '{"text": "a", "y": [1]}\n', ("--label", "y"), 1, "is no class"),
        ("a.tsv", "text\ty\n" + "?\ta\n!\tb\n" * 9, ("--label", "y", "--json", "a.tsv"), 2, "is the input"),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, name, text, args, code, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert said in run(name, *args, code=code).output


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"\[ablation\]"):
        study(["a", "b"], ["x", "y"], settings("unicode"))


def test_texts_without_anything_to_count():
    with pytest.raises(DataError, match="nothing that a classifier could count"):
        study([" "] * 10 + ["a"] * 10, ["a", "b"] * 10, settings("unicode", folds=2))
    with pytest.raises(DataError, match="Only 1 of the texts are different"):
        study(["a"] * 20, ["a", "b"] * 10, settings("unicode", folds=2))
