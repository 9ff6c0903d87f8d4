"""Index folders: a change is made as a whole or not at all, whatever fails and whenever the process is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from textnorm.errors import DataError, UsageError
from textnorm.retrieval import changing, storage
from textnorm.retrieval.changing import committing
from textnorm.retrieval.storage import MANIFEST, VERSION, opening, read_manifest

ROOT = Path(__file__).resolve().parents[2]


def put(folder, number, **options):
    """Commit one version of a small index; its content says which."""
    with committing(folder, **options) as writer:
        fill(writer, number)


def fill(writer, number):
    writer.array("dense/rows.npy", np.full((50, 3), number, np.float32))
    writer.table("names.arrow", pa.table({"name": [f"name {number}"]}))
    writer.tree("encoder", lambda path: (path.mkdir(), (path / "a.txt").write_text(f"encoder {number}")))
    writer.meta["number"] = number


def content(folder):
    """Return the version that a folder holds; every part must be of that version."""

    def use(reader):
        reader.verify()
        number = reader.meta["number"]
        assert (reader.array("dense/rows.npy") == number).all()
        assert reader.table("names.arrow").column("name").to_pylist() == [f"name {number}"]
        assert (reader.path("encoder") / "a.txt").read_text() == f"encoder {number}"
        return number

    return opening(folder, use)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


# -- changes ---------------------------------------------------------------------------------------------------------
def test_a_change_replaces_all_and_leaves_nothing_behind(folder):
    put(folder, 1)
    first = files(folder)
    put(folder, 2)
    assert content(folder) == 2
    assert len(files(folder)) == len(first) == 5  # with the lock
    assert not set(files(folder)) & set(first) - {MANIFEST, changing.LOCK}
    assert read_manifest(folder).generation == 2
    assert [entry.name for entry in folder.parent.iterdir()] == ["index"]


def test_equal_content_gives_equal_bytes(tmp_path):
    put(tmp_path / "a", 1)
    put(tmp_path / "b", 1)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    for name in files(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_parts_can_be_kept_without_writing_them(folder):
    put(folder, 1)
    before = {name: (folder / name).stat().st_mtime_ns for name in files(folder)}
    with committing(folder, based_on=1) as writer:
        writer.keep("dense", "names.arrow", "encoder")
        writer.drop("names.arrow")
        writer.meta["number"] = 1
    reader = read_manifest(folder)
    assert set(reader.parts) == {"dense/rows.npy", "encoder"}
    kept = [name for name in files(folder) if name.startswith(("dense", "encoder"))]
    assert len(kept) == 2
    assert all((folder / name).stat().st_mtime_ns == before[name] for name in kept)
    assert not [name for name in files(folder) if name.startswith("names")]
    with pytest.raises(DataError, match=r"no part 'names\.arrow'"):
        reader.table("names.arrow")


def test_large_arrays_come_in_blocks(folder, monkeypatch):
    monkeypatch.setattr(changing, "BLOCK", 64)
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1000, 3)).astype(np.float32)
    with committing(folder) as writer:
        writer.blocks("rows.npy", (rows[i : i + 7] for i in range(0, 1000, 7)), (1000, 3), np.float32)
        writer.array("empty.npy", rows[:0])
        writer.array("mask.npy", rows[:, 0] > 0)
    reader = read_manifest(folder)
    for mmap in (True, False):
        np.testing.assert_array_equal(reader.array("rows.npy", mmap=mmap), rows)
        assert reader.array("empty.npy", mmap=mmap).shape == (0, 3)
        np.testing.assert_array_equal(reader.array("mask.npy", mmap=mmap), rows[:, 0] > 0)
    for wrong in ([rows[:3]], [rows[:, :2]]):
        with pytest.raises(ValueError, match="rows"), committing(folder) as writer:
            writer.blocks("rows.npy", iter(wrong), (1000, 3), np.float32)


def test_no_pickle_is_read_or_written(folder):
    with committing(folder) as writer:
        writer.array("a.npy", np.arange(3))
    reader = read_manifest(folder)
    path = reader.path("a.npy")
    size = path.stat().st_size
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    with path.open("r+b") as stream:
        stream.truncate(size)
    with pytest.raises(DataError, match="damaged, or no array"):
        opening(folder, lambda reader: reader.array("a.npy"))


# -- faults and kills ------------------------------------------------------------------------------------------------
class Fault(OSError):
    pass


def steps(monkeypatch, at):
    """Make the ``at``-th step that touches the disk fail; return the counter."""
    count = [0]

    def guarded(step):
        def run(*args):
            count[0] += 1
            if count[0] == at:
                raise Fault(28, "No space left on device")
            return step(*args)

        return run

    for name in ("_write", "_replace", "_sync"):
        monkeypatch.setattr(changing, name, guarded(getattr(changing, name)))
    return count


def test_whatever_step_fails_the_old_index_stays(folder, monkeypatch):
    put(folder, 1)
    at, last = 0, None
    while True:
        at += 1
        with monkeypatch.context() as patch:
            count = steps(patch, at)
            try:
                put(folder, 2)
            except Fault:
                last = content(folder)
                # Behind the rename of the manifest only the sync of the folder is left.
                assert last == (1 if count[0] < TOTAL else 2), at
                assert not [name for name in files(folder) if name.endswith(".tmp")]
                continue
        break
    assert at == TOTAL + 1
    assert content(folder) == 2


#: Steps of ``put``: two files (write, sync, rename), a tree (sync, rename), the manifest (write, sync, rename, sync).
TOTAL = 2 * 3 + 2 + 4


def test_a_first_build_that_fails_leaves_nothing(folder, monkeypatch):
    for at in range(1, TOTAL + 2):  # and the rename of the folder
        with monkeypatch.context() as patch:
            steps(patch, at)
            with pytest.raises(Fault):
                put(folder, 1)
        assert not folder.exists()
        assert list(folder.parent.iterdir()) == []
    put(folder, 1)
    assert content(folder) == 1


KILL = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from textnorm.retrieval import changing
from test_storage import put
count = [0]
def guarded(step):
    def run(*args):
        count[0] += 1
        if count[0] == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args)
    return run
for name in ("_write", "_replace", "_sync"):
    setattr(changing, name, guarded(getattr(changing, name)))
put(Path(sys.argv[1]), 2)
"""


def killed(folder, at):
    code = KILL.format(tests=str(Path(__file__).parent))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code, str(folder), str(at)], env=env, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_build_that_is_killed_leaves_the_old_index_and_is_cleared_away(folder):
    put(folder, 1)
    # Within the first file, before the manifest, before its rename (what the build before left is not written again).
    for at in (2, 9, 8):
        killed(folder, at)
        assert content(folder) == 1
        assert len(files(folder)) > 5  # its rubbish is there
    killed(folder, 9)  # behind the rename
    assert content(folder) == 2
    put(folder, 3)
    assert content(folder) == 3
    assert len(files(folder)) == 5


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_first_build_that_is_killed_leaves_no_index_and_is_cleared_away(folder):
    killed(folder, 9)
    with pytest.raises(UsageError, match="There is no index"):
        read_manifest(folder)
    assert len(list(folder.parent.iterdir())) == 1
    put(folder, 3)
    assert [entry.name for entry in folder.parent.iterdir()] == ["index"]


def test_an_error_in_the_block_changes_nothing(folder):
    put(folder, 1)
    with pytest.raises(KeyboardInterrupt), committing(folder) as writer:
        fill(writer, 2)
        raise KeyboardInterrupt
    assert content(folder) == 1
    assert len(files(folder)) == 5


# -- several processes -----------------------------------------------------------------------------------------------
def test_readers_see_one_version_while_a_writer_works(folder):
    put(folder, 0)
    stop, seen, faults = threading.Event(), set(), []

    def read():
        while not stop.is_set():
            try:
                seen.add(content(folder))
            except Exception as error:
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 40):
        put(folder, number)
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(seen) > 1


def test_what_is_mapped_stays_readable_after_it_was_replaced(folder):
    put(folder, 1)
    rows = read_manifest(folder).array("dense/rows.npy")
    put(folder, 2)
    assert (rows == 1).all()


def test_writers_exclude_each_other(folder):
    put(folder, 1)
    with committing(folder) as writer:
        fill(writer, 2)
        with pytest.raises(DataError, match="another process is changing the index"):
            put(folder, 3)
    assert content(folder) == 2


def test_a_change_based_on_an_older_state_is_refused(folder):
    put(folder, 1)
    put(folder, 2, based_on=1)
    with pytest.raises(DataError, match="another process changed the index meanwhile"):
        put(folder, 3, based_on=1)
    assert content(folder) == 2


def test_two_first_builds_the_second_is_told(folder):
    with pytest.raises(DataError, match="another process made this folder"), committing(folder) as writer:
        fill(writer, 1)
        put(folder, 2)
    assert content(folder) == 2


# -- damage ----------------------------------------------------------------------------------------------------------
def rewrite(folder, **changes):
    """Change fields of the manifest, with a checksum that fits."""
    found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    found.update(changes)
    found.pop("checksum")
    found["checksum"] = storage.checksum(found)
    (folder / MANIFEST).write_text(json.dumps(found), encoding="utf-8")


def test_a_newer_folder(folder):
    put(folder, 1)
    rewrite(folder, version=VERSION + 1)
    with pytest.raises(DataError, match=f"format {VERSION + 1}, this textnorm reads up to {VERSION}. Upgrade textnorm"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": "textnorm.index"}',
        b"[" * 100_000,
        b'{"format":1,"version":1}',
    ],
)
def test_a_damaged_manifest(folder, raw):
    put(folder, 1)
    (folder / MANIFEST).write_bytes(raw)
    with pytest.raises(DataError, match=r"manifest\.json"):
        content(folder)
    put(folder, 2)  # a new build mends it
    assert content(folder) == 2


@pytest.mark.parametrize("changes", [{"parts": {"a": {}}}, {"parts": []}, {"generation": None}, {"parts": {"a": 1}}])
def test_a_manifest_of_another_shape(folder, changes):
    put(folder, 1)
    rewrite(folder, **changes)
    with pytest.raises(DataError, match="the manifest is damaged"):
        read_manifest(folder)


def test_a_manifest_that_was_edited(folder):
    put(folder, 1)
    path = folder / MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace('"number": 1', '"number": 2'), encoding="utf-8")
    with pytest.raises(DataError, match="checksum"):
        read_manifest(folder)


@pytest.mark.parametrize("name", ["dense/rows.npy", "names.arrow", "encoder"])
def test_files_cut_off_lengthened_missing_or_changed(folder, name):
    put(folder, 1)
    path = read_manifest(folder).path(name)
    path = path / "a.txt" if path.is_dir() else path
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    with pytest.raises(DataError, match="cut off"):
        read_manifest(folder)
    path.write_bytes(raw + b"x")
    with pytest.raises(DataError, match="too long"):
        read_manifest(folder)
    path.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
    read_manifest(folder)  # contents are not read
    with pytest.raises(DataError, match="not what was written"):
        read_manifest(folder).verify()
    path.unlink()
    with pytest.raises(DataError, match="missing, though the manifest names it"):
        content(folder)


def test_an_arrow_file_that_is_none(folder):
    put(folder, 1)
    path = read_manifest(folder).path("names.arrow")
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(DataError, match="no Arrow file"):
        opening(folder, lambda reader: reader.table("names.arrow"))


def test_places_that_are_no_index(tmp_path):
    with pytest.raises(UsageError, match="textnorm index build"):
        read_manifest(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.docx").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        read_manifest(tmp_path / "file")
    with pytest.raises(UsageError, match="no index, or one whose first build did not end"):
        read_manifest(tmp_path / "other")
    for name, words in [
        ("file", "is a file"),
        ("other", "not empty and holds no index"),
        ("no/index", "does not exist"),
    ]:
        with pytest.raises(UsageError, match=words):
            put(tmp_path / name, 1)
    assert (tmp_path / "other" / "thesis.docx").read_text() == "x"


def test_foreign_files_in_an_index_are_left_alone(folder):
    put(folder, 1)
    (folder / "README.txt").write_text("mine")
    put(folder, 2)
    assert content(folder) == 2
    assert (folder / "README.txt").read_text() == "mine"


def test_links_are_followed(folder, tmp_path):
    put(folder, 1)
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    put(link, 2)
    assert link.is_symlink()
    assert content(folder) == 2
