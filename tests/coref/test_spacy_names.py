"""The spaCy component."""

from __future__ import annotations

import pytest

spacy = pytest.importorskip("spacy", reason="the extra 'spacy' is not installed")

from spacy.tokens import Doc, Span  # noqa: E402

from textnorm.errors import ConfigError  # noqa: E402

TEXT = "Dr. Ada Stone met Robert Vale in Texas. Stone left."


@pytest.fixture
def nlp():
    pytest.importorskip("textnorm.spacy_names")
    nlp = spacy.blank("en")
    nlp.add_pipe("textnorm_names")
    return nlp


def test_clusters_and_canonical(nlp):
    doc = nlp(TEXT)
    assert [(span.text, span.label_, span._.canonical) for span in doc.spans["names"]] == [
        ("Dr. Ada Stone", "person", "Ada Stone"),
        ("Robert Vale", "person", "Robert Vale"),
        ("Texas", "place", "Texas"),
        ("Stone", "person", "Ada Stone"),
    ]
    assert doc.text == TEXT
    assert [cluster["canonical"] for cluster in doc._.name_clusters] == ["Ada Stone", "Robert Vale", "Texas"]
    assert doc[0:1]._.canonical is None


def test_entities_win_over_our_finder(nlp):
    doc = nlp.make_doc("Ada Stone met Vale on Monday.")
    doc.ents = [Span(doc, 0, 2, "PERSON"), Span(doc, 5, 6, "DATE")]
    doc = nlp.get_pipe("textnorm_names")(doc)
    assert [span.text for span in doc.spans["names"]] == ["Ada Stone"]


def test_it_survives_bytes(nlp):
    doc = nlp(TEXT)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert [span._.canonical for span in again.spans["names"]] == [span._.canonical for span in doc.spans["names"]]


def test_an_empty_doc(nlp):
    assert list(nlp("").spans["names"]) == []


def test_bad_options():
    nlp = spacy.blank("en")
    with pytest.raises(ConfigError, match="'ents'"):
        nlp.add_pipe("textnorm_names", config={"ents": "perhaps"})
