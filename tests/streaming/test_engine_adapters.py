"""Other engines: Ray, Ray Data, Spark, Dask, Daft: the same rows from each. Tests skip where an engine is missing."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textnorm.arrow import normalize_batches
from textnorm.config import load
from textnorm.engines import BatchNormalizer
from textnorm.errors import MissingExtraError
from textnorm.streaming.formats import Unit
from textnorm.streaming.run import RunOptions, run
from textnorm.streaming.steps import Normalize, Plan

TEXTS = ["Kaina 15 Eur.", None, "be nieko", "", "3 kg ir 5 d."] * 40
DATA = pa.table({"id": range(len(TEXTS)), "text": TEXTS})
#: What these packages warn of on their own account is not ours to mend.
THEIRS = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def expected():
    return pa.Table.from_batches(list(normalize_batches(DATA.to_batches(), load("lt-speech"))))


# -- the adapter -----------------------------------------------------------------------------------------------------
def test_a_batch_normalizer_is_small_to_send_and_gives_the_same(expected):
    made = BatchNormalizer("lt-speech")
    sent = pickle.dumps(made)
    assert len(sent) < 500
    made = pickle.loads(sent)
    assert made(DATA).combine_chunks().equals(expected.combine_chunks())
    assert made.schema(DATA.schema).equals(expected.schema, check_metadata=True)
    assert made(DATA.slice(0, 0)).schema.equals(expected.schema)
    pieces = pa.Table.from_batches(list(made.batches(DATA.to_batches(max_chunksize=7))))
    assert pieces.combine_chunks().equals(expected.combine_chunks())
    struct = made.struct(DATA["text"])
    assert struct.field("text_norm").to_pylist() == expected["text_norm"].to_pylist()
    assert made.nlp is made.nlp
    quiet = BatchNormalizer("lt-clean", column="body", overwrite_columns=True, on_error="quarantine")
    assert quiet(DATA.rename_columns(["id", "body"]))["body_status"].to_pylist()[:2] == ["unchanged", None]


# -- ray -------------------------------------------------------------------------------------------------------------
def source(folder, groups=6):
    folder.mkdir()
    pq.write_table(pa.concat_tables([DATA] * groups), folder / "a.parquet", row_group_size=len(DATA))
    (folder / "b.txt").write_text("\n".join(text or "" for text in TEXTS), encoding="utf-8")
    return [Unit(folder / name, name) for name in ("a.parquet", "b.txt")]


def outputs(folder: Path) -> dict[str, bytes]:
    names = ("a.parquet", "b.txt", "_edits/b.txt.jsonl", "_manifest.jsonl", "_errors.parquet")
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def ray():
    module = pytest.importorskip("ray", reason="ray is not installed (extra 'ray')")
    here = {name: os.environ.get(name) for name in ("PYTHONPATH", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO")}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), here["PYTHONPATH"] or ""])
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    yield module
    module.shutdown()
    for name, value in here.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@THEIRS
@pytest.mark.slow
def test_ray_gives_the_same_bytes_also_when_its_workers_are_killed(tmp_path, ray, monkeypatch):
    from textnorm.streaming import on_ray, tasks

    monkeypatch.setattr(tasks, "TASK_BYTES", 4096)
    units = source(tmp_path / "in")
    plan = Plan((Normalize("text", load("lt-speech")),))
    run(units, tmp_path / "here", plan, RunOptions())
    run(units, tmp_path / "ray", plan, RunOptions(jobs=2), engine=on_ray.make_engine(2))
    assert outputs(tmp_path / "ray") == outputs(tmp_path / "here")

    killed = []

    def killing(todo, job, stop):
        """Kill the first two workers that hold a task, by their ids."""
        engine = on_ray.make_engine(2)
        wait = ray.wait

        def waiting(references, **options):
            if len(killed) < 2:
                pids = [worker["pid"] for worker in _actors() if worker["pid"] not in killed]
                if pids:
                    os.kill(pids[0], signal.SIGKILL)
                    killed.append(pids[0])
            return wait(references, **options)

        monkeypatch.setattr(ray, "wait", waiting)
        yield from engine(todo, job, stop)

    def _actors():
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            if line.startswith(b"ray::RayWorker"):
                found.append({"pid": int(path.parent.name)})
        return found

    report = run(units, tmp_path / "killed", plan, RunOptions(jobs=2), engine=killing)
    assert len(killed) == 2
    assert (report.failed, report.tally.rows) == (0, 7 * len(TEXTS))
    assert outputs(tmp_path / "killed") == outputs(tmp_path / "here")


@THEIRS
@pytest.mark.slow
def test_ray_data_maps_batches(ray, expected):
    from textnorm.streaming.on_ray import start

    start(2)
    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    made = ray.data.from_arrow(DATA).map_batches(BatchNormalizer("lt-speech"), batch_format="pyarrow", batch_size=64)
    table = pa.concat_tables(ray.get(made.to_arrow_refs()))
    assert table.select(expected.column_names).to_pylist() == expected.to_pylist()


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    from textnorm.streaming import on_ray

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"needs the package 'ray'.*\[ray\]"):
        on_ray.make_engine(2)


# -- recipes of docs/engines.md --------------------------------------------------------------------------------------
@THEIRS
@pytest.mark.slow
def test_dask_maps_partitions(tmp_path, expected):
    dd = pytest.importorskip("dask.dataframe", reason="dask is not installed")
    import pandas as pd

    normalizer = BatchNormalizer("lt-speech")
    frame = dd.from_pandas(DATA.to_pandas(types_mapper=pd.ArrowDtype), npartitions=3)
    meta = normalizer.pandas(frame._meta)
    done = frame.map_partitions(normalizer.pandas, meta=meta).compute(scheduler="synchronous")
    assert list(done.columns) == expected.column_names
    got = pa.Table.from_pandas(done, preserve_index=False)
    assert got["text_norm"].to_pylist() == expected["text_norm"].to_pylist()
    assert got["text_edits"].to_pylist() == expected["text_edits"].to_pylist()


@THEIRS
@pytest.mark.slow
def test_daft_applies_to_a_column(expected):
    daft = pytest.importorskip("daft", reason="daft is not installed")
    normalizer = BatchNormalizer("lt-speech")
    kind = pa.struct([field for field in expected.schema if field.name.startswith("text_")])

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(kind))
    def normalize(texts):
        return daft.Series.from_arrow(normalizer.struct(texts.to_arrow()))

    frame = daft.from_arrow(DATA).with_column("done", normalize(daft.col("text")))
    got = frame.select("id", daft.col("done").get("text_norm"), daft.col("done").get("text_status")).to_pydict()
    assert got["text_norm"] == expected["text_norm"].to_pylist()
    assert got["text_status"] == expected["text_status"].to_pylist()


@THEIRS
@pytest.mark.slow
def test_spark_maps_in_arrow(expected):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    spark = sql.SparkSession.builder.master("local[2]").getOrCreate()
    try:
        normalizer = BatchNormalizer("lt-speech")
        frame = spark.createDataFrame([(i, t) for i, t in enumerate(TEXTS)], "id long, text string")
        schema = sql.pandas.types.from_arrow_schema(normalizer.schema(DATA.schema))
        rows = sorted(frame.mapInArrow(normalizer.batches, schema).collect(), key=lambda row: row["id"])
        assert [row["text_norm"] for row in rows] == expected["text_norm"].to_pylist()
    finally:
        spark.stop()


def test_map_in_arrow_has_the_shape_that_spark_calls(expected):
    """Spark calls the function with an iterator of record batches and takes an iterator of them."""
    out = BatchNormalizer("lt-speech").batches(iter(DATA.to_batches(max_chunksize=50)))
    assert isinstance(out, Iterator)
    assert pa.Table.from_batches(list(out))["text_norm"].to_pylist() == expected["text_norm"].to_pylist()
