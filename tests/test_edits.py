"""The laws of the edit algebra (docs/edits.md), proved by properties and pinned by examples."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.edits import Edit, Edits, EditsBuilder, Normalized
from textnorm.edits.algebra import blocks_of
from textnorm.edits.text import edit_dicts
from textnorm.errors import EditError

# Letters, combining marks (a stress mark, an ogonek, a virama), joiners, an astral letter, an emoji with a skin tone,
# a flag half, a line end: what breaks code that thinks in bytes, UTF-16 units or grapheme clusters.
NASTY = "ab ė\u0301\u0328\u094d\u200d\u200c\ufeff𝔸🙂🏽🇱\n\r\u2028\x00"
LAWS = settings(max_examples=120, deadline=None)

texts = st.text(NASTY, max_size=9)
values = st.sampled_from([None, 1, "x", {"a": [1, None]}, {"merged": [1, 2]}, True, 0.5])


@st.composite
def replacing_rows(draw: st.DrawFn, n: int, name: str, least: int = 0) -> list[Edit]:
    """Sorted disjoint edits of a text of ``n`` characters; ``least`` 1 forbids insertions and deletions."""
    out: list[Edit] = []
    at = 0
    for k in range(draw(st.integers(0, 4))):
        if at + least > n:
            break
        start = draw(st.integers(at, n - least))
        end = draw(st.integers(start + least, min(n, start + 3)))
        new = draw(st.text(NASTY, min_size=least, max_size=3))
        out.append(Edit(start, end, new, name, f"{name}.{k}", draw(st.sampled_from([1.0, 0.5, 0.25])), draw(values)))
        at = end
    return out


@st.composite
def annotation_rows(draw: st.DrawFn, n: int, name: str, least: int = 0) -> list[Edit]:
    out: list[Edit] = []
    for k in range(draw(st.integers(0, 2)) if n >= least else 0):
        start = draw(st.integers(0, n - least))
        end = draw(st.integers(start + least, n))
        out.append(Edit(start, end, None, "ANN", f"{name}.ann{k}", 1.0, draw(values)))
    return out


@st.composite
def rows(draw: st.DrawFn, n: int, name: str, least: int = 0) -> list[Edit]:
    return draw(replacing_rows(n, name, least)) + draw(annotation_rows(n, name, least))


@st.composite
def edited(draw: st.DrawFn, layers: int = 1, least: int = 0) -> tuple[list[str], list[Edits]]:
    """Two texts and ``layers`` sets of edits, each made for what the ones before it give."""
    source = draw(st.lists(texts, min_size=2, max_size=2))
    now, out = source, []
    for layer in range(layers):
        made = Edits.from_rows([draw(rows(len(t), f"r{layer}", least)) for t in now])
        out.append(made)
        now = made.apply(now)
    return source, out


# -- compose ---------------


@LAWS
@given(edited())
def test_identity(case):
    source, (a,) = case
    none = Edits.empty(len(source))
    assert none.apply(source) == source
    assert a.compose(none) == a
    assert none.compose(a) == a


@LAWS
@given(edited(2))
def test_compose_is_apply_after_apply(case):
    source, (a, b) = case
    assert a.compose(b).apply(source) == b.apply(a.apply(source))


@LAWS
@given(edited(3))
def test_compose_is_associative_for_replacing_edits(case):
    source, (a, b, c) = case
    left, right = a.compose(b).compose(c), a.compose(b.compose(c))
    assert left.replacing() == right.replacing()
    assert left.apply(source) == right.apply(source) == c.apply(b.apply(a.apply(source)))


@LAWS
@given(edited(3, least=1))
def test_compose_is_associative_with_annotations_where_nothing_is_empty(case):
    _, (a, b, c) = case
    assert a.compose(b).compose(c) == a.compose(b.compose(c))


@LAWS
@given(edited(2))
def test_composed_annotations_stay_in_the_source_and_keep_what_they_say(case):
    source, (a, b) = case
    both = a.compose(b)
    for text, ra, rb, rc in zip(source, a, b, both, strict=True):
        said = sorted(json.dumps([e.rule, e.value]) for e in (*ra, *rb) if e.replacement is None)
        notes = [e for e in rc if e.replacement is None]
        assert sorted(json.dumps([e.rule, e.value]) for e in notes) == said
        assert all(0 <= e.start <= e.end <= len(text) for e in notes)


def test_compose_merges_touching_edits():
    a = Edits.from_rows([[Edit(0, 2, "X", "A", "one", 0.9, 1)]])
    b = Edits.from_rows([[Edit(1, 3, "Y", "B", "two", 0.5, 2), Edit(4, 5, "Z", "B", "far")]])
    assert a.compose(b)[0] == (
        Edit(0, 4, "XY", "A+B", "one+two", 0.5, {"merged": [1, 2]}),
        Edit(5, 6, "Z", "B", "far"),
    )


def test_compose_names_are_sorted_sets():
    a = Edits.from_rows([[Edit(0, 1, "b", "NUM", "z")]])
    b = Edits.from_rows([[Edit(0, 1, "c", "NUM", "a+z", 1.0, 7)]])
    assert a.compose(b)[0] == (Edit(0, 1, "c", "NUM", "a+z", 1.0, 7),)


def test_compose_of_rows_that_only_one_side_touches():
    a = Edits.from_rows([[], [Edit(0, 1, "x")], [], [Edit(2, 2, "q"), Edit(0, 1, None, "N")], [Edit(0, 0, "m")]])
    b = Edits.from_rows([[Edit(1, 2, "y")], [], [], [], [Edit(0, 1, "n")]])
    both = a.compose(b)
    assert [both[i] for i in range(5)] == [b[0], a[1], (), a[3], (Edit(0, 0, "n"),)]
    assert both.offsets.dtype == both.start.dtype == np.int64


@LAWS
@given(st.data())
def test_compose_of_a_batch_is_compose_of_each_text(data):
    source = data.draw(st.lists(texts, max_size=6))
    some = st.booleans()
    a = Edits.from_rows([data.draw(rows(len(t), "a")) if data.draw(some) else [] for t in source])
    b = Edits.from_rows([data.draw(rows(len(t), "b")) if data.draw(some) else [] for t in a.apply(source)])
    alone = [a[i : i + 1].compose(b[i : i + 1]) for i in range(len(source))]
    assert a.compose(b) == Edits.concat(alone)


# -- invert ---------------


@LAWS
@given(edited())
def test_undo_restores_the_source(case):
    source, (a,) = case
    undo = a.invert(source)
    assert undo.apply(a.apply(source)) == source
    assert [Normalized(t, r).undo() for t, r in zip(source, a, strict=True)] == source


@LAWS
@given(edited())
def test_inverting_twice_gives_the_same_replacing_edits(case):
    source, (a,) = case
    assert a.invert(source).invert(a.apply(source)).replacing() == a.replacing()


@LAWS
@given(edited(2))
def test_the_inverse_of_a_composition_undoes_it(case):
    source, (a, b) = case
    target = b.apply(a.apply(source))
    assert a.compose(b).invert(source).apply(target) == source


# -- mapping ---------------


@st.composite
def mapped(draw: st.DrawFn) -> tuple[Normalized, int, int]:
    text = draw(texts)
    made = Edits.from_rows([draw(replacing_rows(len(text), "r"))])
    start = draw(st.integers(0, len(text)))
    return Normalized(text, made[0]), start, draw(st.integers(start, len(text)))


def _kept(doc: Normalized, start: int, end: int) -> tuple[int, int]:
    """Cut what was deleted off the two ends of a span."""
    gone = [(e.start, e.end) for e in doc.edits if e.replacement == "" and e.start < e.end]
    for a, b in gone:
        if a <= start < b:
            start = min(b, end)
    for a, b in reversed(gone):
        if a < end <= b:
            end = max(a, start)
    return start, end


@LAWS
@given(mapped())
def test_map_span_there_and_back_contains_the_span(case):
    doc, start, end = case
    a, b = doc.to_normalized(start, end)
    assert 0 <= a <= b <= len(doc.text)
    s, e = doc.to_source(a, b)
    kept_start, kept_end = _kept(doc, start, end)
    if kept_start < kept_end:
        assert s <= kept_start
        assert kept_end <= e


@LAWS
@given(mapped())
def test_map_span_is_exact_outside_edits(case):
    doc, start, end = case
    if (
        start < end
        and all(e.end <= start or end <= e.start for e in doc.edits if e.start < e.end)
        and not any(start < e.start == e.end < end for e in doc.edits)
    ):
        a, b = doc.to_normalized(start, end)
        assert doc.text[a:b] == doc.source[start:end]
        assert doc.to_source(a, b) == (start, end)


@LAWS
@given(mapped(), st.integers(0, 9), st.integers(0, 9))
def test_map_span_is_monotone(case, more, shift):
    doc, start, end = case
    n = len(doc.source)
    start2, end2 = min(n, start + shift), min(n, end + max(more, shift))
    if start < end and start2 < end2:
        (a, b), (a2, b2) = doc.to_normalized(start, end), doc.to_normalized(start2, end2)
        assert a <= a2
        assert b <= b2
    points = [doc.to_normalized(p, p) for p in range(n + 1)]
    assert points == sorted(points)
    assert [b for _, b in points] == sorted(b for _, b in points)


@LAWS
@given(mapped())
def test_map_span_takes_a_cut_edit_whole(case):
    doc, start, end = case
    if start == end:
        return
    blocks = blocks_of(doc.edits)
    a, b = doc.to_normalized(start, end)
    for s0, s1, t0, t1 in zip(blocks.s0, blocks.s1, blocks.t0, blocks.t1, strict=True):
        if s0 < end and start < s1:
            assert a <= t0
            assert t1 <= b


def test_map_span_examples():
    doc = Normalized("Kaina 15 Eur.", (Edit(6, 8, "penkiolika"), Edit(9, 13, "eurų")))
    assert doc.text == "Kaina penkiolika eurų"
    assert doc.to_normalized(6, 7) == (6, 16)  # half of "15": the whole reading
    assert doc.to_source(6, 21) == (6, 13)
    assert doc.to_normalized(0, 5) == (0, 5)
    # Both ends of an edit are points beside it, not in it.
    assert doc.to_normalized(6, 6) == (6, 6)
    assert doc.to_normalized(8, 8) == (16, 16)
    # An empty span takes what was inserted at it; a span that only touches it does not.
    more = Normalized("ab", (Edit(1, 1, "--"),))
    assert more.to_normalized(1, 1) == (1, 3)
    assert more.to_normalized(0, 1) == (0, 1)
    assert more.to_normalized(1, 2) == (3, 4)
    assert more.to_normalized(0, 2) == (0, 4)


@pytest.mark.parametrize("span", [(-1, 0), (2, 1), (0, 3)])
def test_map_span_outside_the_text(span):
    with pytest.raises(EditError, match="no span of a source of 2"):
        Normalized("ab").to_normalized(*span)
    with pytest.raises(EditError, match="no span of a normalized text of 2"):
        Normalized("ab").to_source(*span)


# -- serialising, columns ---------------


@LAWS
@given(edited())
def test_arrow_and_dicts_round_trip(case):
    source, (a,) = case
    assert Edits.from_arrow(a.to_arrow()) == a
    assert Edits.from_arrow(pa.chunked_array([a[:1].to_arrow(), a[1:].to_arrow()])) == a
    assert Edits.from_arrow(a.to_arrow().slice(1)) == a[1:]
    assert Edits.from_dicts(a.to_dicts()) == a
    assert Edits.from_dicts(json.loads(json.dumps(a.to_dicts()))) == a
    seen = edit_dicts(source[0], a[0])
    assert [d["source"] for d in seen] == [source[0][e.start : e.end] for e in a[0]]
    assert Edits.from_dicts([seen]) == a[:1]


@LAWS
@given(st.data())
def test_slices_and_concat(data):
    n = data.draw(st.integers(0, 6))
    made = [data.draw(rows(8, "r")) for _ in range(n)]
    whole = Edits.from_rows(made)
    cut = data.draw(st.slices(n))
    assert whole[cut] == Edits.from_rows(made[cut])
    k = data.draw(st.integers(0, n))
    assert Edits.concat([whole[:k], whole[k:]]) == whole
    assert whole.replacing() == Edits.from_rows([[e for e in row if e.replacement is not None] for row in made])
    assert [whole[i] for i in range(n)] == list(whole)


def test_concat_of_nothing():
    assert Edits.concat([]) == Edits.empty(0)
    assert len(Edits.empty(3)) == 3
    assert Edits.empty(3) != Edits.empty(2)
    assert Edits.empty(1) != [()]


def test_index_errors():
    edits = Edits.from_rows([[Edit(0, 1, "x")], []])
    assert edits[-2] == edits[0]
    for i in (2, -3):
        with pytest.raises(IndexError, match="of 2"):
            edits[i]


def test_arrow_of_another_type():
    with pytest.raises(EditError, match="list of structs"):
        Edits.from_arrow(pa.array([1, 2]))
    with pytest.raises(EditError, match="lack the fields confidence, end"):
        Edits.from_arrow(pa.array([[{"start": 1}]]))


def test_dicts_without_a_field():
    with pytest.raises(EditError, match="at least start, end and replacement"):
        Edits.from_dicts([[{"start": 0, "end": 1}]])


# -- normal form and errors ---------------


@LAWS
@given(st.data())
def test_normal_form(data):
    made = data.draw(rows(8, "r"))
    (row,) = Edits.from_rows([data.draw(st.permutations(made))]) if _apart(made) else Edits.from_rows([made])
    assert [(e.start, e.end) for e in row] == sorted((e.start, e.end) for e in row)
    changes = [e for e in row if e.replacement is not None]
    for note in row:
        if note.replacement is None:
            for e in changes:
                cut = e.start < note.end and note.start < e.end
                assert not cut or (note.start <= e.start and e.end <= note.end)
    assert Edits.from_rows([row]) == Edits.from_rows([made])


def _apart(row: list[Edit]) -> bool:
    """Whether the order of edits says nothing: no two replacing edits have the same span."""
    spans = [(e.start, e.end) for e in row if e.replacement is not None]
    return len(set(spans)) == len(spans)


def test_annotations_are_widened():
    row = [Edit(2, 5, "x"), Edit(4, 7, None, "A"), Edit(5, 7, None, "B"), Edit(5, 5, None, "C")]
    assert Edits.from_rows([row])[0] == (
        Edit(2, 5, "x"),
        Edit(2, 5, None, "C"),
        Edit(2, 7, None, "A"),
        Edit(5, 7, None, "B"),
    )


def test_insertions_at_one_point_keep_their_order():
    edits = Edits.from_rows([[Edit(1, 2, "c"), Edit(1, 1, "a"), Edit(1, 1, "b")]])
    assert edits.apply(["xyz"]) == ["xabcz"]
    assert edits.invert(["xyz"]).apply(["xabcz"]) == ["xyz"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([Edit(0, 2, "x"), Edit(1, 3, "y")], "overlap at 1"),
        ([Edit(0, 3, "x"), Edit(1, 1, "y")], "overlap at 1"),
        ([Edit(2, 1, "x")], r"cannot span \[2, 1\)"),
        ([Edit(-1, 1, "x")], r"cannot span \[-1, 1\)"),
        ([Edit(3, 2, None)], r"cannot span \[3, 2\)"),
    ],
)
def test_rows_that_break_the_algebra(row, message):
    with pytest.raises(EditError, match=message):
        Edits.from_rows([row])
    with pytest.raises(EditError, match=message):
        EditsBuilder().add_row(row)


@pytest.mark.parametrize("replacement", ["x", None])
def test_edits_outside_the_text(replacement):
    edits = Edits.from_rows([[Edit(1, 3, replacement)]])
    for act in (edits.apply, edits.invert):
        with pytest.raises(EditError, match="outside a text of 2"):
            act(["ab"])


def test_edits_of_another_number_of_texts():
    edits = Edits.empty(2)
    for act in (lambda: edits.apply(["a"]), lambda: edits.invert(["a"]), lambda: edits.compose(Edits.empty(3))):
        with pytest.raises(EditError, match="belong to 2 texts"):
            act()


def test_untouched_texts_are_the_same_objects():
    source = ["".join(["long ", "text"]), "b"]
    edits = Edits.from_rows([[Edit(0, 4, None, "A")], [Edit(0, 1, "c")]])
    assert edits.apply(source)[0] is source[0]
    assert edits.touched_rows().tolist() == [0, 1]
    assert Edits.empty(2).touched_rows().tolist() == []


# -- columns in order ---------------


def in_order(n: int, made: list[tuple[int, Edit]]) -> Edits:
    return Edits.in_order(
        n,
        [i for i, _ in made],
        [e.start for _, e in made],
        [e.end for _, e in made],
        [e.replacement for _, e in made],
        [e.label for _, e in made],
        [e.rule for _, e in made],
        [e.confidence for _, e in made],
        [e.value for _, e in made],
    )


@LAWS
@given(st.data())
def test_columns_in_order_are_the_rows(data):
    """What a scanner finds from left to right needs no sorting: some of it annotates, nothing overlaps."""
    rows_ = [data.draw(replacing_rows(9, f"r{i}", 1)) for i in range(data.draw(st.integers(0, 4)))]
    rows_ = [[replace(e, replacement=None) if data.draw(st.booleans()) else e for e in row] for row in rows_]
    made = [(i, e) for i, row in enumerate(rows_) for e in row]
    assert in_order(len(rows_), made) == Edits.from_rows(rows_)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ([(0, Edit(2, 4, "x")), (0, Edit(3, 5, "y"))], r"\[3, 5\) in text 0"),
        ([(0, Edit(2, 4, None)), (0, Edit(1, 2, "y"))], r"\[1, 2\) in text 0"),
        ([(0, Edit(2, 2, "x"))], "empty"),
        ([(0, Edit(-1, 2, "x"))], "out of order"),
        ([(1, Edit(0, 1, "x")), (0, Edit(0, 1, "x"))], "order of the 2 texts"),
        ([(2, Edit(0, 1, "x"))], "order of the 2 texts"),
        ([(-1, Edit(0, 1, "x"))], "order of the 2 texts"),
    ],
)
def test_columns_out_of_order(made, message):
    with pytest.raises(EditError, match=message):
        in_order(2, made)


def test_columns_of_different_length():
    with pytest.raises(EditError, match="differ in length"):
        Edits.in_order(1, [0], [0], [1], ["x"], [], ["r"], [1.0], [None])
