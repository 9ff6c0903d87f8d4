"""Row groups and stretches of lines as units of work: the same bytes however they are done, and whoever is stopped."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toys

from textnorm import registry
from textnorm.edits import Edits
from textnorm.errors import DataError, UsageError
from textnorm.pipeline import Pipeline
from textnorm.streaming import run as runs
from textnorm.streaming import tasks
from textnorm.streaming.formats import Unit, expand
from textnorm.streaming.local import Deaths, run_here
from textnorm.streaming.plans import StepSpec, parse_step, read_plan
from textnorm.streaming.run import RunOptions, run
from textnorm.streaming.steps import Normalize, Plan
from textnorm.streaming.worker import Job

TIMED = ("_timings.json", "_summary.html")
FIVE = toys.Replace("5", "penki", "five", "NUM")


class Killer:
    """End the process on a text that says die."""

    name, version, languages, scope = "test.killer.v1", "1", (), "text"

    def __call__(self, texts):
        if "die" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return Edits.empty(len(texts))


class Letters:
    """A step of another kind: how many letters a text has; it fails on boom."""

    kind = "letters"

    def __init__(self, column, target=""):
        self.column, self.facts = column, {"target": target}

    def fields(self, column):
        return [pa.field(f"{self.column}_letters", pa.int64()), pa.field(f"{self.column}_first", pa.string())]

    def __call__(self, batch):
        texts = batch.column(self.column).to_pylist()
        if any(text and "boom" in text for text in texts):
            msg = "it said boom"
            raise ValueError(msg)
        counts = [None if text is None else len(text) for text in texts]
        firsts = [text[:1] if text else None for text in texts]
        arrays = [batch.column(0), pa.array(counts, pa.int64()), pa.array(firsts, pa.string())]
        return pa.RecordBatch.from_arrays(arrays, names=[self.column, f"{self.column}_letters", f"{self.column}_first"])


registry.steps.register("letters", replace=True)(Letters)


def pipe(*components, name="test"):
    return Pipeline([(f"c{i}", c) for i, c in enumerate(components)], name=name)


def plan(*components, column="text", **options):
    return Plan((Normalize(column, pipe(*(components or (FIVE, toys.Boom(), toys.Abstain())))),), **options)


def tree(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in TIMED)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def texts(n):
    return [None if i % 17 == 3 else f"eilutė {i} ąž" if i % 3 else f"a {i} 5?" for i in range(n)]


@pytest.fixture
def small(monkeypatch):
    """Small units, so that a small file has many."""
    monkeypatch.setattr(tasks, "TASK_BYTES", 4096)
    monkeypatch.setattr("textnorm.streaming.files.BLOCK", 2048)


@pytest.fixture
def corpus(tmp_path, small):
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    rows = texts(900)
    data = pa.table({"id": range(900), "text": rows, "more": [f"x{i}" for i in range(900)]})
    pq.write_table(data, folder / "a.parquet", row_group_size=70, compression="zstd")
    pq.write_table(data.slice(0, 0), folder / "empty.parquet")
    lines = "".join(json.dumps({"id": i, "text": t}, ensure_ascii=False) + "\n" for i, t in enumerate(rows))
    (folder / "b.jsonl").write_text(lines.replace("\n", "\n\n", 5) + '{"text": "5"}')
    (folder / "sub" / "c.txt").write_text("\n".join(t or "" for t in rows))
    (folder / "sub" / "d.txt.gz").write_bytes(gzip.compress("\n".join(t or "" for t in rows).encode(), mtime=0))
    (folder / "e.tsv").write_bytes(
        b"id\ttext\r\n" + b"".join(f"{i}\t{t or ''}\r\n".encode() for i, t in enumerate(rows))
    )
    return folder


def go(folder, out, what=None, **options):
    engine = options.pop("engine", None)
    events = options.pop("events", None)
    stop = options.pop("stop", lambda: False)
    units = expand([str(folder)], out)
    report = run(units, out, what or plan(), RunOptions(**options), engine=engine, stop=stop,
                 on_event=events.append if events is not None else None)  # fmt: skip
    return report


# -- the same bytes --------------------------------------------------------------------------------------------------
def shuffled(todo, job, stop):
    """An engine that does the tasks of a file in another order, some of them twice."""
    todo = list(todo)
    for task in sorted(todo, key=lambda task: hash((task.index % 5, -task.index))):
        yield from run_here(iter([task]), job)
        if task.index % 3 == 0:
            yield from run_here(iter([task]), job)


def test_the_same_bytes_in_any_order_and_from_one_piece(corpus, tmp_path, monkeypatch):
    report = go(corpus, tmp_path / "one")
    assert report.pieces > 30
    assert not list((tmp_path / "one").glob("_parts"))
    go(corpus, tmp_path / "two", engine=shuffled)
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    monkeypatch.setattr(tasks, "TASK_BYTES", 1 << 30)
    monkeypatch.setattr("textnorm.streaming.files.BLOCK", 1 << 20)
    assert go(corpus, tmp_path / "whole").pieces == 6
    whole, cut = tree(tmp_path / "whole"), tree(tmp_path / "one")
    for name in ("b.jsonl", "sub/c.txt", "e.tsv", "_edits/sub/c.txt.jsonl", "_edits/sub/d.txt.gz.jsonl"):
        assert whole[name] == cut[name], name
    assert gzip.decompress(whole["sub/d.txt.gz"]) == gzip.decompress(cut["sub/d.txt.gz"])
    assert whole["a.parquet"] == cut["a.parquet"]  # row groups are the input's, however many make a task


def test_processes_give_the_same_bytes(corpus, tmp_path):
    go(corpus, tmp_path / "one")
    go(corpus, tmp_path / "two", jobs=2)
    assert tree(tmp_path / "two") == tree(tmp_path / "one")


def test_rows_and_columns_are_kept(corpus, tmp_path):
    go(corpus, tmp_path / "out")
    before, after = pq.ParquetFile(corpus / "a.parquet"), pq.ParquetFile(tmp_path / "out" / "a.parquet")
    with before, after:
        assert after.metadata.num_row_groups == before.metadata.num_row_groups
        assert after.metadata.row_group(3).column(1).compression == "ZSTD"
        got, source = after.read(), before.read()
    got.validate(full=True)
    assert got.select(source.column_names).equals(source)
    assert got.column_names[3:] == ["text_norm", "text_edits", "text_status"]
    expected = [None if t is None else t.replace("5", "penki") for t in texts(900)]
    assert got["text_norm"].to_pylist() == expected
    empty = pq.read_table(tmp_path / "out" / "empty.parquet")
    assert (empty.num_rows, empty.schema.equals(got.schema)) == (0, True)
    lines = (tmp_path / "out" / "_edits" / "sub" / "c.txt.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == list(range(900))
    assert gzip.decompress((tmp_path / "out/sub/d.txt.gz").read_bytes()) == (tmp_path / "out/sub/c.txt").read_bytes()


# -- stopping and going on -------------------------------------------------------------------------------------------
class Dropped(Exception):
    """As if the power had gone."""


@pytest.mark.parametrize("after", [0, 1, 7, 30])
def test_a_run_that_was_stopped_goes_on_piece_by_piece(corpus, tmp_path, after):
    go(corpus, tmp_path / "whole")

    def dying(todo, job, stop):
        yield from itertools.islice(run_here(todo, job), after)
        raise Dropped

    out = tmp_path / "out"
    with pytest.raises(Dropped):
        go(corpus, out, engine=dying)
    assert not (out / "_SUCCESS").exists()
    report = go(corpus, out, mode="resume")
    finished = json.loads((out / "_manifest.jsonl").read_text().splitlines()[0])["pieces"] if after else 0
    assert report.found + report.skipped > 0 or after < 2, (report, finished)
    assert tree(out) == tree(tmp_path / "whole")


def test_a_half_written_piece_is_made_again(corpus, tmp_path):
    go(corpus, tmp_path / "whole")

    def dying(todo, job, stop):
        yield from itertools.islice(run_here(todo, job), 5)
        raise Dropped

    out = tmp_path / "out"
    with pytest.raises(Dropped):
        go(corpus, out, engine=dying)
    parts = out / "_parts" / "a.parquet"
    (parts / "000000.data").write_bytes(b"half")
    (parts / "000001.json").write_text('{"key": "half')
    (parts / ".000007.data.abc.tmp").write_bytes(b"left over")
    report = go(corpus, out, mode="resume")
    assert report.found == 3
    assert tree(out) == tree(tmp_path / "whole")


def test_pieces_of_an_input_that_has_changed_are_not_used(corpus, tmp_path):
    def dying(todo, job, stop):
        yield from itertools.islice(run_here(todo, job), 5)
        raise Dropped

    out = tmp_path / "out"
    with pytest.raises(Dropped):
        go(corpus, out, engine=dying)
    data = pq.read_table(corpus / "a.parquet")
    pq.write_table(data.slice(1), corpus / "a.parquet", row_group_size=70)
    assert go(corpus, out, mode="resume").found == 0
    assert pq.read_table(out / "a.parquet").num_rows == 899


def test_an_input_that_changes_under_the_run_is_set_aside(corpus, tmp_path):
    def meddling(todo, job, stop):
        for k, result in enumerate(run_here(todo, job)):
            if k == 2:
                os.utime(corpus / "a.parquet", (1, 1))
            yield result

    report = go(corpus, tmp_path / "out", engine=meddling)
    assert report.failed == 1
    errors = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert "changed while it was read" in errors[0]["reason"]
    assert not (tmp_path / "out" / "a.parquet").exists()


def test_stop_finishes_what_is_in_hand(corpus, tmp_path):
    go(corpus, tmp_path / "whole")
    asked = iter([False] * 12 + [True] * 1000)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        go(corpus, out, stop=lambda: next(asked))
    assert not (out / "_SUCCESS").exists()
    assert (out / "_errors.parquet").exists()
    assert go(corpus, out, mode="resume").found > 0
    assert tree(out) == tree(tmp_path / "whole")


def test_another_plan_is_refused_also_for_pieces_alone(corpus, tmp_path):
    def dying(todo, job, stop):
        yield from itertools.islice(run_here(todo, job), 2)
        raise Dropped

    out = tmp_path / "out"
    with pytest.raises(Dropped):
        go(corpus, out, engine=dying)
    other = plan(toys.Replace("5", "V", "five"))
    with pytest.raises(UsageError, match=f"{plan().digest}, this one's {other.digest}"):
        go(corpus, out, other, mode="resume")
    go(corpus, out, other, mode="fresh")
    assert b" V?" in (out / "sub" / "c.txt").read_bytes()


def test_two_runs_in_one_folder(corpus, tmp_path):
    def nested(todo, job, stop):
        with pytest.raises(UsageError, match="Another run is at work"):
            go(corpus, job.out_dir, mode="resume")
        yield from run_here(todo, job)

    go(corpus, tmp_path / "out", engine=nested)
    assert not (tmp_path / "out" / "_lock").exists()


# -- bad data --------------------------------------------------------------------------------------------------------
def broken(path, group):
    """Overwrite the pages of one row group."""
    with pq.ParquetFile(path) as file:
        column = file.metadata.row_group(group).column(1)
        at = column.dictionary_page_offset or column.data_page_offset
        size = column.total_compressed_size
    data = bytearray(path.read_bytes())
    data[at : at + size] = b"\xff" * size
    path.write_bytes(data)


def test_an_unreadable_row_group_is_set_aside_and_the_rest_is_done(corpus, tmp_path):
    go(corpus, tmp_path / "whole")
    broken(corpus / "a.parquet", 4)
    report = go(corpus, tmp_path / "out")
    assert (report.tally.lost, report.failed) == (70, 0)
    whole = pq.read_table(tmp_path / "whole" / "a.parquet")
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    assert got.equals(pa.concat_tables([whole.slice(0, 280), whole.slice(350)]))
    (error,) = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert (error["file"], error["row"], error["step"]) == ("a.parquet", 280, "read")
    assert "row group 4" in error["reason"]
    assert "70 rows lost" in error["reason"]
    with pytest.raises(DataError, match="row group 4"):
        go(corpus, tmp_path / "o2", quarantine=False)


def test_odd_files_among_good_ones(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["5"], "n": [1]}), folder / "a.parquet")
    pq.write_table(pa.table({"text": pa.array(["5"], pa.large_string()), "other": [1.5]}), folder / "b.parquet")
    pq.write_table(pa.table({"body": ["5"]}), folder / "c.parquet")
    pq.write_table(pa.table({"text": [5]}), folder / "d.parquet")
    (folder / "e.parquet").write_bytes((folder / "a.parquet").read_bytes()[:-7])
    (folder / "f.parquet").write_bytes(b"")
    pq.write_table(pa.table({"text": ["5"], "text_norm": ["taken"]}), folder / "g.parquet")
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), folder / "h.parquet")
    report = go(folder, tmp_path / "out")
    assert (report.done, report.failed) == (3, 5)
    errors = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    reasons = {error["file"]: error["reason"] for error in errors}
    assert "no column 'text'" in reasons["c.parquet"]
    assert "is int64, not text" in reasons["d.parquet"]
    assert "damaged or no Parquet file" in reasons["e.parquet"]
    assert "damaged or no Parquet file" in reasons["f.parquet"]
    assert "'text_norm' already" in reasons["g.parquet"]
    assert [error["row"] for error in errors] == [None] * 5
    assert pq.read_table(tmp_path / "out" / "b.parquet").schema.field("text_norm").type == pa.large_string()
    assert go(folder, tmp_path / "again", plan(overwrite_columns=True)).failed == 4


def test_rows_set_aside_say_step_and_rule(tmp_path):
    class Rule(toys.Boom):
        def __call__(self, texts):
            if "boom" in texts:
                error = ValueError("no such number")
                error.rule = "lt.number"
                raise error
            return Edits.empty(len(texts))

    pq.write_table(pa.table({"text": ["5", "boom", None]}), tmp_path / "a.parquet")
    report = go(tmp_path / "a.parquet", tmp_path / "out", plan(Rule()))
    assert report.tally.quarantined == 1
    (error,) = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert error == {"file": "a.parquet", "row": 1, "step": "normalize text", "rule": "lt.number", "text": "boom",
                     "reason": "The component 'c0' failed: ValueError: no such number"}  # fmt: skip


def test_a_dead_worker_is_blamed_on_a_row_only_when_it_is_the_rows_fault():
    task = tasks.Task("a", "a", runs.detect("a.txt"), "", 3, tasks.Part())
    said = []
    deaths = Deaths(said.append)
    first = deaths.take(task, None, "signal 9")
    assert not first.careful
    second = deaths.take(first, None, "signal 9")
    assert second.careful
    assert second.skip == ()
    once = deaths.take(second, 8, "signal 9")
    assert once.skip == ()
    other = deaths.take(once, 9, "signal 9")
    assert other.skip == ()
    twice = deaths.take(other, 8, "signal 9")
    assert [row for row, _ in twice.skip] == [8]
    assert len(said) == 5
    for _ in range(4):
        last = deaths.take(task, None, "exit code 1")
    assert isinstance(last, tasks.Task)
    assert isinstance(deaths.take(task, None, "exit code 1"), DataError)


@pytest.mark.slow
def test_a_row_that_kills_the_worker_is_set_aside(corpus, tmp_path):
    rows = texts(900)
    rows[500] = "die"
    pq.write_table(pa.table({"text": rows}), corpus / "a.parquet", row_group_size=70)
    notes = []
    report = go(corpus / "a.parquet", tmp_path / "out", plan(FIVE, Killer()), jobs=2, events=notes)
    assert (report.tally.rows, report.tally.quarantined) == (900, 1)
    (error,) = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert (error["row"], error["text"]) == (500, "die")
    assert "workers die on this row (signal 9)" in error["reason"]
    assert sum(event.kind == "note" for event in notes) == 4
    rows[500] = None
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    assert got["text_norm"].to_pylist() == [None if t is None else t.replace("5", "penki") for t in rows]


def test_workers_that_cannot_begin_are_no_fault_of_the_rows(corpus, tmp_path):
    class Unsendable(toys.Boom):
        def __reduce__(self):
            return os._exit, (7,)  # ends the process that unpickles it

    with pytest.raises(DataError, match=r"end before they begin \(exit code 7\)"):
        go(corpus, tmp_path / "out", plan(Unsendable()), jobs=2)
    assert not (tmp_path / "out" / "a.parquet").exists()


# -- several steps, several kinds of column --------------------------------------------------------------------------
def test_several_steps_in_one_pass(tmp_path):
    rows = ["a 5", None, "boom", "5?"]
    data = pa.table({"title": ["t 5", "t", None, "5"], "body": rows, "n": [1, 2, 3, 4]})
    pq.write_table(data, tmp_path / "a.parquet", row_group_size=2)
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data.to_pylist()))
    (tmp_path / "c.tsv").write_text("title\tbody\tn\n" + "".join(f"t 5\t{b or ''}\t1\n" for b in rows))
    steps = (
        Normalize("title", pipe(FIVE, name="one")),
        Normalize("body", pipe(toys.Replace("5", "V", "five"), toys.Boom(), name="two")),
        Letters("title_norm"),
        Letters("body"),
    )
    what = Plan(steps)
    assert what.read == ("title", "body")
    report = go(tmp_path, tmp_path / "out", what)
    assert report.failed == 0
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    assert got.column_names == [*data.column_names, *what.added]
    assert got["title_norm"].to_pylist() == ["t penki", "t", None, "penki"]
    assert got["body_norm"].to_pylist() == ["a V", None, None, "V?"]
    assert got["body_status"].to_pylist() == ["changed", None, "quarantined", "changed"]
    assert got["title_norm_letters"].to_pylist() == [7, 1, None, 5]
    assert got["body_letters"].to_pylist() == [3, None, None, 2]
    said = json.loads(got.schema.metadata[b"textnorm"])
    assert (said["title"]["pipeline"], said["body"]["pipeline"]) == ("one", "two")
    assert said["body"]["letters"] == {"target": ""}
    records = [json.loads(line) for line in (tmp_path / "out" / "b.jsonl").read_text().splitlines()]
    assert list(records[0]) == got.column_names
    assert [r["body_norm"] for r in records] == got["body_norm"].to_pylist()
    assert [r["title_norm_letters"] for r in records] == [7, 1, None, 5]
    table = [line.split("\t") for line in (tmp_path / "out" / "c.tsv").read_text().splitlines()]
    assert table[0] == got.column_names
    assert [row[-2:] for row in table[1:3]] == [["3", "a"], ["0", ""]]
    errors = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert {(e["file"], e["row"], e["step"]) for e in errors} == {
        (name, 2, step) for name in ("a.parquet", "b.jsonl", "c.tsv") for step in ("normalize body", "letters body")
    }
    with pytest.raises(UsageError, match="Two steps add a column 'title_edits'"):
        Plan((steps[0], steps[0])).check()


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.list_(pa.string(), 2)])
def test_columns_of_lists(tmp_path, kind):
    fixed = pa.types.is_fixed_size_list(kind)
    rows = [["a 5", None], ["b", "boom"], None, ["?", "c"], ["c", "d"] if fixed else [], ["5", "5"] if fixed else ["5"]]
    pq.write_table(pa.table({"text": pa.array(rows, kind)}), tmp_path / "a.parquet", row_group_size=2)
    go(tmp_path / "a.parquet", tmp_path / "out")
    got = pq.read_table(tmp_path / "out" / "a.parquet")
    got.validate(full=True)
    assert got["text"].to_pylist() == rows
    norm = got["text_norm"].to_pylist()
    assert norm[:4] == [["a penki", None], None, None, ["?", "c"]]
    status = got["text_status"].to_pylist()
    assert status == ["changed", "quarantined", None, "abstained", "unchanged", "changed"]
    edits = got["text_edits"].to_pylist()
    assert [[len(item) for item in row] if row is not None else None for row in edits[:4]] == [
        [1, 0],
        None,
        None,
        [1, 0],
    ]
    (error,) = pq.read_table(tmp_path / "out" / "_errors.parquet").to_pylist()
    assert (error["row"], error["text"]) == (1, '["b", "boom"]')
    assert error["reason"].startswith("item 1: ")


def test_other_text_columns_and_codecs(tmp_path):
    values = ["a 5", None, "ąž", "5"] * 30
    table = pa.table(
        {
            "d": pa.array(values).dictionary_encode(),
            "v": pa.array(values, pa.string_view()),
            "l": pa.array(values, pa.large_string()),
            "s": pa.array([{"deep": [1, 2]}] * 120),
        }
    )
    codecs = {"d": "zstd", "v": "gzip", "l": "none", "s.deep.list.element": "snappy"}
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=50, compression=codecs)
    what = Plan(tuple(Normalize(column, pipe(FIVE)) for column in "dvl"))
    go(tmp_path / "a.parquet", tmp_path / "out", what)
    with pq.ParquetFile(tmp_path / "out" / "a.parquet") as file:
        got, group = file.read(), file.metadata.row_group(0)
        found = {group.column(k).path_in_schema: group.column(k).compression for k in range(group.num_columns)}
    assert got.select(table.column_names).equals(table)
    for column in "dvl":
        assert got[f"{column}_norm"].to_pylist() == [v and v.replace("5", "penki") for v in values]
    assert {path: found[path].lower().replace("uncompressed", "none") for path in codecs} == codecs
    assert found["v_norm"] == "ZSTD"


# -- plans in words --------------------------------------------------------------------------------------------------
def test_steps_in_words(tmp_path):
    assert parse_step("title=lt-clean") == StepSpec("title", target="lt-clean")
    assert parse_step("a=letters:here/there") == StepSpec("a", "letters", "here/there")
    assert parse_step("a=normalize:unicode") == StepSpec("a", "normalize", "unicode")
    assert parse_step("a=c:/x.cfg") == StepSpec("a", target="c:/x.cfg")
    for text in ("title", "=x", "title="):
        with pytest.raises(UsageError, match="--step takes"):
            parse_step(text)
    path = tmp_path / "p.toml"
    path.write_text('document = "d"\n[[step]]\ncolumn = "a"\npipeline = "unicode"\n'
        'set.components.unicode.html = false\n'
                    '[[step]]\nkind = "letters"\ncolumn = "b"\noptions.target = "t"\n')  # fmt: skip
    specs, document = read_plan(path)
    assert document == "d"
    assert specs[0] == StepSpec("a", "normalize", "unicode", {"components.unicode.html": False})
    assert specs[1].build().facts == {"target": "t"}
    for text, why in {
        "": "tables \\[\\[step\\]\\]",
        "x = 1": "does not know 'x'",
        "[[step]]": "needs 'column'",
        '[[step]]\ncolum = "a"': "no key 'colum'. Did you mean 'column'",
        "[[step]]\ncolumn = 1": "'column' is no string",
        "[[": "no plan",
    }.items():
        path.write_text(text)
        with pytest.raises(UsageError, match=why):
            read_plan(path)
    with pytest.raises(UsageError, match=r"No such file"):
        read_plan(tmp_path / "none.toml")


def test_a_job_can_be_sent_and_its_digest_says_what_is_done(tmp_path):
    import pickle

    job = Job(plan(), tmp_path, True, 0, plan().digest)
    assert pickle.loads(pickle.dumps(job)).plan.digest == plan().digest
    assert plan().digest != plan(column="other").digest
    assert plan().digest != plan(document="d").digest


def test_a_sample_does_not_depend_on_how_rows_are_cut(corpus, tmp_path, monkeypatch):
    one = go(corpus, tmp_path / "one", sample=5)
    monkeypatch.setattr(tasks, "TASK_BYTES", 1 << 30)
    two = go(corpus, tmp_path / "two", sample=5)
    chosen = [sorted(report.sample)[:5] for report in (one, two)]
    assert chosen[0] == chosen[1]
    assert all(entry[5] for entry in chosen[0])
    shutil.rmtree(tmp_path / "one")
    assert Unit(corpus / "a.parquet", "a.parquet").name == "a.parquet"
