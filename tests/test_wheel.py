"""The built wheel works in an empty environment, outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="the package 'build' (extra 'dev') is not installed")
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)], check=True, timeout=300)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True, timeout=600)
    return folder


def run(folder: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(folder / "venv" / "bin" / args[0]), *args[1:]]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=120, **more)  # type: ignore[call-overload,no-any-return]


def test_wheel_holds_rules_models_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "textnorm/py.typed",
        "textnorm/_data/rules/lt/pack.toml",
        "textnorm/_data/rules/lt/government.tsv",
        "textnorm/_data/models/README.md",
        "textnorm/pipelines/lt-speech.cfg",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "corpora/", "benchmarks/"))]


def test_command_outside_the_checkout(empty: Path) -> None:
    done = run(empty, "textnorm", "normalize", "-p", "lt-speech", input="Kaina 15 Eur.\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Kaina penkiolika eurų.\n"
    assert run(empty, "textnorm", "rules", "check").returncode == 0
    assert "lt-speech" in run(empty, "textnorm", "pipelines").stdout


def test_core_needs_no_torch_and_no_spacy(empty: Path) -> None:
    listed = run(empty, "python", "-m", "pip", "list").stdout.lower()
    assert "pyarrow" in listed
    assert "torch" not in listed
    assert "spacy" not in listed


def test_missing_extra_is_one_clear_line(empty: Path) -> None:
    done = run(empty, "python", "-c", "import textnorm.spacy")
    assert "pip install 'textnorm-nlp[spacy]'" in done.stderr.splitlines()[-1]
