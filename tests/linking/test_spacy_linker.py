"""The spaCy component textnorm_linker, after an entity ruler or a span ruler."""

from __future__ import annotations

import pytest

pytest.importorskip("spacy", reason="the extra 'spacy' is not installed")

import spacy
from spacy.tokens import Doc, DocBin, Span

import textnorm.spacy_linker as module
from textnorm.errors import ConfigError, UsageError
from textnorm.spacy_linker import LinkerComponent

TEXT = "Ieškome: vyr. buhalterė ir pavāre , o gal astronaut ."


def pipeline(index, ruler="entity_ruler", **config):
    nlp = spacy.blank("lt")
    patterns = [{"label": "JOB", "pattern": p} for p in ("vyr. buhalterė", "pavāre", "astronaut")]
    nlp.add_pipe(ruler).add_patterns([*patterns, {"label": "OTHER", "pattern": "Ieškome"}])
    nlp.add_pipe("textnorm_linker", config={"index": str(index), **config})
    return nlp


def test_entities_are_linked(occupations):
    doc = pipeline(occupations, labels=["JOB"], k=2)(TEXT)
    found = {ent.text: ent.kb_id_ for ent in doc.ents}
    assert found == {"Ieškome": "", "vyr. buhalterė": "O46", "pavāre": "O56", "astronaut": "NIL"}
    buhalterė = doc.ents[1]
    assert buhalterė._.candidates[0]["id"] == "O46"
    assert len(buhalterė._.candidates) == 2
    assert 0 < buhalterė._.link_p <= 1
    assert doc.ents[0]._.candidates is None
    assert doc.ents[0]._.link_p is None
    assert doc.text == TEXT
    assert {token.ent_kb_id_ for token in buhalterė} == {"O46"}


def test_spans_of_a_group_are_linked_and_keep_the_rest(occupations):
    nlp = pipeline(occupations, "span_ruler", spans_key="ruler", nil="")
    doc = nlp(TEXT)
    spans = {span.text: (span.label_, span.kb_id_) for span in doc.spans["ruler"]}
    assert spans["pavāre"] == ("JOB", "O56")
    assert spans["astronaut"] == ("JOB", "")
    assert spans["Ieškome"][0] == "OTHER"
    assert not doc.ents
    assert not pipeline(occupations, spans_key="other")(TEXT).ents[0]._.candidates


def test_many_docs_at_once_are_as_one_by_one(occupations):
    nlp = pipeline(occupations)
    texts = [TEXT, "", "pavāre", "nieko čia nėra"] * 5
    many = [[(e.text, e.kb_id_, e._.candidates) for e in doc.ents] for doc in nlp.pipe(texts, batch_size=7)]
    assert many == [[(e.text, e.kb_id_, e._.candidates) for e in nlp(text).ents] for text in texts]


def test_two_processes(occupations, monkeypatch):
    import textnorm

    monkeypatch.setenv("PYTHONPATH", str(module.Path(textnorm.__file__).parents[1]))
    docs = list(pipeline(occupations).pipe([TEXT] * 4, n_process=2, batch_size=2))
    assert [[ent.kb_id_ for ent in doc.ents] for doc in docs] == [["NIL", "O46", "O56", "NIL"]] * 4
    assert docs[3].ents[1]._.candidates[0]["id"] == "O46"


def test_docs_survive_bytes_and_docbin(occupations):
    nlp = pipeline(occupations)
    doc = nlp(TEXT)
    want = [(ent.kb_id_, ent._.candidates, ent._.link_p) for ent in doc.ents]
    copies = [Doc(nlp.vocab).from_bytes(doc.to_bytes())]
    copies += DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(nlp.vocab)
    for copy in copies:
        assert [(ent._.candidates, ent._.link_p) for ent in copy.ents] == [(c, p) for _, c, p in want]
    assert [ent.kb_id_ for ent in copies[0].ents] == [kb_id for kb_id, _, _ in want]


def test_the_pipeline_survives_disk_with_its_index_and_bytes_with_the_path(tmp_path, occupations):
    nlp = pipeline(occupations, k=3, window=0)
    nlp.to_disk(tmp_path / "nlp")
    assert (tmp_path / "nlp" / "textnorm_linker" / "index" / "manifest.json").exists()
    moved = tmp_path / "moved"
    (tmp_path / "nlp").rename(moved)
    again = spacy.load(moved)
    assert [ent.kb_id_ for ent in again(TEXT).ents] == [ent.kb_id_ for ent in nlp(TEXT).ents]
    held = again.get_pipe("textnorm_linker")
    assert (held.k, held.window, held.index) == (3, 0, str(moved / "textnorm_linker" / "index"))
    other = pipeline(occupations).from_bytes(nlp.to_bytes())
    assert other.get_pipe("textnorm_linker").k == 3
    again.to_disk(moved)  # over itself: the index stays
    assert [ent.kb_id_ for ent in spacy.load(moved)(TEXT).ents] == [ent.kb_id_ for ent in nlp(TEXT).ents]


def test_a_missing_index_is_said_when_it_is_needed(tmp_path):
    nlp = pipeline(tmp_path / "none")
    with pytest.raises(UsageError, match="There is no index"):
        nlp("pavāre")
    with pytest.raises(UsageError, match="No index is configured"):
        spacy.blank("lt").add_pipe("textnorm_linker")(nlp.make_doc("a"))
    with pytest.raises(UsageError, match="no saved textnorm_linker"):
        LinkerComponent("x", "").from_disk(tmp_path)


def test_options_out_of_range(occupations):
    for options in ({"k": 0}, {"window": -1}, {"min_p": 1.5}):
        with pytest.raises(ConfigError, match="Options of textnorm_linker"):
            LinkerComponent("x", str(occupations), **options)


def test_a_doc_that_fails_goes_to_the_error_handler(occupations):
    nlp = pipeline(occupations)
    linker = nlp.get_pipe("textnorm_linker")
    step = linker.step

    def broken(queries):
        if any(query and query.text == "pavāre" for query in queries):
            msg = "no such thing"
            raise ValueError(msg)
        return step(queries)

    linker._step = broken
    bad = []
    linker.set_error_handler(
        lambda name, component, docs, error: bad.append((name, [d.text for d in docs], str(error)))
    )
    assert [doc.text for doc in nlp.pipe(["astronaut", "pavāre", "vyr. buhalterė"])] == ["astronaut", "vyr. buhalterė"]
    assert bad == [("textnorm_linker", ["pavāre"], "no such thing")]


def test_the_context_is_what_stands_round(occupations):
    linker = pipeline(occupations, window=5).get_pipe("textnorm_linker")
    doc = spacy.blank("lt")("prieš tai pavāre po to")
    query = linker._query(Span(doc, 2, 3, label="JOB"))
    assert query.context == " tai pavāre po t"
    assert (query.text, query.lang) == ("pavāre", "lt")
