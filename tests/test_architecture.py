"""The table of floors in docs/design.md holds: a room imports only rooms below it, and no imports go in a circle."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
#: A module over about 500 lines is two modules.
LINES = 550


def _modules():
    found = {}
    for path in sorted((ROOT / "textnorm").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _resolve(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, "imports are absolute"
    named = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name if name in MODULES else node.module for name in named]


def _called(node):
    """Return the argument of ``import_module(...)``; ``None`` for anything else."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    return node.args[0] if name in ("import_module", "__import__") else None


def imports(source, *, at_import_time=False):
    """Return the modules of this package that a source imports, also by ``import_module("...")``.

    ``at_import_time``: only those that are imported when it is: not in functions, not for types alone.
    """
    found = set()
    stack = [ast.parse(source)]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(name for name in _resolve(node) if name.split(".")[0] == "textnorm")
        if isinstance(argument := _called(node), ast.Constant) and argument.value in MODULES:
            found.add(argument.value)
        if at_import_time:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                stack.extend(node.orelse)
                continue
        stack.extend(ast.iter_child_nodes(node))
    return found


def room(module):
    """Return the room of a module: ``edits``, ``languages.lt``, ``normalizers.nsw`` … ; ``""`` for what holds rooms."""
    parts = module.split(".")[1:]
    if parts[:1] in (["languages"], ["normalizers"]):
        return ".".join(parts[:2]) if len(parts) > 1 else ""
    return parts[0] if parts else ""


def _floors():
    """Return room -> (floor, names that count as one room), as the page says."""
    floors = {}
    section = PAGE.partition("## Rooms and floors")[2].partition("\n## ")[0]
    for number, names in re.findall(r"^\| (\d+) \| ([^|]+) \|", section, re.MULTILINE):
        together = frozenset(re.findall(r"`([\w.]+)`", names))
        floors.update((name, (int(number), together)) for name in together)
    return floors


FLOORS = _floors()


def forbidden(module, source):
    """Return the imports of a module that the floors do not allow."""
    floor, together = FLOORS[room(module)]
    return sorted(
        name for name in imports(source) if room(name) and room(name) not in together and FLOORS[room(name)][0] >= floor
    )


def test_the_page_names_every_room_and_no_other():
    assert {room(module) for module in MODULES} - {""} == set(FLOORS)


@pytest.mark.parametrize("module", [module for module in MODULES if room(module)])
def test_a_room_imports_only_rooms_below_it(module):
    assert forbidden(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", [module for module in MODULES if not room(module)])
def test_what_holds_rooms_imports_none(module):
    assert imports(MODULES[module].read_text(encoding="utf-8"), at_import_time=True) == set()


def test_only_three_modules_import_what_they_do_not_spell_out():
    guessing = {
        module
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _called(node) is not None and not isinstance(_called(node), ast.Constant)
    }
    assert guessing == {"textnorm", "textnorm.registry", "textnorm.cli"}


def test_no_circles():
    graph = {
        module: imports(path.read_text(encoding="utf-8"), at_import_time=True) - {module}
        for module, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LINES


# -- the checks themselves can fail ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("textnorm.edits.algebra", "from textnorm.pipeline import Pipeline"),
        ("textnorm.errors", "import textnorm.edits"),
        ("textnorm.languages.lt.reader", "def f():\n    from textnorm.config import load"),
        ("textnorm.languages.lt.reader", "from textnorm import config"),
        ("textnorm.registry", "import_module('textnorm.pipeline')"),
        ("textnorm.normalizers.nsw", "from textnorm.normalizers.unicode import make_unicode"),
        ("textnorm.normalizers.unicode.form", "from textnorm.normalizers import nsw"),
        ("textnorm.rules.engine", "from textnorm.languages.lt.reader import make_reader"),
        ("textnorm.streaming.run", "if TYPE_CHECKING:\n    from textnorm.spacy import make_textnorm"),
    ],
)
def test_a_forbidden_import_is_seen(module, source):
    assert module in MODULES
    assert len(forbidden(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("textnorm.config", "from textnorm.pipeline import Pipeline"),
        ("textnorm.normalizers.unicode.form", "from textnorm.normalizers.unicode.level import Level"),
        ("textnorm.languages.lt.reader", "from textnorm.rules.reading import Abstain\nimport regex"),
        ("textnorm.pipeline", "from textnorm import __version__"),
    ],
)
def test_an_allowed_import_is_let_through(module, source):
    assert forbidden(module, source) == []


def test_a_circle_is_seen():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
    assert imports("def f():\n    import textnorm.config", at_import_time=True) == set()
    assert imports("class A:\n    from textnorm import config", at_import_time=True) == {"textnorm.config"}
