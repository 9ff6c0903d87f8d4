"""``textnorm --help`` stays light: what it imports is counted, because seconds depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"numpy", "pyarrow", "regex", "re2", "rich", "confection", "pydantic", "catalogue", "ftfy", "spacy", "asyncio"}

PROBE = """
import json, sys
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
RUN = """
from textnorm.cli import main
try:
    main({args!r}, prog_name="textnorm")
except SystemExit as error:
    assert not error.code, error.code
"""


def imported(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, check=True, timeout=60
    )
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return names


@pytest.mark.parametrize("args", [["--help"], ["--version"]])
def test_help_needs_only_click_and_the_standard_library(args):
    names = imported(RUN.format(args=args))
    roots = {name.split(".")[0] for name in names}
    assert "click" in roots  # the probe sees imports at all
    assert not roots & HEAVY
    outside = {root for root in roots if root not in sys.stdlib_module_names}
    assert outside <= {"click", "textnorm", "typing_extensions"}
    own = {name for name in names if name.startswith("textnorm")}
    assert own == {"textnorm", "textnorm.cli", "textnorm.errors"}
    assert len(names) < 160


COMMANDS = [
    "normalize",
    "explain",
    "diff",
    "run",
    "pipelines",
    "plugins",
    "bench",
    "names",
    "index",
    "profile",
    "ablate",
    "duplicates",
    "phrases",
    "script",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_needs_little_more(command):
    names = imported(RUN.format(args=[command, "--help"]))
    assert f"textnorm.commands.{command}" in names
    assert not {name.split(".")[0] for name in names} & (HEAVY - {"catalogue"})


def test_import_textnorm_is_light():
    names = imported("import textnorm")
    assert "textnorm" in names
    assert not {name.split(".")[0] for name in names} & HEAVY
    assert len(names) < 30


def test_submodules_load_on_first_use():
    names = imported("import textnorm; [getattr(textnorm, name) for name in dir(textnorm)]")
    assert {"textnorm.arrow", "textnorm.streaming", "textnorm.rules"} <= set(names)
    assert "textnorm.spacy" not in names  # looking at everything must not need the extra
    pytest.importorskip("spacy")
    assert "textnorm.spacy" in imported("import textnorm; textnorm.spacy.set_extensions()")
