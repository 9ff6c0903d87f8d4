"""Every snippet of these pages does what the page says; pages with rules of their own have tests of their own.

- ```` ```text letter.txt ````: a file of that name, there for all other snippets of the page.
- ```` ```python ````: run from top to bottom in one scope; a line with ``#`` is an expression and its value.
- ```` ```sh ````: commands that must succeed (``diff --check`` may find changes).
- ```` ```console ````: commands and what they print, to the letter.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shlex
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from textnorm.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Page -> packages without which its snippets cannot run.
PAGES = {
    "corpora.md": (),
    "edits.md": (),
    "unicode.md": (),
    "preparing.md": ("py3langid", "rensa"),
    "tour.md": ("py3langid", "rensa"),
    "tutorial-parquet.md": ("py3langid", "rensa"),
    "tutorial-spacy.md": ("spacy", "py3langid"),
    "tutorial-text.md": (),
}
SLOW = {"ablation.md": ("sklearn",), "spacy.md": ("spacy",)}
#: Files that pages speak of as the reader's own.
FILES = {"lines.txt": "Kaina 15 Eur.\nAtvyko 3 svečiai.\n"}
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"\w[\w.-]*\.\w+")


def fences(page):
    return FENCE.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder like a checkout: what the pages name lies there."""
    shutil.copytree(ROOT / "corpora", tmp_path / "corpora", ignore=shutil.ignore_patterns("*.py", "*.jsonl"))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(line):
    """Run one command line of the page in this process."""
    words = shlex.split(line)
    given = None
    if words[0] == "echo":
        assert words[2] == "|", line
        given, words = words[1] + "\n", words[3:]
    assert words[0] == "textnorm", line
    result = CliRunner().invoke(main, words[1:], input=given)
    assert result.exit_code in ((0, 4) if "--check" in words else (0,)), (line, result.output, result.exception)
    return result.stdout


def promised(line):
    """Return the expression of a line and the value that its comment promises; ``None`` where it promises none."""
    code, mark, comment = line.partition("  # ")
    for value in (comment, comment.partition(": ")[0]):
        try:
            compile(code, "page", "eval")
            return (code, ast.literal_eval(value.strip())) if mark else None
        except (SyntaxError, ValueError):
            continue
    return None


def python(block, scope):
    """Run a snippet; return how many values it shows."""
    shown, source = 0, []
    for line in block.splitlines():
        found = promised(line)
        if found is None:
            source.append(line)
            continue
        exec("\n".join(source), scope)
        source = []
        assert eval(found[0], scope) == found[1], found[0]
        shown += 1
    exec("\n".join(source), scope)
    return shown + 1


@pytest.mark.parametrize("page", [*PAGES, *(pytest.param(page, marks=pytest.mark.slow) for page in SLOW)])
def test_snippets_do_what_the_page_says(page, checkout):
    packages = {**PAGES, **SLOW}[page]
    for package in packages:
        pytest.importorskip(package, reason="the page needs an extra that is not installed")
    if "spacy" in packages:
        import textnorm.spacy  # noqa: F401 - registers the factory where the package is not installed
    scope = {}
    done = 0
    for kind, name, text in fences(page):
        if name:
            assert NAME.fullmatch(name), name
            (checkout / name).write_text(text, encoding="utf-8")
        elif kind == "python":
            done += python(text, scope)
        elif kind == "sh":
            for line in text.strip().splitlines():
                command(line)
                done += 1
        elif kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, _, wanted = part.partition("\n")
                assert command(line) == wanted, line
                done += 1
        elif kind == "ini":
            (checkout / "page.cfg").write_text(text, encoding="utf-8")
            from textnorm import load

            assert load("page.cfg").components
            done += 1
        else:
            assert kind in ("json", "sql", "text", "toml"), kind
    assert done


def test_pages_with_snippets_are_tested_somewhere():
    """A page with Python or commands is in this table or is named by a test."""
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)
    )
    for page in sorted(path.name for path in DOCS.glob("*.md")):
        kinds = {kind for kind, name, _ in fences(page) if not name}
        if kinds & {"python", "console", "sh"}:
            assert page in {**PAGES, **SLOW} or page in tests, f"{page} has snippets that no test runs"


@pytest.mark.parametrize("name", ["reading", "pipeline", "annotations", "duplicates"])
def test_pictures_show_what_the_program_does(name):
    """Made again they are the same; ``ablation`` and ``speed`` hang on training and on the machine."""
    made = load_module(DOCS / "pictures" / "make.py").PICTURES[name]()
    shown = (DOCS / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    assert made == shown, f"python docs/pictures/make.py {name}"
    assert ElementTree.fromstring(made).tag.endswith("svg")


def test_every_picture_is_shown_and_small():
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    for path in (DOCS / "pictures").glob("*.svg"):
        assert f"pictures/{path.name}" in pages
        assert path.stat().st_size < 20_000


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the site --------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    pytest.importorskip("material", reason="the extra 'docs' is not installed")
    import subprocess
    import sys

    args = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(args, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    options = (tmp_path / "site" / "options" / "index.html").read_text(encoding="utf-8")
    for name in ("textnorm normalize", "textnorm ablate", "textnorm index build"):
        assert name in options
    assert (tmp_path / "site" / "project" / "benchmarks").is_dir()
    assert "../benchmarks/README.md" not in (tmp_path / "site" / "design" / "index.html").read_text(encoding="utf-8")


def test_links_out_of_the_folder_are_carried():
    hooks = load_module(DOCS / "site_hooks.py")
    text = (
        "[a](../corpora/README.md#x) [b](edits.md) [c](https://example.org) [d](../nowhere)\n```\n[e](../x.md)\n```\n"
    )
    assert list(hooks.linked(text, "docs")) == ["corpora/README.md"]
    got = hooks.relinked(text, "docs/rules.md", "rules.md", {"corpora/README.md"})
    assert got == (
        "[a](project/corpora/README.md#x) [b](edits.md) [c](https://example.org) d\n```\n[e](../x.md)\n```\n"
    )
    inner = hooks.relinked("[a](../docs/edits.md)", "benchmarks/README.md", "project/benchmarks/README.md", set())
    assert inner == "[a](../../edits.md)"
    page = hooks.options_page()
    assert "## `textnorm ablate`" in page
    assert "`--threshold" in page
