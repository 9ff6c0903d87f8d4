"""Outputs that are whole or absent, and which files an argument means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_streaming import convert

from textnorm.errors import DataError, UsageError
from textnorm.streaming import files
from textnorm.streaming.formats import check_output, expand


# -- outputs ---------------------------------------------------------------------------------------------------------
def test_an_output_is_whole_or_absent(tmp_path):
    (tmp_path / "a.txt").write_text("5\nboom\n")
    (tmp_path / "o.txt").write_text("old")
    for target in ("o.txt", "new.txt", "new.parquet", "new.jsonl.gz", "new.txt.zst"):
        with pytest.raises(DataError):
            convert(tmp_path / "a.txt", tmp_path / target, edits=tmp_path / "e.jsonl")
    assert (tmp_path / "o.txt").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "o.txt"]


def test_interrupting_leaves_nothing_behind(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.writing(str(tmp_path / "o.txt")) as sink:
        sink.write(b"x")
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_links_devices_and_modes(tmp_path):
    (tmp_path / "a.txt").write_text("5\n")
    real = tmp_path / "real.txt"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.txt").symlink_to(real)
    convert(tmp_path / "a.txt", tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert real.read_text() == "penki\n"
    assert real.stat().st_mode & 0o777 == 0o640
    convert(tmp_path / "a.txt", Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_an_output_that_is_an_input_is_refused(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("5\n")
    (tmp_path / "link.txt").symlink_to(source)
    os.link(source, tmp_path / "hard.txt")
    for name in ("a.txt", "link.txt", "hard.txt", "../" + tmp_path.name + "/a.txt"):
        with pytest.raises(UsageError, match="is the input"):
            check_output(str(tmp_path / name), [str(source)])
    with pytest.raises(UsageError, match="is a folder"):
        check_output(str(tmp_path), [])
    with pytest.raises(UsageError, match="does not exist"):
        check_output(str(tmp_path / "no" / "o.txt"), [])


# -- expanding inputs ------------------------------------------------------------------------------------------------
def test_files_folders_and_patterns(tmp_path):
    for name in ("c/a.txt", "c/x/b.jsonl.gz", "c/x/notes.md", "c/_SUCCESS", "c/.hidden.txt", "c/out/z.txt", "d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    out = tmp_path / "c" / "out"
    assert [u.name for u in expand([str(tmp_path / "c")], out)] == ["a.txt", "x/b.jsonl.gz"]
    assert [u.name for u in expand([f"{tmp_path}/c/**/*"], out)] == ["a.txt", "x/b.jsonl.gz"]
    assert [u.name for u in expand([f"{tmp_path}/*/a.txt"], out)] == ["c/a.txt"]
    assert [u.name for u in expand([str(tmp_path / "d.md")], out)] == ["d.md"]  # named by hand, so wanted
    for item, words in (("no*.txt", "matches no"), ("no.txt", "no such file"), ("-", "standard input")):
        with pytest.raises(UsageError, match=words):
            expand([item if item == "-" else str(tmp_path / item)], out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no"):
        expand([str(tmp_path / "empty")], out)
    with pytest.raises(UsageError, match=r"Two inputs would be written as a\.txt"):
        expand([str(tmp_path / "c"), str(tmp_path / "c" / "a.txt")], out)
