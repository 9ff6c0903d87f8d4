"""Every command and snippet of the README works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


SHELL = [line for block in blocks("sh") for line in block.splitlines()]
COMMANDS = [line for line in SHELL if line.startswith(("textnorm ", "echo "))]
#: Programs of this environment, so that the README's ``textnorm`` is ours.
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("corpora", "rules/phrasebooks"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    shim = f'textnorm() {{ "{sys.executable}" "{ROOT / "cli.py"}" "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", shim + command], cwd=cwd, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_the_first_two_blocks_set_up_and_run() -> None:
    first, second = blocks("sh")[:2]
    assert "pip install" in first
    assert "corpora/lt/article.txt" in first
    assert "pytest" in second
    assert first.count("\n") == second.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, checkout: Path) -> None:
    done = run(command, checkout)
    # diff --check exits 4 where a text changes; the article is clean text, so even that must be 0.
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_console_example(checkout: Path) -> None:
    (example,) = blocks("console")
    prompt, *expected = example.splitlines()
    done = run(prompt.removeprefix("$ "), checkout)
    assert done.returncode == 0
    assert done.stdout.splitlines()[: len(expected)] == expected


@pytest.mark.parametrize("snippet", blocks("python"), ids=["python", "spacy"])
def test_python_snippet(snippet: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "import spacy" in snippet:
        pytest.importorskip("spacy", reason="the extra 'spacy' is not installed")
        import textnorm.spacy  # noqa: F401 - registers the factory where the package is not installed
    exec(compile(snippet, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"^print\(.*\)\s+# (.+)$", snippet, flags=re.MULTILINE)
    assert promised
    assert printed[: len(promised)] == promised


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
