"""The conformance suite finds each breach, and passes what keeps the contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toys

from textnorm import config, load, registry
from textnorm.conformance import CHECKS, NASTY_TEXTS, check
from textnorm.edits import Edit, Edits
from textnorm.errors import PluginError


def found(normalizer, **options):
    return {finding.check for finding in check(normalizer, **options)}


class Good:
    name, version, languages, scope, idempotent = "test.good.v1", "1", ("lt",), "text", True

    def edit(self, text):
        return [Edit(i, i + 1, "penki", "NUM", "five") for i, c in enumerate(text) if c == "5"]

    def __call__(self, texts):
        return Edits.from_rows(self.edit(text) for text in texts)


class NoVersion(Good):
    version = property()


class WrongScope(Good):
    scope = "page"
    languages = "lt"


class Raises(Good):
    def edit(self, text):
        return [Edit(0, 1, "x", "N", "r")] if text.encode("utf-8") == b"a" else []


class OneMore(Good):
    def __call__(self, texts):
        return Edits.empty(len(texts) + 1)


class NoEdits(Good):
    def __call__(self, texts):
        return list(texts)


class Beyond(Good):
    def edit(self, text):
        return [Edit(0, len(text) + 1, None, "N", "r")]


class NoRule(Good):
    def edit(self, text):
        return [Edit(0, len(text), None, "", "", 2.0, {1, 2})]


class Random(Good):
    calls = 0

    def __call__(self, texts):
        type(self).calls += 1
        return Edits.from_rows([Edit(0, 0, str(type(self).calls), "N", "r")] for _ in texts)


class Neighbours(Good):
    def __call__(self, texts):
        return Edits.from_rows([Edit(0, 0, str(len(texts)), "N", "r")] for _ in texts)


class Order(Good):
    def __call__(self, texts):
        return Edits.from_rows([Edit(0, 0, "first", "N", "r")] if i == 0 else [] for i, _ in enumerate(texts))


class Impure(Good):
    def __call__(self, texts):
        out = super().__call__(texts)
        if isinstance(texts, list) and texts:
            texts[0] = "changed"
        return out


class Unpicklable(Good):
    def __init__(self):
        self.f = lambda: None


class ForgetsState(Good):
    def __init__(self):
        self.word = "five"

    def __getstate__(self):
        return {"word": "six"}

    def edit(self, text):
        return [Edit(0, 0, self.word, "N", "r")]

    idempotent = False


class Grows(Good):
    def edit(self, text):
        return [Edit(len(text), len(text), "!", "N", "r")]


@pytest.mark.parametrize(
    ("normalizer", "breach"),
    [
        (NoVersion(), "attributes"),
        (WrongScope(), "attributes"),
        (Raises(), "shape"),
        (OneMore(), "shape"),
        (NoEdits(), "shape"),
        (Beyond(), "bounds"),
        (NoRule(), "fields"),
        (Random(), "deterministic"),
        (Neighbours(), "independent"),
        (Order(), "independent"),
        (Impure(), "pure"),
        (Unpicklable(), "picklable"),
        (ForgetsState(), "picklable"),
        (Grows(), "idempotent"),
        ("no normalizer", "attributes"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_breach_is_found(normalizer, breach):
    assert breach in found(normalizer)
    assert breach in CHECKS


def test_what_keeps_the_contract_passes():
    assert check(Good()) == []
    assert check(Good(), ["5 obuoliai"], registered="test.good.v1") == []
    assert [str(f) for f in check(Good(), registered="other.v1")] == [
        "attributes: its name is 'test.good.v1', but it is registered as 'other.v1'"
    ]


def test_extra_texts_are_tried_and_the_guilty_text_is_named():
    assert found(toys.Boom()) == set()
    (finding,) = check(toys.Boom(), ["ok", "boom"])
    assert (finding.check, finding.text) == ("shape", "boom")
    assert "it said boom" in str(finding)


def test_document_scope_passes_too():
    assert check(toys.Count()) == []


def test_several_findings_name_the_fields():
    assert {f.message.split(":")[0] for f in check(NoRule())} >= {"an edit names no rule", "an edit has no label"}


def test_nasty_texts_are_distinct_and_nasty():
    assert len(set(NASTY_TEXTS)) == len(NASTY_TEXTS) > 30
    joined = "".join(NASTY_TEXTS)
    for wanted in ("\u0301", "\u200d", "\U00010348", "\ud83d", "\x00", "\u2028", "\r"):
        assert wanted in joined


@pytest.mark.parametrize("name", config.builtin_names())
def test_our_own_components_keep_the_contract(name):
    for _, component in load(name).components:
        assert [str(finding) for finding in check(component, registered=component.name)] == []


def test_the_example_of_the_page_keeps_the_contract():
    page = Path(__file__).parent.parent / "docs" / "plugins.md"
    code = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    scope = {"__name__": __name__}
    exec(code.group(1), scope)
    example = scope["Shout"]
    globals()["Shout"] = example  # pickle looks it up here
    assert check(example(), ["is ok"]) == []
    assert example()(["is ok"]).apply(["is ok"]) == ["is OK"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no model')", "RuntimeError: no model"),
        ("def (", "SyntaxError"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("", "no attribute 'Thing'"),
        ("Thing = 5", "is no factory but 5"),
    ],
)
def test_entry_points_that_are_no_plugins_are_a_message(tmp_path, monkeypatch, source, words):
    module = f"strange_{abs(hash(source))}"
    (tmp_path / f"{module}.py").write_text(source)
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[textnorm.normalizers]\nstrange.v1 = {module}:Thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.normalizers.origin("strange.v1") == "strange"
    with pytest.raises(PluginError, match=re.escape(words)) as caught:
        registry.normalizers.get("strange.v1")
    assert f"'strange.v1' ({module}:Thing)" in str(caught.value)
