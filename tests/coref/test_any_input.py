"""Whatever the input: every mention in one cluster, offsets that hold, the same result twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from textnorm.normalizers.coref import NameResolver, make_coref
from textnorm.normalizers.coref.records import resolve_record

RESOLVER = NameResolver()
WORDS = st.one_of(
    st.sampled_from(
        "Mr. Mrs. Dr. Ada Stone Vale Petraičio Petraitienė UAB „ “ ' 's - & of the ir J. Jr. Inc. University WHO US "
        "Senator Senatoriui Vilniuje Google'o , . ( )".split()
    ),
    st.text(max_size=6),
)
TYPES = st.sampled_from([None, "person", "ORG", "GPE", "event", "??"])


@settings(max_examples=80, deadline=None)
@given(st.lists(WORDS, max_size=25), st.data())
def test_given_mentions(tokens, data):
    n = len(tokens)
    mentions = []
    for _ in range(data.draw(st.integers(0, 6)) if n else 0):
        start = data.draw(st.integers(0, n - 1))
        end = data.draw(st.integers(start + 1, min(n, start + 5)))
        mentions.append({"start": start, "end": end, "type": data.draw(TYPES)})
    record = {"tokens": tokens, "mentions": mentions}
    found = resolve_record(record, RESOLVER, "x")
    spans = [found.spans[k] for cluster in found.clusters for k in cluster.mentions]
    assert sorted(spans) == sorted({(m["start"], m["end"]) for m in mentions})
    assert all(0 <= cluster.confidence <= 1 for cluster in found.clusters)
    again = resolve_record(record, NameResolver(), "x")
    assert [(c.canonical, c.type, c.mentions) for c in found.clusters] == [
        (c.canonical, c.type, c.mentions) for c in again.clusters
    ]


@settings(max_examples=80, deadline=None)
@given(st.lists(WORDS, max_size=40), st.sampled_from([" ", "", "\n", "  "]))
def test_found_mentions(words, space):
    by_tokens = resolve_record({"tokens": words}, RESOLVER, "x")
    assert all(0 <= start < end <= len(words) for start, end in by_tokens.spans)
    text = space.join(words)
    found = resolve_record({"text": text}, RESOLVER, "x")
    for start, end in found.spans:
        assert 0 <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]
    assert sorted(k for c in found.clusters for k in c.mentions) == list(range(len(found.spans)))


@settings(max_examples=40, deadline=None)
@given(st.lists(WORDS, max_size=40), st.sampled_from([None, "most_frequent", "longest", "first", "nominative"]))
def test_edits_fit_the_text_and_can_be_undone(words, policy):
    text = " ".join(words)
    edits = make_coref(rewrite=policy)([text])
    target = edits.apply([text])
    assert edits.invert([text]).apply(target) == [text]
    if policy is None:
        assert target == [text]
