"""Pipelines: composing, protection, documents, failures, configuration files."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st

import textnorm
from textnorm import config, registry
from textnorm.config import load
from textnorm.edits import Edit, Edits
from textnorm.errors import ConfigError, DataError, EditError, PluginError, RulePackError, UnknownNameError, UsageError
from textnorm.pipeline import Pipeline, document_runs


def pipe(*components, **settings):
    return Pipeline([(f"c{i}", c) for i, c in enumerate(components)], name="test", **settings)


FIVE = toys.Replace("5", "penki", "five", "NUM")
SHOUT = toys.Replace("penki", "PENKI", "shout", "CASE")
SPACES = toys.Replace(" +", " ", "spaces")


# -- composing -------------------------------------------------------------------------------------------------------
def test_components_work_in_order_and_edits_refer_to_the_source():
    out = pipe(SPACES, FIVE, SHOUT)("a   5 b")
    assert out.text == "a PENKI b"
    assert [(e.start, e.end, e.replacement, e.rule) for e in out.edits] == [
        (1, 5, " PENKI", "five+shout+spaces")  # the space edit touches the number: they become one
    ]
    assert out.undo() == "a   5 b"


def test_the_order_of_the_components_matters():
    assert pipe(SHOUT, FIVE)("5").text == "penki"
    assert pipe(FIVE, SHOUT)("5").text == "PENKI"


def test_no_component_changes_nothing():
    out = pipe()("a 5")
    assert (out.text, out.edits) == ("a 5", ())


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(alphabet="5 penkiąš𝄞", max_size=12), max_size=5))
def test_batch_equals_single_texts_and_step_by_step(texts):
    nlp = pipe(SPACES, FIVE, SHOUT)
    outs = nlp.batch(texts)
    assert outs == [nlp(text) for text in texts]
    expected = texts
    for component in (SPACES, FIVE, SHOUT):
        expected = component(expected).apply(expected)
    assert [o.text for o in outs] == expected
    assert [o.undo() for o in outs] == texts


def test_pickled_pipeline_does_the_same():
    nlp = pipe(SPACES, FIVE, keep=["b+"])
    again = pickle.loads(pickle.dumps(nlp))
    assert again("a  5 bb  b").edits == nlp("a  5 bb  b").edits
    assert again.fingerprint == nlp.fingerprint


# -- protection ------------------------------------------------------------------------------------------------------
def test_kept_spans_are_never_edited_by_any_component():
    nlp = pipe(toys.Replace("x", "xx", "grow"), FIVE, keep=[r"\[[^]]*\]"])
    assert nlp("x 5 [x 5] x 5").text == "xx penki [x 5] xx penki"


def test_an_edit_that_only_cuts_a_kept_span_is_dropped_but_touching_is_allowed():
    nlp = pipe(toys.Replace("ab", "Z", "ab"), toys.Replace("c", "C", "c"), keep=["b"])
    assert nlp("abc ac").text == "abC aC"


def test_insertions_strictly_inside_a_kept_span_are_dropped():
    nlp = pipe(toys.Replace("(?=a)", "-", "insert"), keep=["aaa"])
    assert nlp("aaa").text == "-aaa"


def test_annotations_of_kept_spans_stay():
    nlp = pipe(toys.Abstain(), keep=[r"\?"])
    assert [e.rule for e in nlp("a?").edits] == ["abstain"]


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="ab5 []", max_size=20))
def test_kept_text_survives_anything(text):
    nlp = pipe(SPACES, toys.Replace("a", "", "drop"), FIVE, toys.Replace("[be]", "zz", "z"), keep=[r"\[[^]]*\]"])
    out = nlp(text)
    for m in nlp._keep[0].finditer(text):
        a, b = out.to_normalized(*m.span())
        assert out.text[a:b] == m.group()


def test_a_keep_pattern_that_backtracks_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr("textnorm.pipeline.KEEP_TIMEOUT", 0.05)
    nlp = pipe(FIVE, keep=[r"(?:(a|aa)+)+(?=b)\1\1c"])
    with pytest.raises(DataError, match="keep pattern"):
        nlp("5" + "a" * 5000)


def test_bad_keep_pattern():
    with pytest.raises(ConfigError, match=r"keep pattern.*'\(a'"):
        pipe(keep=["(a"])


# -- documents -------------------------------------------------------------------------------------------------------
def test_document_runs():
    assert document_runs(["a", "a", "b", None, None, "a"], 6) == [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    assert document_runs(None, 2) == [(0, 1), (1, 2)]


def test_document_scope_sees_consecutive_rows_of_one_id_as_one_text():
    nlp = pipe(toys.Count())
    texts = ["# #", "#", "", "#", "#"]
    assert nlp.edits(texts, ["a", "a", "a", "a", "b"]).apply(texts) == ["1 2", "3", "", "4", "1"]
    assert nlp.edits(texts).apply(texts) == ["1 2", "1", "", "1", "1"]


def test_a_replacement_across_rows_names_the_component():
    with pytest.raises(PluginError, match="'c0' replaced text across rows of the document 'd'"):
        pipe(toys.Whole("x")).edits(["a", "b"], ["d", "d"])


def test_an_annotation_across_rows_is_cut_into_rows():
    edits = pipe(toys.Whole()).edits(["ab", "", "c"], ["d", "d", "d"])
    assert [[(e.start, e.end) for e in row] for row in edits] == [[(0, 2)], [], [(0, 1)]]


def test_wrong_number_of_document_ids():
    with pytest.raises(UsageError, match="2 texts but 1 document ids"):
        pipe(FIVE).edits(["a", "b"], ["d"])


# -- failures --------------------------------------------------------------------------------------------------------
def test_a_failing_component_is_named():
    with pytest.raises(DataError, match="'c1' failed: ValueError: it said boom"):
        pipe(FIVE, toys.Boom())("boom")


def test_only_the_bad_texts_fail():
    texts = ["5", "boom", "5 5", "boom"]
    edits, failures = pipe(FIVE, toys.Boom()).try_edits(texts)
    assert edits.apply(texts) == ["penki", "boom", "penki penki", "boom"]
    assert sorted(failures) == [1, 3]
    assert "it said boom" in failures[1]


def test_a_bad_document_fails_as_a_whole():
    nlp = pipe(toys.Count(), toys.Boom())
    texts = ["#", "#boom", "#"]
    edits, failures = nlp.try_edits(texts, ["a", "a", "b"])
    assert edits.apply(texts) == ["#", "#boom", "1"]
    assert sorted(failures) == [0, 1]


class Short(toys.Boom):
    def __call__(self, texts):
        return Edits.empty(1)


class Outside(toys.Boom):
    def __call__(self, texts):
        return Edits.from_rows([Edit(0, 3, None, "X", "x")] for _ in texts)


def test_a_component_that_breaks_its_contract():
    with pytest.raises(PluginError, match="given 2 texts and returned edits of 1"):
        pipe(Short()).try_edits(["a", "b"])
    edits, failures = pipe(Outside()).try_edits(["abc", "b"])
    assert len(edits[0]) == 1
    assert "outside its text: [0, 3)" in failures[1]
    with pytest.raises(PluginError, match="lacks name"):
        pipe(len)


# -- identity --------------------------------------------------------------------------------------------------------
def test_fingerprint_changes_with_what_changes_edits(tmp_path):
    def digits(text):
        return load(toys.write_cfg(tmp_path, text)).fingerprint

    base = digits(toys.DIGITS)
    assert digits(toys.DIGITS.replace("Reads 5", "Turns 5")) == base  # a description changes no edit
    assert digits(toys.DIGITS.replace('by = "penki"', 'by = "keturi"')) != base
    assert digits(toys.DIGITS.replace('pipeline = ["five", "boom"', 'keep = ["x"]\npipeline = ["five", "boom"')) != base
    assert len(base) == 32


def test_describe_asks_the_components():
    assert pipe(FIVE, SHOUT).describe("five+shout") == "5 becomes penki; penki becomes PENKI"
    assert pipe(FIVE).describe("other") == ""


# -- configuration ---------------------------------------------------------------------------------------------------
def test_load_from_cfg_and_folder(tmp_path):
    nlp = textnorm.load(toys.write_cfg(tmp_path))
    assert nlp.name == "digits"
    assert [label for label, _ in nlp.components] == ["five", "boom", "abstain"]
    assert nlp("a 5").text == "a penki"
    model = tmp_path / "model"
    model.mkdir()
    toys.write_cfg(model, toys.DIGITS.replace('name = "digits"\n', ""), "pipeline.cfg")
    assert load(model).name == "model"
    assert load(str(model))("5").text == "penki"


def test_overrides_and_references(tmp_path):
    text = toys.DIGITS.replace("[components]\n", '[paths]\nword = "šeši"\n\n[components]\n')
    text = text.replace('by = "penki"', "by = ${paths.word}")
    path = toys.write_cfg(tmp_path, text)
    assert load(path)("5").text == "šeši"
    assert load(path, overrides={"paths.word": "du"})("5").text == "du"
    assert load(path, overrides={"textnorm.pipeline": []})("5").text == "5"
    with pytest.raises(ConfigError, match=r"digits\.cfg.*nosuch"):
        load(path, overrides={"nosuch.key": 1})


def test_the_folder_of_the_file_is_known_and_does_not_change_the_fingerprint(tmp_path):
    prints = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        text = toys.DIGITS.replace("[components]\n", "[paths]\n\n[components]\n")
        text = text.replace('by = "penki"', 'by = "${paths.folder}/x"')
        nlp = load(toys.write_cfg(folder, text))
        assert nlp("5").text == f"{folder.resolve()}/x"
        prints.append(nlp.fingerprint)
    assert prints[0] == prints[1]


def test_dollar_signs_are_doubled_in_a_cfg(tmp_path):
    text = toys.DIGITS.replace('name = "digits"', 'name = "digits"\nkeep = ["5$$"]')
    assert load(toys.write_cfg(tmp_path, text))("5 5").text == "penki 5"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('by = "penki"', 'bye = "penki"', [r"\[components.five\] bye", "pattern, by, rule, label"]),
        ('by = "penki"\n', "", [r"\[components.five\]", "by"]),
        ('"test.boom.v1"', '"test.bom.v1"', [r"\[components.boom\] @normalizers", "Did you mean 'test.boom.v1'"]),
        ('@normalizers = "test.boom.v1"', "", [r"\[components.boom\] @normalizers"]),
        ('@normalizers = "test.boom.v1"', '@normalisers = "test.boom.v1"', [r"\[components.boom\] @normalizers"]),
        ('"five", "boom"', '"fife", "boom"', [r"\[textnorm\] pipeline", "'fife'", "Did you mean 'five'"]),
        ('"five", "boom"', '"five", "five"', ["two components of one name"]),
        ("description =", "descripton =", [r"\[textnorm\] descripton", "Did you mean 'description'"]),
        ('pipeline = ["five", "boom", "abstain"]', 'pipeline = "five"', [r"\[textnorm\] pipeline", "a list"]),
        ('pipeline = ["five", "boom", "abstain"]', "pipeline = [1]", [r"\[textnorm\] pipeline", "a list"]),
        ('pipeline = ["five", "boom", "abstain"]', "", [r"\[textnorm\] pipeline"]),
        ('name = "digits"', 'name = "digits"\nkeep = ["("]', [r"\[textnorm\]", r"'\('"]),
        ('name = "digits"', "name = 'digits'", ["single-quoted"]),
        ('name = "digits"', "name = 5", [r"\[textnorm\] name", "a string"]),
        ('name = "digits"', 'name = "digits"\nname = "x"', [r"\[textnorm\] name", "twice"]),
        ('name = "digits"', 'name = "${paths.x}"', ["paths.x"]),
        ('name = "digits"', 'name = "a$b"', [r"\[textnorm\] name", r"\$"]),
        ("[textnorm]", "[textnrm]", [r"\[textnrm\]", "Did you mean 'textnorm'"]),
        ("[textnorm]", "textnorm", ["line"]),
        ("[components]\n", "", ["components"]),
        ("[components.boom]\n", "[components.boom]\npattern\n", ["line"]),
        ('label = "NUM"', 'label = "NUM"\n@readers = "x"', [r"\[components.five\] @readers"]),
        ("[components.boom]\n@normalizers", "[components.boom]\n@normalizer", [r"\[components.boom\]"]),
    ],
)
def test_a_bad_cfg_names_file_section_and_key(tmp_path, old, new, words):
    assert old in toys.DIGITS
    path = toys.write_cfg(tmp_path, toys.DIGITS.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert path in str(caught.value) or "digits" in str(caught.value)
    for word in words:
        assert re.search(word, str(caught.value)), (word, str(caught.value))
    assert "\n" not in str(caught.value)


def test_an_error_of_a_factory_names_file_and_key(tmp_path):
    @registry.normalizers.register("test.picky.v1", replace=True)
    def make(level: str = "low"):
        if level == "broken":
            msg = "rules.yaml: rule x has a broken pattern"
            raise RulePackError(msg)
        msg = f"unknown value for 'level': {level!r}. Known: low, high."
        raise ConfigError(msg)

    text = '[textnorm]\npipeline = ["p"]\n[components]\n[components.p]\n@normalizers = "test.picky.v1"\nlevel = "hi"\n'
    with pytest.raises(ConfigError, match=r"p\.cfg: \[components\.p\] level: unknown value for 'level': 'hi'"):
        load(toys.write_cfg(tmp_path, text, "p.cfg"))
    with pytest.raises(RulePackError, match=r"p\.cfg: \[components\.p\]: rules\.yaml"):
        load(toys.write_cfg(tmp_path, text.replace('"hi"', '"broken"'), "p.cfg"))


def test_options_of_a_wrong_type_name_file_section_and_key(tmp_path):
    @registry.normalizers.register("test.typed.v1", replace=True)
    def make(word: str = "", times: int = 1, words: Sequence[str] = (), path: str | None = None, rate: float = 1.0):
        return toys.Boom()

    text = '[textnorm]\npipeline = ["p"]\n[components]\n[components.p]\n@normalizers = "test.typed.v1"\n'
    for line in ("word = 5", "times = true", 'times = "x"', 'words = "x"', "words = [1]", "path = 5", "rate = []"):
        with pytest.raises(ConfigError, match=rf"p\.cfg: \[components\.p\] {line.split()[0]}: cannot be .* it takes"):
            load(toys.write_cfg(tmp_path, f"{text}{line}\n", "p.cfg"))
    for line in ('word = "x"', "times = 2", 'words = ["x"]', "path = null", 'path = "x"', "rate = 1", "rate = 0.5"):
        assert load(toys.write_cfg(tmp_path, f"{text}{line}\n", "p.cfg"))("a").text == "a"


def test_a_factory_may_raise_anything(tmp_path):
    @registry.normalizers.register("test.raises.v1", replace=True)
    def make(path: str = "", where: str = ""):
        if where:
            Path(where).read_text()
        raise ZeroDivisionError

    text = '[textnorm]\npipeline = ["p"]\n[components]\n[components.p]\n@normalizers = "test.raises.v1"\n'
    with pytest.raises(PluginError, match=r"p\.cfg: \[components\.p\]: test\.raises\.v1 cannot be made: ZeroDiv"):
        load(toys.write_cfg(tmp_path, text, "p.cfg"))


def test_a_cfg_may_begin_with_a_bom_and_need_not_name_its_paths(tmp_path):
    (tmp_path / "by.txt").write_text("x")
    text = toys.DIGITS.replace('by = "penki"', 'by = "${paths.folder}"')
    path = toys.write_cfg(tmp_path, "\ufeff" + text)
    assert load(path)("5").text == str(tmp_path.resolve())


def test_edits_that_cannot_be_name_their_component():
    class Backwards(toys.Boom):
        def __call__(self, texts):
            return Edits.from_rows([Edit(3, 1, "x", "L", "r")] for _ in texts)

    with pytest.raises(EditError, match="component 'c0' made edits that cannot be"):
        pipe(Backwards())("abcd")


def test_nested_blocks_are_made_with_their_registry(tmp_path):
    registry.readers.register("test.reader.v1", replace=True)(lambda word: word * 2)
    text = toys.DIGITS.replace('by = "penki"\n', "")
    text += '\n[components.five.by]\n@readers = "test.reader.v1"\nword = "ab"\n'
    assert load(toys.write_cfg(tmp_path, text))("5").text == "abab"


def test_unknown_pipelines_and_paths(tmp_path):
    with pytest.raises(UnknownNameError, match=r"no pipeline called 'lt-speach'. Did you mean 'lt-speech'\?"):
        load("lt-speach")
    with pytest.raises(UsageError, match="There is no pipeline file"):
        load("nowhere/x.cfg")
    with pytest.raises(UsageError, match=r"has no pipeline\.cfg"):
        load(tmp_path)
    other = tmp_path / "a.txt"
    other.write_text("x")
    with pytest.raises(UsageError, match="is no pipeline"):
        load(str(other))
    latin = tmp_path / "latin.cfg"
    latin.write_bytes('[textnorm]\nname = "ž"\n'.encode("cp1257"))
    with pytest.raises(ConfigError, match="not UTF-8 at byte"):
        load(latin)


def test_builtin_pipelines_are_described_and_name_themselves():
    names = config.builtin_names()
    assert {"lt-clean", "lt-speech", "unicode"} <= set(names)
    for name in names:
        source = config.read(config.find(name), {})
        assert source.name == name
        assert source.settings["description"].endswith(".")
        for label in source.settings["pipeline"]:
            assert source.config["components"][label]["@normalizers"] in registry.normalizers.names()


def test_lt_clean_mends_what_pdf_files_leave_behind():
    assert load("lt-clean")("ﬁnas Ａ１２ ﬂora ½ m² “a”").text == "finas A12 flora ½ m² “a”"


def test_the_configuration_in_a_pipeline_is_plain_data(tmp_path):
    nlp = load(Path(toys.write_cfg(tmp_path)))
    assert json.loads(json.dumps(nlp.config))["components"]["five"]["by"] == "penki"


def test_the_example_of_the_page_works(tmp_path):
    page = Path(__file__).parent.parent / "docs" / "config.md"
    text = re.search(r"```ini\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL).group(1)
    out = load(toys.write_cfg(tmp_path, text, "my.cfg"))("Kodas AB-1234, 5 kg")
    assert "AB-1234" in out.text
    assert "5 kg" not in out.text
