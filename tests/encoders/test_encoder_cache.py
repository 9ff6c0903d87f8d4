"""The cache on disk: hits, crashes, several processes, damage, bounds."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from textnorm.encoders import Encoder, FeatureSettings, StaticEncoder, cache, load_encoder
from textnorm.encoders.cache import PENDING, SEGMENTS, CachedEncoder
from textnorm.errors import DataError, UsageError

TEXTS = [f"title {i}" for i in range(PENDING + 10)]


class Counting:
    """An encoder that notes what it is asked."""

    def __init__(self, seed=0):
        self.inner = StaticEncoder.untrained(FeatureSettings(buckets=499), dim=8, seed=seed)
        self.asked = []

    @property
    def identity(self):
        return self.inner.identity

    @property
    def dim(self):
        return 8

    def encode(self, texts):
        self.asked += texts
        return self.inner.encode(texts)


@pytest.fixture
def counting():
    return Counting()


def segments(folder):
    return sorted(folder.glob("*/*.arrow"))


def test_what_was_seen_is_not_asked_again(counting, tmp_path):
    with CachedEncoder(counting, tmp_path) as cached:
        assert isinstance(cached, Encoder)
        rows = cached.encode(["b", "a", "b", "\ud800", ""])
        assert counting.asked == ["b", "a", "\ud800", ""]
        assert (rows == counting.inner.encode(["b", "a", "b", "\ud800", ""])).all()
        assert (cached.encode(["a", "c"]) == counting.inner.encode(["a", "c"])).all()
        assert counting.asked[4:] == ["c"]
        assert (cached.hits, cached.misses) == (1, 5)
    later = Counting()
    with CachedEncoder(later, tmp_path) as cached:
        again = cached.encode(["", "c", "b"])
    assert later.asked == []
    assert (again == counting.inner.encode(["", "c", "b"])).all()
    assert again.dtype == np.float32
    again += 1  # the caller's own, not the file


def test_few_rows_wait_and_many_are_written_at_once(counting, tmp_path):
    cached = CachedEncoder(counting, tmp_path)
    cached.encode(["a"])
    assert segments(tmp_path) == []
    cached.encode(TEXTS)
    assert len(segments(tmp_path)) == 1
    cached.encode(["one more"])
    cached.flush()
    cached.flush()
    assert len(segments(tmp_path)) == 2


def test_what_waits_is_written_when_the_object_goes(counting, tmp_path):
    cached = CachedEncoder(counting, tmp_path)
    cached.encode(["a"])
    del cached
    gc.collect()
    assert len(segments(tmp_path)) == 1


def test_two_encoders_share_a_folder_and_no_vector(tmp_path):
    first, second = Counting(0), Counting(1)
    for encoder in (first, second):
        with CachedEncoder(encoder, tmp_path) as cached:
            assert (cached.encode(["a"]) == encoder.inner.encode(["a"])).all()
    assert second.asked == ["a"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_reader_sees_what_another_adds(counting, tmp_path):
    reader = CachedEncoder(Counting(), tmp_path)
    reader.encode(["x"])
    with CachedEncoder(counting, tmp_path) as writer:
        writer.encode(["a", "b"])
    reader.encode(["a", "b"])
    assert reader.encoder.asked == ["x"]


WORKER = """
import sys
from textnorm.encoders import FeatureSettings, StaticEncoder
from textnorm.encoders.cache import CachedEncoder
encoder = StaticEncoder.untrained(FeatureSettings(buckets=499), dim=8)
for round in range(6):
    with CachedEncoder(encoder, sys.argv[1]) as cached:
        texts = [f"{round} {k % 40} {sys.argv[2] if k % 2 else ''}" for k in range(80)]
        assert (cached.encode(texts) == encoder.encode(texts)).all()
"""


def test_several_processes_write_one_folder(counting, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    workers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WORKER, str(tmp_path), str(i)], env=environment)
        for i in range(3)
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    with CachedEncoder(counting, tmp_path) as cached:
        cached.encode([f"{r} {k} {i}" for r in range(6) for k in range(1, 40, 2) for i in range(3)])
    assert counting.asked == []
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_crash_while_writing_leaves_no_half_file(counting, tmp_path, monkeypatch):
    cached = CachedEncoder(counting, tmp_path)
    cached.encode(["a"])
    cached.flush()

    def full(_):
        message = "no space left"
        raise OSError(message)

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "fsync", full)
        cached.encode(["b"])
        with pytest.raises(OSError, match="no space"):
            cached.flush()
    assert len(segments(tmp_path)) == 1
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
    assert (cached.encode(["a", "b"]) == counting.inner.encode(["a", "b"])).all()
    cached.close()
    assert len(segments(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["cut", "rubbish", "other columns", "other width"])
def test_a_damaged_segment_is_named_and_its_texts_encoded_again(counting, tmp_path, damage):
    with CachedEncoder(counting, tmp_path) as cached:
        cached.encode(["a", "b"])
    (path,) = segments(tmp_path)
    if damage in ("cut", "rubbish"):
        path.write_bytes(path.read_bytes()[:100] if damage == "cut" else b"rubbish")
    else:
        columns = {"key": pa.array([b"0" * 16], pa.binary(16)), "vector": pa.array([[1.0]], pa.list_(pa.float32(), 1))}
        table = pa.table(columns if damage == "other width" else {"key": columns["key"]})
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    later = CachedEncoder(Counting(), tmp_path)
    with pytest.warns(RuntimeWarning, match=path.name):
        rows = later.encode(["a"])
    assert (rows == counting.inner.encode(["a"])).all()
    later.encode(["a", "b"])  # no second warning: warnings are errors here
    later.close()


def test_texts_whose_keys_agree_in_half_are_told_apart(counting, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_key", lambda text: b"the same" + text.encode().ljust(8, b"."))
    with CachedEncoder(counting, tmp_path) as cached:
        cached.encode(["a", "b"])
    with CachedEncoder(counting, tmp_path) as cached:
        assert (cached.encode(["b", "a", "c"]) == counting.inner.encode(["b", "a", "c"])).all()


def test_many_segments_become_one(counting, tmp_path):
    cached = CachedEncoder(counting, tmp_path)
    for i in range(SEGMENTS + 1):
        cached.encode([f"t{i}"])
        cached.flush()
    assert len(segments(tmp_path)) == 1
    fresh = CachedEncoder(Counting(), tmp_path)
    texts = [f"t{i}" for i in range(SEGMENTS + 1)]
    assert (fresh.encode(texts) == counting.inner.encode(texts)).all()
    assert fresh.encoder.asked == []


def test_the_folder_keeps_its_bound_and_what_was_used_last(counting, tmp_path):
    cached = CachedEncoder(counting, tmp_path)
    for name in "abc":
        cached.encode([f"{name} {i}" for i in range(PENDING)])
    sizes = [path.stat().st_size for path in segments(tmp_path)]
    assert len(sizes) == 3
    for age, path in zip((300, 200, 100), segments(tmp_path), strict=True):
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    bounded = CachedEncoder(Counting(), tmp_path, max_bytes=int(sum(sizes) * 1.1))
    bounded.encode([f"a {i}" for i in range(PENDING)])  # used: now the youngest
    bounded.encode([f"d {i}" for i in range(PENDING)])
    assert len(segments(tmp_path)) == 3
    last = CachedEncoder(Counting(), tmp_path)
    last.encode(["a 1", "c 1", "d 1"])
    assert last.encoder.asked == []
    last.encode(["b 1"])
    assert last.encoder.asked == ["b 1"]


def test_what_cannot_be_a_cache_is_refused(counting, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        CachedEncoder(counting, tmp_path / "file")
    with pytest.raises(UsageError, match="max_bytes"):
        CachedEncoder(counting, tmp_path, max_bytes=0)
    folder = CachedEncoder(counting, tmp_path / "cache").folder
    (folder / "identity.txt").write_text("someone else\n")
    with pytest.raises(DataError, match=r"someone else.*textnorm.static.v1"):
        CachedEncoder(counting, tmp_path / "cache")
    with pytest.raises(UsageError, match="not one string"):
        CachedEncoder(counting, tmp_path / "other").encode("text")


def test_an_encoder_opened_with_a_cache_has_the_same_vectors(counting, tmp_path):
    counting.inner.save(tmp_path / "model")
    plain, cached = load_encoder(tmp_path / "model"), load_encoder(tmp_path / "model", cache=tmp_path / "cache")
    assert cached.identity == plain.identity
    assert (cached.encode(["a", "b"]) == plain.encode(["a", "b"])).all()
