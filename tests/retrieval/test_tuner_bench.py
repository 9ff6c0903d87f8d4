"""``textnorm bench hubness``: how tasks are divided, and a whole run on a small made-up set."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from textnorm.bench import hubness, hubness_tasks
from textnorm.bench.hubness_tasks import TASKS, foreign_bank, load_task
from textnorm.encoders.static import StaticEncoder
from textnorm.errors import UsageError

LEFT = "amber basalt copper delta ember falcon garnet harbor indigo jasper".split()
RIGHT = "river stone tower valley window yellow zenith anchor bridge candle".split()


@pytest.fixture
def folder(tmp_path):
    """A hundred concepts, each with a name, two synonyms and four translations, in the files' own formats."""
    place = tmp_path / "entities"
    place.mkdir()
    terms, rows = [], ["id\tlang\tkind\tstatus\ttext"]
    for i, (left, right) in enumerate((a, b) for a in LEFT for b in RIGHT):
        synonyms = [f"{right} of the {left}", f"{left[:4]} {right} syndrome"]
        terms.append({"id": f"X:{i}", "name": f"{left} {right}", "synonyms": synonyms})
        told = [f"{right}o {left}o", f"el {left}a", f"{LEFT[0].upper()} {right} {i}", f"{right} {left[1:]}"]
        rows += [f"X:{i}\tes\tlabel\tOFFICIAL\t{text}" for text in told]
        rows += [
            f"X:{i}\tes\tlabel\tOFFICIAL\t{told[0].upper()}",
            f"X:{i}\tes\tlabel\tOFFICIAL\t{left.upper()} {right}",
        ]
    (place / "hpo_terms.jsonl").write_text("".join(json.dumps(term) + "\n" for term in terms), encoding="utf-8")
    with gzip.open(place / "hpo_translations.dev.tsv.gz", "wt", encoding="utf-8", newline="\n") as stream:
        stream.write("\n".join(rows) + "\n")
    return tmp_path


def test_the_parts_of_a_task_have_no_concept_in_common(folder):
    task = load_task("hpo-es", folder)
    assert len(task.gallery) == 300
    concept = {text: {int(c) for c in gold} for text, gold in zip(task.queries, task.gold, strict=True)}
    parts = [task.bank, *([task.queries[i] for i in part] for part in (task.dev, task.test))]
    assert all(parts)
    used = [set().union(*(concept[text] for text in part)) for part in parts]
    assert not used[0] & used[1]
    assert not used[0] & used[2]
    assert not used[1] & used[2]


def test_exact_names_and_other_spellings_are_left_out(folder):
    task = load_task("hpo-es", folder)
    lower = [text.casefold() for text in task.queries]
    assert len(set(lower)) == len(lower)
    assert not set(lower) & {text.casefold() for text in task.gallery}


def test_an_ambiguous_query_has_several_right_names(folder):
    task = load_task("hpo-es", folder)
    several = [i for i, text in enumerate(task.queries) if text.startswith("el ")]
    assert {len(task.gold[i]) for i in several} == {10}
    assert not {*task.dev.tolist(), *task.test.tolist()} & set(several)  # they belong to all parts
    part = task.test[:5]
    for positions, query in zip(task.gold_of(part), part, strict=True):
        assert sorted(task.concepts[positions].tolist()) == sorted(np.repeat(task.gold[query], 3).tolist())


def test_a_task_is_the_same_every_time(folder):
    one, two = load_task("hpo-es", folder), load_task("hpo-es", folder)
    assert one.bank == two.bank
    assert np.array_equal(one.test, two.test)
    assert foreign_bank(one, folder) == foreign_bank(two, folder)
    assert set(foreign_bank(one, folder)) & {"river of the amber"}


def test_unknown_tasks_and_missing_files(folder):
    with pytest.raises(UsageError, match=r"no task 'hpo-xx'\. Known: hpo-es"):
        load_task("hpo-xx", folder)
    with pytest.raises(UsageError, match="lacks titles/"):
        load_task("esco", folder)


def test_a_whole_run(folder, monkeypatch):
    monkeypatch.setattr(hubness, "TASKS", ("hpo-es", "hpo-synonyms"))
    monkeypatch.setattr(hubness_tasks, "BANK", 60)
    monkeypatch.setattr(hubness, "open_encoder", lambda: (StaticEncoder.untrained(dim=32), "untrained"))
    report = hubness.run(folder)
    measured = {(row.set, row.measure) for row in report.rows}
    for task in ("hpo-es", "hpo-synonyms"):
        for method in ("raw", "is", "dis", "dual-is", "dual-dis", "csls", "nnn", "centering", "signed"):
            assert {(task, f"{method} {what}") for what in ("R@1", "R@10", "MRR", "S10", "anti-hubs")} <= measured
        for kind in hubness.BANKS:
            assert (f"{task} / {kind}", "auto R@1 gain") in measured
    for row in report.rows:
        if row.measure.endswith("gain"):
            assert row.lo <= row.value <= row.hi
    raw = {row.measure: row.value for row in report.rows if row.set == "hpo-es" and row.measure.startswith("raw")}
    assert 0.05 < raw["raw R@1"] <= raw["raw R@10"] <= 1
    assert report.notes[-1].startswith("signed: ahead of both is and dual-is")
    assert any(note.startswith("auto: 8 cases") for note in report.notes)


@pytest.mark.data
@pytest.mark.parametrize("name", ["melo-en-en", "doid-es"])
def test_real_tasks(data_dir, name):
    task = load_task(name, data_dir)
    assert name in TASKS
    assert min(len(task.bank), len(task.dev), len(task.test)) >= 80
    assert len(task.gold_of(task.test)) == len(task.test)
    asked = {task.queries[i].casefold() for part in (task.dev, task.test) for i in part}
    assert not asked & {text.casefold() for text in task.bank}
