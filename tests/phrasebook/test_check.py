"""The check: what it finds, and that it finds nothing where nothing is wrong."""

from __future__ import annotations

import pytest
from books import load

from textnorm.normalizers.phrasebook.check import check_book
from textnorm.normalizers.phrasebook.compile import compile_book


def findings(tmp_path, text):
    found, figures = check_book(compile_book(load(tmp_path, text), check=False))
    return [(f.kind, int(f.where.rpartition(":")[2]), f.message, f.fault) for f in found], figures


def test_a_conflict_has_a_shortest_example_and_both_lines(tmp_path):
    text = """
language: en
lists: {n: {range: {from: 0, to: 9}}}
intents:
  A:
    sentences: ["(set|put) [the] volume [to] {n} [please|now]"]
  B:
    sentences: ["set [(it|them)] [all] volume {n}"]
"""
    found, _ = findings(tmp_path, text)
    kind, line, message, fault = found[0]
    assert (kind, line, fault) == ("conflict", 8, True)
    assert "'set volume {n}' is a sentence of 'B' and 'A'" in message
    assert message.endswith("book.yaml:6)")


@pytest.mark.parametrize(
    "more",
    [
        "requires_context: {domain: light}",
        "excludes_context: {domain: [cover, lock]}",
        "priority: 1",
    ],
)
def test_context_and_priority_decide(tmp_path, more):
    text = f"""
language: en
lists: {{n: {{values: [{{in: x, context: {{domain: light}}}}, {{in: y, context: {{domain: cover}}}}]}}}}
intents:
  A: {{sentences: ["open {{n}}"], requires_context: {{domain: cover}}}}
  B: {{sentences: ["open {{n}}"], {more}}}
"""
    found, _ = findings(tmp_path, text)
    assert not [f for f in found if f[0] == "conflict"]


@pytest.mark.parametrize(
    ("sentences", "kind", "words"),
    [
        ('A: {sentences: ["go [home]", "go"]}', "redundant", "everything it says is said at"),
        ('A: {sentences: ["go {n} to {n}"]}', "twice", "the slot {n} can be said 2 times"),
        ('A: {sentences: ["get {n}"]}\n  B: {sentences: ["get five"]}', "shadowed", "goes to 'B'"),
        ('A: {sentences: ["get {one}"]}\n  B: {sentences: ["get five"]}', "unreachable", "and so does all else"),
        ('A: {sentences: ["say {n}"], canonical: "say"}', "canonical", "'say', does not mean the same"),
        ('A: {sentences: [go], examples: [gone]}', "example", "should be 'A' but is nothing"),
        ('A: {sentences: ["say {n}"], examples: [{say five: {n: six}}]}', "example", "should have the slots"),
        ('A: {sentences: [go], examples: [go]}\ncounterexamples: [go]', "example", "is taken by A"),
        ('A: {sentences: ["go {r}"]}', "unreachable", "a slot has no fitting value"),
    ],
)  # fmt: skip
def test_findings(tmp_path, sentences, kind, words):
    lists = "{n: {values: [five, six]}, one: {values: [five]}, r: {regex: '[0-9]+'}}"
    found, _ = findings(tmp_path, f"language: en\nlists: {lists}\nintents:\n  {sentences}\n")
    assert any(f[0] == kind and words in f[2] for f in found), found


def test_nothing_is_found_where_nothing_is_wrong(tmp_path):
    text = """
language: en
lists: {n: {range: {from: 0, to: 9}}}
expansion_rules: {to: "[to]"}
intents:
  A: {sentences: ["set <to> {n}"], canonical: "set {n}", examples: [{set five: {n: 5}}]}
  B: {sentences: ["(stop|halt)"], examples: [halt]}
counterexamples: [set it]
"""
    found, figures = findings(tmp_path, text)
    assert found == []
    assert (figures["phrasings"], figures["complete"], figures["missed"]) == (22, True, 0)


def test_unused_names_are_notes(tmp_path):
    text = "language: en\nlists:\n  n: {values: [a]}\nexpansion_rules:\n  r: x\nintents: {A: {sentences: [go]}}\n"
    found, _ = findings(tmp_path, text)
    assert [(kind, line, fault) for kind, line, _, fault in found] == [("unused", 5, False), ("unused", 3, False)]
