"""The command as a process: killed at any moment, interrupted once and twice, with no room on the disk."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
TIMED = ("_timings.json", "_summary.html")


def tree(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in TIMED)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def command(*args):
    return [sys.executable, str(ROOT / "cli.py"), "run", *map(str, args)]


def call(*args, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command(*args), capture_output=True, text=True, env=environment, check=False, **options)


def begin(*args):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command(*args), stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)


def corpus(folder, groups, rows):
    """A Parquet file with many row groups, and a text file: sentences of our own, some with something to read."""
    folder.mkdir()
    source = random.Random(7)
    words = "namas šaltis knyga upė miškas žiema vasara kelias žmogus diena".split()

    def line(i):
        text = " ".join(source.choices(words, k=9))
        return f"{text} {i} kg ir {i % 31 + 1} d." if i % 3 == 0 else text

    table = pa.table({"id": range(groups * rows), "text": [line(i) for i in range(groups * rows)]})
    pq.write_table(table, folder / "a.parquet", row_group_size=rows)
    (folder / "b.txt").write_text("\n".join(line(i) for i in range(2000)), encoding="utf-8")
    return folder


def test_no_room_is_told_and_what_is_done_stays(tmp_path):
    source = corpus(tmp_path / "in", 3, 3000)

    def narrow():
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    out = tmp_path / "out"
    result = call(source, "-o", out, "-p", "lt-clean", preexec_fn=narrow)
    assert result.returncode == 1, result.stderr
    assert "File too large" in result.stderr
    assert "internal fault" not in result.stderr
    assert not (out / "a.parquet").exists()
    assert not (out / "_SUCCESS").exists()
    assert not list(out.rglob("*.tmp"))
    assert call(source, "-o", out, "-p", "lt-clean", "--resume").returncode == 0
    call(source, "-o", tmp_path / "whole", "-p", "lt-clean")
    assert tree(out) == tree(tmp_path / "whole")


def wait_for(process, out, pieces):
    """Wait until some pieces are there, or the process is at its end."""
    while process.poll() is None and len(list(out.glob("_parts/*/*.json"))) < pieces:
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupted_once_and_twice(tmp_path, monkeypatch, jobs):
    source = corpus(tmp_path / "in", 12, 12_000)
    assert call(source, "-o", tmp_path / "whole").returncode == 0
    out = tmp_path / "out"
    process = begin(source, "-o", out, "--jobs", jobs)
    wait_for(process, out, 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everyone
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "finishing what is in hand" in said
    assert "interrupted" in said
    process = begin(source, "-o", out, "--jobs", jobs, "--resume")
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    start = time.monotonic()
    assert process.wait() in (0, 130)
    assert time.monotonic() - start < 60
    process.stderr.close()
    assert call(source, "-o", out, "--resume").returncode == 0
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.slow
def test_killed_at_ten_random_moments(tmp_path):
    source = corpus(tmp_path / "in", 24, 4_000)
    begun = time.monotonic()
    assert call(source, "-o", tmp_path / "whole", "--jobs", 2).returncode == 0
    whole = time.monotonic() - begun
    out, moments = tmp_path / "out", random.Random()
    kills = 0
    for k in range(10):
        process = begin(source, "-o", out, "--jobs", 1 + k % 2, *(["--resume"] if out.exists() else []))
        time.sleep(moments.uniform(0.1, 0.8) * whole)
        if process.poll() is None:
            kills += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
    assert kills >= 3
    result = call(source, "-o", out, *(["--resume"] if out.exists() else []))
    assert result.returncode == 0, result.stderr
    assert tree(out) == tree(tmp_path / "whole")
