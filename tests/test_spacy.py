"""The spaCy component: attributes, spans, batches, processes, saving."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.edits import Edit, Edits, Normalized
from textnorm.edits.edit import FIELDS
from textnorm.errors import ConfigError, DataError, EditError, UnknownNameError, UsageError, install_hint

ROOT = Path(__file__).resolve().parent.parent
TEXT = "Kaina 15 Eur, atvyko 3 svečiai."
READ = "Kaina penkiolika eurų, atvyko trys svečiai."

spacy = pytest.importorskip("spacy", reason="spaCy is not installed (extra 'spacy')")
from spacy.tokens import Doc, DocBin, Span  # noqa: E402

from textnorm.spacy import TextnormComponent, set_extensions  # noqa: E402

set_extensions()
BLANK = spacy.blank("lt")


def make(pipeline="lt-speech", **config):
    nlp = spacy.blank("lt")
    nlp.add_pipe("textnorm", config={"pipeline": pipeline, **config})
    return nlp


@pytest.fixture(scope="module")
def lt():
    return make()


@pytest.fixture
def digits(tmp_path):
    return make(toys.write_cfg(tmp_path))


def annotated(doc, *edits):
    """Give a doc these edits, without a pipeline."""
    row = Edits.from_rows([edits]).row(0)
    return TextnormComponent("textnorm", "unicode")._set(doc, Normalized(doc.text, row))


def spans(doc):
    return [(s.text, s._.norm, s.label_) for s in doc.spans["textnorm"]]


# -- what it sets ----------------------------------------------------------------------------------------------------
def test_text_edits_and_spans(lt):
    doc = lt(TEXT)
    assert doc.text == TEXT
    assert doc._.norm_text == READ
    assert spans(doc) == [("15 Eur", "penkiolika eurų", "MONEY"), ("3", "trys", "NUM")]
    assert [s.id_ for s in doc.spans["textnorm"]] == [e["rule"] for e in doc._.norm_edits]
    assert all(type(e) is dict and {*FIELDS, "source"} == set(e) for e in doc._.norm_edits)
    assert [e["source"] for e in doc._.norm_edits] == ["15 Eur", "3"]
    assert doc._.textnorm == lt.get_pipe("textnorm").pipeline(TEXT)
    assert doc._.textnorm.to_source(6, 16) == (6, 12)


def test_norm_is_there_for_any_span(lt):
    doc = lt(TEXT)
    assert doc[:]._.norm == doc._.norm_text
    assert doc[0:1]._.norm == "Kaina"
    assert doc[1:2]._.norm == "penkiolika eurų"  # "15" is half of an edit, which has one reading
    assert doc[2:2]._.norm == ""


@pytest.mark.parametrize("text", ["", " ", "\n", "Nieko nekeisti", "𝄞 a\u0301"])
def test_a_text_without_edits(text):
    doc = make("unicode", overrides={"textnorm": {"pipeline": []}})(text)
    assert (doc._.norm_text, doc._.norm_edits, list(doc.spans["textnorm"])) == (text, [], [])


def test_a_doc_that_no_component_saw_has_none():
    doc = BLANK("5")
    assert (doc._.norm_text, doc._.norm_edits, doc._.textnorm, doc[0:1]._.norm) == (None, None, None, None)


def test_spans_grow_to_tokens_and_an_insertion_belongs_to_the_token_before():
    doc = annotated(
        Doc(BLANK.vocab, words=["ab", "cd", "ef", "g"], spaces=[True, True, True, False]),
        Edit(0, 0, "<", "FIRST"),
        Edit(1, 2, "B", "INSIDE"),
        Edit(2, 2, "!", "BEHIND"),
        Edit(3, 5, None, "MARK"),
        Edit(6, 6, ">", "GAP"),
        Edit(8, 9, "_", "SPACE"),
    )
    assert doc._.norm_text == "<aB! cd >ef_g"
    assert spans(doc) == [
        ("ab", "<aB!", "FIRST"),
        ("ab", "<aB!", "INSIDE"),
        ("ab", "<aB!", "BEHIND"),
        ("cd", "cd >", "MARK"),
        ("cd", "cd >", "GAP"),
        ("ef", "ef_", "SPACE"),
    ]
    assert doc[3:4]._.norm == "g"


def test_equal_spans_are_one_and_carry_all_rules():
    doc = annotated(Doc(BLANK.vocab, words=["aba"]), Edit(0, 1, "x", "L", "r2"), Edit(2, 3, "x", "L", "r1+r2"))
    assert spans(doc) == [("aba", "xbx", "L")]
    assert [s.id_ for s in doc.spans["textnorm"]] == ["r1+r2"]


def test_an_edit_of_several_tokens_that_starts_in_a_space():
    doc = annotated(Doc(BLANK.vocab, words=["a", "b", "c"], spaces=[True, True, False]), Edit(1, 5, "X", "L"))
    assert doc._.norm_text == "aX"
    assert (spans(doc), doc[0:1]._.norm) == ([("b c", "X", "L")], "a")


# -- laws ------------------------------------------------------------------------------------------------------------
WORD = st.one_of(st.text(alphabet="ab5š𝄞\u0301", min_size=1, max_size=4), st.just(" "))


@st.composite
def edited_docs(draw):
    tokens = draw(st.lists(st.tuples(WORD, st.booleans()), min_size=1, max_size=7))
    doc = Doc(BLANK.vocab, words=[w for w, _ in tokens], spaces=[s for _, s in tokens])
    places = sorted(draw(st.lists(st.integers(0, len(doc.text)), max_size=10)))
    edits = [
        Edit(a, b, draw(st.text(alphabet="xyž𝄞 ", max_size=3)), draw(st.sampled_from(["A", "B", ""])), draw(RULE))
        for a, b in zip(places[::2], places[1::2], strict=False)
    ]
    marks = draw(st.lists(st.tuples(st.integers(0, len(doc.text)), st.integers(0, len(doc.text))), max_size=2))
    edits += [Edit(min(m), max(m), None, "MARK", "m", 0.5, {"x": [1, None]}) for m in marks]
    return annotated(doc, *edits)


RULE = st.sampled_from(["r1", "r2"])


def tokens_of(doc, edit):
    """The definition, token by token."""
    start, end = edit["start"], edit["end"]
    inside = [t.i for t in doc if t.idx < end and start < t.idx + len(t)]
    if start == end or not inside:
        return [max([t.i for t in doc if t.idx < end], default=0)]
    return inside


@settings(max_examples=150, deadline=None)
@given(edited_docs())
def test_each_edit_has_its_span_and_each_span_an_edit(doc):
    wanted = {(tokens_of(doc, e)[0], tokens_of(doc, e)[-1] + 1, e["label"]) for e in doc._.norm_edits}
    found = [(s.start, s.end, s.label_) for s in doc.spans["textnorm"]]
    assert set(found) == wanted
    assert len(found) == len(wanted)


@settings(max_examples=150, deadline=None)
@given(edited_docs())
def test_what_spans_became_makes_up_the_normalized_text(doc):
    replacing = [e for e in doc._.norm_edits if e["replacement"] is not None]
    joined = {i for e in replacing for i in tokens_of(doc, e)[1:]}  # tokens that go with the one before
    cuts = [t.i for t in doc if t.i not in joined] + [len(doc)]
    text = ""
    for i, j in pairwise(cuts):
        low, high = doc[j - 1].idx + len(doc[j - 1]), doc[j - 1].idx + len(doc[j - 1].text_with_ws)
        gone = any((e["start"] < high and low < e["end"]) or e["start"] == e["end"] == high for e in replacing)
        text += doc[i:j]._.norm + ("" if gone else doc.text[low:high])
    assert text == doc._.norm_text == doc._.textnorm.text


@settings(max_examples=60, deadline=None)
@given(edited_docs())
def test_docs_survive_bytes(doc):
    binned = DocBin().from_bytes(DocBin(store_user_data=True, docs=[doc]).to_bytes())
    for again in (Doc(BLANK.vocab).from_bytes(doc.to_bytes()), *binned.get_docs(BLANK.vocab)):
        assert again.text == doc.text
        assert again._.norm_text == doc._.norm_text
        assert again._.norm_edits == doc._.norm_edits
        assert again._.textnorm == doc._.textnorm
        assert spans(again) == spans(doc)


def test_docs_survive_disk(lt, tmp_path):
    doc = lt(TEXT)
    doc.to_disk(tmp_path / "doc")
    again = Doc(BLANK.vocab).from_disk(tmp_path / "doc")
    assert (again._.norm_text, again._.norm_edits, spans(again)) == (doc._.norm_text, doc._.norm_edits, spans(doc))


def test_edits_copied_to_another_text_are_an_error_not_nonsense(lt):
    doc = lt(TEXT)
    part = Doc(doc.vocab, words=["Ir", *(t.text for t in doc)], user_data=doc.user_data)
    with pytest.raises(EditError, match="another text"):
        _ = part._.textnorm
    with pytest.raises(EditError, match="another text"):
        _ = part[1:4]._.norm


# -- streams ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_pipe_gives_what_single_calls_give(lt, batch_size):
    texts = [TEXT, "", "2024 m.", *(f"{n} namai" for n in range(5))]
    docs = list(lt.pipe(texts, batch_size=batch_size))
    assert [d.text for d in docs] == texts
    assert [d._.norm_edits for d in docs] == [lt(text)._.norm_edits for text in texts]
    assert [c for _, c in lt.pipe(zip(texts, range(8), strict=True), as_tuples=True)] == list(range(8))


def test_pipe_batches_and_does_not_read_ahead(digits):
    component, sizes = digits.get_pipe("textnorm"), []
    batch = component._pipeline.batch
    component._pipeline.batch = lambda texts: sizes.append(len(texts)) or batch(texts)
    read = []
    docs = digits.pipe((read.append(n) or str(n) for n in range(10)), batch_size=4)
    assert next(docs)._.norm_text == "0"
    assert len(read) == 4
    assert [d._.norm_text for d in docs][4] == "penki"
    assert sizes == [4, 4, 2]


def test_a_failing_doc_goes_to_the_error_handler_and_its_neighbours_live(digits):
    failed = []
    digits.set_error_handler(lambda name, proc, docs, error: failed.append((name, proc, docs[0].text, error)))
    texts = ["5 a", "boom 1", "5 b", "boom 2", "c"]
    assert [d._.norm_text for d in digits.pipe(texts)] == ["penki a", "penki b", "c"]
    assert [(name, text) for name, _, text, _ in failed] == [("textnorm", "boom 1"), ("textnorm", "boom 2")]
    assert all(proc is digits.get_pipe("textnorm") for _, proc, _, _ in failed)
    assert all(isinstance(error, DataError) and "it said boom" in str(error) for *_, error in failed)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_without_a_handler_the_error_is_raised(digits, batch_size):
    with pytest.raises(DataError, match="it said boom"):
        list(digits.pipe(["5", "boom", "5"], batch_size=batch_size))
    with pytest.raises(DataError, match="it said boom"):
        digits("boom")


# -- configuration ---------------------------------------------------------------------------------------------------
def test_overrides_reach_the_pipeline_and_two_components_live_together(tmp_path):
    path = toys.write_cfg(tmp_path)
    nlp = make(path, spans_key="a", overrides={"components": {"five": {"by": "V"}}})
    nlp.add_pipe("textnorm", "second", config={"pipeline": path, "spans_key": "b"})
    doc = nlp("5 a")
    assert doc._.norm_text == "penki a"  # that of the last component
    assert {key: len(group) for key, group in doc.spans.items()} == {"a": 1, "b": 1}
    assert nlp.get_pipe("textnorm")(BLANK("5 a"))._.norm_text == "V a"


def test_what_it_assigns_is_declared(lt):
    meta = lt.get_pipe_meta("textnorm")
    assert {"doc._.norm_text", "doc._.norm_edits", "doc.spans", "span._.norm"} <= set(meta.assigns)
    assert not meta.retokenizes


def test_mistakes_in_the_config(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'lt-speech'"):
        make("lt-speach")
    with pytest.raises(UsageError, match=r"no pipeline: it has no pipeline\.cfg"):
        make(str(tmp_path))
    with pytest.raises(ConfigError, match=r"\[components\.five\]"):
        make(toys.write_cfg(tmp_path), overrides={"components": {"five": {"pattern": 5}}})
    absent = make(str(tmp_path / "no.cfg"))  # may be given to it by from_disk
    for use in (lambda: absent("a"), lambda: absent.initialize(), absent.to_bytes):
        with pytest.raises(UsageError, match=r"no pipeline file .*no\.cfg.* saved copy"):
            use()
    absent.set_error_handler(lambda *_: None)
    with pytest.raises(UsageError, match="no pipeline file"):  # no fault of the docs
        list(absent.pipe(["a"]))


def test_a_foreign_extension_of_our_name_is_named_and_nothing_is_set():
    kept = {name: Doc.remove_extension(name) for name in ("norm_text", "norm_edits", "textnorm")}
    kept_norm = Span.remove_extension("norm")
    try:
        Doc.set_extension("norm_edits", default=None)
        with pytest.raises(UsageError, match=r"doc\._\.norm_edits .*Doc\.remove_extension\('norm_edits'\)"):
            make()
        Doc.remove_extension("norm_edits")
        Span.set_extension("norm", getter=len)
        with pytest.raises(UsageError, match=r"span\._\.norm .*Span\.remove_extension\('norm'\)"):
            make()
        assert not Doc.has_extension("norm_text")
        Span.remove_extension("norm")
        set_extensions()
        assert {name: Doc.get_extension(name) for name in kept} == kept
        assert Span.get_extension("norm") == kept_norm
    finally:
        if Span.has_extension("norm"):
            Span.remove_extension("norm")
        set_extensions()


# -- saving ----------------------------------------------------------------------------------------------------------
def test_a_built_in_name_survives_disk_and_bytes(lt, tmp_path):
    lt.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    assert loaded.get_pipe("textnorm").spec == "lt-speech"
    other = make("unicode").from_bytes(lt.to_bytes())
    fingerprint = lt.get_pipe("textnorm").pipeline.fingerprint
    for nlp in (loaded, other):
        assert nlp.get_pipe("textnorm").pipeline.fingerprint == fingerprint
        assert nlp(TEXT)._.norm_edits == lt(TEXT)._.norm_edits


def test_a_cfg_file_survives_disk_and_bytes_without_the_file(tmp_path):
    path = Path(toys.write_cfg(tmp_path))
    nlp = make(str(path), overrides={"components": {"five": {"by": "V"}}})
    before = nlp.get_pipe("textnorm").pipeline
    nlp.to_disk(tmp_path / "nlp")
    data = nlp.to_bytes()
    path.unlink()
    loaded = spacy.load(tmp_path / "nlp")
    loaded.to_disk(tmp_path / "again")
    loaded.to_disk(tmp_path / "nlp")  # over itself
    for again in (
        loaded,
        spacy.load(tmp_path / "again"),
        spacy.load(tmp_path / "nlp"),
        make("unicode").from_bytes(data),
        make("unicode").from_bytes(loaded.to_bytes()),
    ):
        assert again("5")._.norm_text == "V"
        after = again.get_pipe("textnorm").pipeline
        assert (after.name, after.fingerprint) == ("digits", before.fingerprint)


NEEDS_FILE = """
[textnorm]
name = "model"
pipeline = ["five"]

[paths]
folder = null

[components]

[components.five]
@normalizers = "test.from_file.v1"
path = ${paths.folder}
"""


@toys.registry.normalizers.register("test.from_file.v1", replace=True)
def from_file(path):
    return toys.Replace("5", (Path(path) / "word.txt").read_text(encoding="utf-8"), "five")


def test_paths_that_nothing_uses_need_no_copy(tmp_path):
    text = NEEDS_FILE.replace('"test.from_file.v1"', '"test.whole.v1"').replace("path = ${paths.folder}", "")
    component = make(toys.write_cfg(tmp_path, text, "loose.cfg")).get_pipe("textnorm")
    assert component.from_bytes(component.to_bytes()).pipeline.name == "model"


def test_a_model_folder_is_copied_to_disk(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "word.txt").write_text("penki", encoding="utf-8")
    toys.write_cfg(folder, NEEDS_FILE, "pipeline.cfg")
    nlp = make(str(folder))
    nlp.to_disk(tmp_path / "nlp")
    with pytest.raises(UsageError, match="Use to_disk"):
        nlp.to_bytes()
    for item in folder.iterdir():
        item.unlink()
    folder.rmdir()
    loaded = spacy.load(tmp_path / "nlp")
    assert loaded("5")._.norm_text == "penki"
    loaded.to_disk(tmp_path / "nlp")
    assert spacy.load(tmp_path / "nlp")("5")._.norm_text == "penki"


def test_what_could_not_be_loaded_again_is_not_saved(tmp_path, monkeypatch):
    (tmp_path / "word.txt").write_text("penki", encoding="utf-8")
    nlp = make(toys.write_cfg(tmp_path, NEEDS_FILE, "loose.cfg"))
    with pytest.raises(UsageError, match=r"files beside it"):
        nlp.to_disk(tmp_path / "nlp")
    (tmp_path / "mine").mkdir()
    toys.write_cfg(tmp_path / "mine", toys.NOTHING, "pipeline.cfg")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"'\./mine'"):
        make("mine").to_bytes()
    make("./mine").to_bytes()


def test_bytes_cannot_write_outside_their_folder(tmp_path):
    nlp = make(toys.write_cfg(tmp_path))
    component = nlp.get_pipe("textnorm")
    data = component.to_bytes().replace(b'"saved": "digits"', f'"saved": "{tmp_path}/out"'.encode())
    assert b"/out" in data
    component.from_bytes(data)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_component(tmp_path):
    with pytest.raises(UsageError, match=r"no saved textnorm component: textnorm\.json"):
        make("unicode").get_pipe("textnorm").from_disk(tmp_path)


# -- processes -------------------------------------------------------------------------------------------------------
def python(*arguments, folder=None, **options):
    """Run a program in a process of its own: forks, blocked imports and entry points must not touch this one."""
    paths = [str(ROOT)] if folder is None else [str(folder), str(ROOT)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], env=env, capture_output=True, encoding="utf-8", timeout=300, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


WORKERS = """
import multiprocessing
import sys

import spacy

import textnorm.spacy

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    nlp = spacy.blank("lt")
    nlp.add_pipe("textnorm", config={"pipeline": "lt-speech"})
    texts = [f"Kaina {n} Eur." for n in range(12)]
    one = list(nlp.pipe(texts))
    two = list(nlp.pipe(texts, n_process=2, batch_size=5))
    assert [d.text for d in two] == texts
    for a, b in zip(one, two, strict=True):
        assert b._.norm_text == a._.norm_text != a.text
        assert b._.norm_edits == a._.norm_edits
        assert [(s.text, s._.norm, s.label_, s.id_) for s in b.spans["textnorm"]] == [
            (s.text, s._.norm, s.label_, s.id_) for s in a.spans["textnorm"]
        ]
        assert len(b.spans["textnorm"]) == 1
    print("same")
"""


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_two_processes_give_what_one_gives(method, tmp_path):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    (tmp_path / "workers.py").write_text(WORKERS, encoding="utf-8")
    assert python(tmp_path / "workers.py", method) == "same"


ENTRY_POINT = """
import spacy

nlp = spacy.blank("lt")
nlp.add_pipe("textnorm", config={"pipeline": "lt-speech"})
print(nlp("Kaina 15 Eur.")._.norm_text)
"""


def test_spacy_finds_it_by_the_declared_entry_point(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "site" / "textnorm_check-0.dist-info"  # as an installer would write it
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: textnorm-check\nVersion: 0\n", encoding="utf-8")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["spacy_factories"].items())
    (info / "entry_points.txt").write_text(f"[spacy_factories]\n{points}", encoding="utf-8")
    out = python("-W", "error", "-c", ENTRY_POINT, folder=tmp_path / "site", cwd=tmp_path)
    assert out == "Kaina penkiolika eurų."


BLOCKED = """
import sys

sys.modules["spacy"] = None
import textnorm
from textnorm.errors import MissingExtraError

try:
    import textnorm.spacy
except MissingExtraError as error:
    print(error)
"""


def test_without_spacy_the_message_says_what_to_install():
    hint = f"The spaCy component needs the package 'spacy'. Install it with: {install_hint('spacy')}"
    assert python("-c", BLOCKED) == hint
