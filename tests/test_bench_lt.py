"""``textnorm bench lt``: outcomes and kinds of error worked out by hand, and agreement with the development scorer."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from textnorm.bench.lt import Score, gold_sets, is_plain, read_gold, score, unsafe
from textnorm.bench.lt_score import GoldRow, GoldSlot, align, error_kind, judge, nonstandard, values
from textnorm.cli import main
from textnorm.errors import DataError, UsageError

ROUNDTRIP = [
    {
        "id": "a", "kind": "card", "case": "gen", "inflected": True, "accepted": ["trijų"],
        "written": "Be 3 svečių nepradėsime.", "wspan": [3, 4],
    },
    {
        "id": "b", "kind": "card", "case": "nom", "inflected": True, "accepted": ["du"],
        "written": "Atėjo 2 berniukai.", "wspan": [6, 7],
    },
    {
        "id": "c", "kind": "ord_def", "style": "ending", "case": "loc", "accepted": ["penktajame"],
        "written": "Gyvena 5-ajame aukšte.", "wspan": [7, 14],
    },
    {
        "id": "d", "kind": "card_plural_only", "case": "acc", "accepted": ["trejus"],
        "written": "Dirbo 3 metus.", "wspan": [6, 7],
    },
]  # fmt: skip
NSW = [
    {
        "id": "e",
        "text": "Kainavo 15 Eur, sako LRT.",
        "nsw": [
            {"start": 8, "end": 14, "class": "MONEY", "accepted": ["penkiolika eurų"]},
            {"start": 21, "end": 24, "class": "LSEQ", "accepted": ["LRT", "el-er-tė"]},
        ],
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lt = tmp_path / "lt"
    lt.mkdir()
    for name, rows in (("roundtrip_toy", ROUNDTRIP), ("nsw_gold_toy", NSW)):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (lt / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with gzip.open(lt / "text_news.txt.gz", "wt", encoding="utf-8") as stream:
        stream.write("Šiandien lyja.\nAtėjo 3 berniukai.\nRytoj snigs.\n")
    return tmp_path


def _score(folder: Path, name: str, readings: list[str], **options: bool) -> Score:
    return score(list(read_gold(folder / "lt" / name)), lambda _: readings, **options)


def test_counts_by_hand(folder: Path) -> None:
    got = _score(
        folder,
        "roundtrip_toy.jsonl",
        ["Be trijų svečių nepradėsime.", "Atėjo dviejų berniukai.", "Gyvena 5-ajame aukšte.", "Dirbo keturis metus."],
    )
    assert (got.rows, got.exact, got.anchored) == (4, 1, 4)
    assert got.right("card") == (1, 2)
    assert got.right("card/oblique") == (1, 1)
    assert got.right("card/inflected") == (1, 2)
    assert got.right("ord_def/ending") == (0, 1)
    assert got.right("ALL") == (1, 4)
    assert got.errors == Counter({"wrong ending": 1, "left unread": 1, "wrong value": 1})
    assert got.read() == (1, 3, 4)


def test_an_acronym_left_as_written_is_right_unless_strict(folder: Path) -> None:
    readings = ["Kainavo penkiolika eurų, sako LRT."]
    assert _score(folder, "nsw_gold_toy.jsonl", readings).right("ALL") == (2, 2)
    strict = _score(folder, "nsw_gold_toy.jsonl", readings, strict=True)
    assert strict.right("LSEQ") == (0, 1)
    assert strict.errors == Counter({"left unread": 1})


@pytest.mark.parametrize(
    ("found", "written", "accepted", "outcome", "kind"),
    [
        ("trijų", "3", ["trijų"], "right", None),
        ("trims", "3", ["trijų"], "wrong_form", "wrong ending"),
        ("treji", "3", ["trys"], "wrong_form", "wrong ending"),
        ("trečias", "3", ["trys"], "wrong_form", "other words"),
        ("trečio", "3", ["trečiojo"], "wrong_form", "wrong ending"),
        ("keturių", "3", ["trijų"], "wrong_value", "wrong value"),
        ("šimto dviejų", "12", ["dvylikos"], "wrong_value", "wrong value"),
        ("penkiolikai eurų", "15 Eur", ["penkiolika eurų"], "wrong_form", "wrong ending"),
        ("penkiolika litų", "15 Eur", ["penkiolika eurų"], "wrong_form", "other words"),
        ("15", "15 Eur", ["penkiolika eurų"], "partial", "left unread"),
        ("51", "15 Eur", ["penkiolika eurų"], "partial", "left unread"),
        ("16", "15 Eur", ["penkiolika eurų"], "wrong_value", "wrong value"),
        ("15 eur", "15 Eur", ["penkiolika eurų"], "untouched", "left unread"),
        ("nato", "NATO", ["NATO"], "untouched_ok", None),
        ("en a tė o", "NATO", ["NATO"], "wrong_form", "over-read"),
        (None, "3", ["trijų"], "misaligned", "lost"),
    ],
)
def test_outcomes_and_kinds(found, written, accepted, outcome, kind) -> None:
    assert judge(found, written, accepted) == outcome
    assert error_kind(outcome, found, written, accepted) == kind


def test_values_of_number_words() -> None:
    assert values("tūkstantis devyni šimtai penktais metais") == ["1000", "9", "100", "5"]
    assert values("vienas šimtas") == values("šimtas") == ["100"]
    assert values("antradienį du trečdaliai") == ["2", "/3"]


def test_what_may_change_between_slots() -> None:
    free = ["5", "NATO", "J.", "pvz.", "JAV-ų", "XIX", "(20", "%"]
    fixed = ["namas", "Vilnius", "gatvė.", "–", "Aš"]
    assert [nonstandard(token) for token in free + fixed] == [True] * len(free) + [False] * len(fixed)


def test_slots_side_by_side_are_credited_each() -> None:
    text = "Iki 3 4 dienų."
    row = GoldRow("x", text, (GoldSlot(4, 5, ("trijų",), ("card",)), GoldSlot(6, 7, ("keturių",), ("card",))))
    assert align(row, "Iki trijų keturioms dienų.").found == ("trijų", "keturioms")
    assert align(row, "Iki trims keturių dienų.").found[1] == "keturių"


def test_a_lost_place_is_said() -> None:
    row = GoldRow("x", "Atėjo 3 berniukai.", (GoldSlot(6, 7, ("trys",), ("card",)),))
    got = align(row, "Visai kitas sakinys.")
    assert (got.found, got.anchored) == ((None,), False)
    assert align(row, "Vakar atėjo trys berniukai.").found == ("trys",)


def test_plain_and_unsafe_sentences() -> None:
    assert is_plain("Šiandien lyja, o rytoj snigs.")
    assert not any(map(is_plain, ["", "Atėjo 3.", "Rašo NATO.", "Svetainė zinios.lt veikia.", "J. Petraitis"]))
    assert unsafe("Kaina (5", "Kaina penki")
    assert unsafe("Kaina 5", "Kaina {n}")
    assert not unsafe("Kaina (5 Eur)", "Kaina (penki eurai)")


def test_the_command(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["bench", "lt", "--data", str(folder), "--json", str(tmp_path / "out.json")])
    assert done.exit_code == 0, done.output
    rows = {(r["set"], r["measure"]): r for r in json.loads((tmp_path / "out.json").read_text("utf-8"))["rows"]}
    assert rows["roundtrip_toy", "right: ALL"]["value"] == 1.0
    assert rows["roundtrip_toy", "right: card_plural_only"]["n"] == 1
    assert rows["roundtrip_toy", "right: ord_def/ending"]["lo"] > 0.2
    assert rows["nsw_gold_toy", "anchors kept"]["value"] == 1.0
    assert rows["nsw_gold_toy", "right: ALL, strict"]["n"] == 2
    assert rows["text_news", "plain sentences changed"]["n"] == 2
    assert rows["text_news", "plain sentences changed"]["value"] == 0.0
    assert rows["text_news", "chars_per_cpu_s"]["value"] > 0


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "lt").mkdir()
    with pytest.raises(UsageError, match="roundtrip"):
        gold_sets(tmp_path)
    bad = tmp_path / "lt" / "roundtrip_x.jsonl"
    bad.write_text('{"id": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        list(read_gold(bad))
    bad.write_text(f"{json.dumps(ROUNDTRIP[0])}\nno json\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        list(read_gold(bad))


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # theirs
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("harm", ["none", "as written", "words dropped", "endings cut", "numbers changed"])
def test_the_development_scorer_agrees(data_dir: Path, harm: str) -> None:
    """Slot by slot, on readings that are right and on readings spoiled in many ways."""
    tool = data_dir.parent / "tools" / "score_lt.py"
    if not tool.is_file():
        pytest.skip("the development scorer is not here")
    spec = importlib.util.spec_from_file_location("score_lt", tool)
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    random_ = random.Random(harm)
    for path in gold_sets(data_dir):
        rows = list(read_gold(path))[::3]
        theirs = {row[0]: row for row in scorer.load(path)}
        for row in rows:
            _, text, slots, accepted, _, _ = theirs[row.id]
            assert [(slot.start, slot.end) for slot in row.slots] == slots
            reading = _spoiled(row, harm, random_)
            got = align(row, reading)
            found, anchored, around = scorer.align(text, slots, accepted, reading)
            assert (list(got.found), got.anchored) == (found, anchored), reading
            for k, slot in enumerate(row.slots):
                for strict in (False, True):
                    want = scorer.judge(found[k], row.written(k), list(slot.accepted), strict, around[k])
                    mine = judge(got.found[k], row.written(k), slot.accepted, got.around[k], strict=strict)
                    assert mine == want, reading


def _spoiled(row: GoldRow, harm: str, random_: random.Random) -> str:
    parts, at = [], 0
    for slot in row.slots:
        said = random_.choice(slot.accepted)
        if harm == "numbers changed":
            said = random_.choice([said, "dviejų šimtų", "trečiojo", "vienuolika", "77"])
        elif harm == "endings cut":
            said = said[: -random_.randrange(1, 3)]
        parts += [row.text[at : slot.start], row.text[slot.start : slot.end] if harm == "as written" else said]
        at = slot.end
    words = ("".join(parts) + row.text[at:]).split()
    if harm == "words dropped":
        words = [word for word in words if random_.random() > 0.2]
    return " ".join(words)
