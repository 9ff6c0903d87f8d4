"""Counting: what a script model knows of its language before any weight is fitted."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from textnorm.normalizers.script.align import learn
from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.charlm import EDGE, Alphabet
from textnorm.normalizers.script.charlm import train as train_lm
from textnorm.normalizers.script.context import (
    BOTH,
    LEFT,
    RIGHT,
    SUFFIX,
    SUFFIX_LEFT,
    SUFFIX_RIGHT,
    WORD,
    Context,
    Counts,
)
from textnorm.normalizers.script.keys import Keys, join
from textnorm.normalizers.script.model import Beside, ScriptModel, Settings
from textnorm.normalizers.script.reader import ENDING, Units, hash_all

#: Weights of the features before any are fitted.
START = np.array([1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0])
#: The same where the text is a list of words: a known word is worth 1.5 nats, the rest says nothing.
LISTED = np.array([1.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


@dataclass
class Plan:
    """How a model is trained.

    Attributes:
        order: longest n-gram of the character model.
        grams: n-grams of four characters and more that are kept.
        events: counts of words and neighbours that are kept.
        alphabet: characters of the character model.
        fold: whether text is read in lower case.
        agreement: whether a ranker learns how endings of neighbouring words go together.
        noise: levels of synthetic noise on which weights are fitted.
        allowed: share of right words that the gate may let change.
        least: smallest margin of the gate, in nats.
        held: every how manieth line is kept back for fitting.
        held_lines: most lines that are used for fitting.
        seed: of the synthetic noise.
        settings: of the model; the margin is fitted.
    """

    order: int = 6
    grams: int = 600_000
    events: int = 600_000
    alphabet: int = 100
    fold: bool = False
    agreement: bool = False
    noise: Sequence[float] = (0.3, 0.7, 1.0)
    allowed: float = 0.002
    least: float = 1.5
    held: int = 10
    held_lines: int = 2000
    seed: int = 13
    settings: Settings = field(default_factory=Settings)


def letters_of(texts: Iterable[str], wanted: Iterable[str], least: int = 3) -> Counter[str]:
    """Return the letters and marks of the scripts of ``wanted`` that stand in texts at least ``least`` times."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    scripts = {_script(char) for char in wanted} | {""}
    return Counter({c: n for c, n in counts.items() if n >= least and is_letter(c) and _script(c) in scripts})


def is_letter(char: str) -> bool:
    """Whether a character is written inside words: letters, marks, spacing modifiers, the zero-width non-joiner."""
    kind = unicodedata.category(char)
    return kind[0] in "LM" or char == "\u200c" or (kind == "Sk" and ord(char) > 127)


def _script(char: str) -> str:
    """Return the first word of a letter's name, which is that of its script; ``""`` for what goes with any."""
    if unicodedata.category(char) in ("Mn", "Me", "Mc", "Sk", "Lm", "Cf"):
        return ""
    return unicodedata.name(char, "").partition(" ")[0]


def make_channel(
    table: Mapping[tuple[str, str], float], pairs: Sequence[tuple[str, str]], letters: Iterable[str], *, least: int = 3
) -> Channel:
    """Return the channel of a mapping table and of pairs."""
    counts, kept = learn(pairs, table) if pairs else ({}, Counter())
    single = {t for s, t in [*counts, *table] if len(t) == 1}
    merged: dict[tuple[str, str], float] = {}
    for (source, target), n in counts.items():
        parts = [(source, target)]
        if (source, target) not in table and len(source) == 1 and len(target) == 2:
            a, b = target[0], target[1]  # what two arcs say needs no third one
            if ((source, a) in counts or source == a) and ("", b) in counts and b in single:
                parts = [(source, a), ("", b)]
            elif ((source, b) in counts or source == b) and ("", a) in counts and a in single:
                parts = [("", a), (source, b)]
        for part in parts:
            if part[0] == part[1]:
                kept[part[0]] += round(n)
            else:
                merged[part] = merged.get(part, 0.0) + n
    full: dict[tuple[str, str], float] = {
        # Pairs by people are no mere spellings of each other: a letter more or less needs better evidence.
        (source, target): n
        for (source, target), n in merged.items()
        if n >= (least if (source and target) or not table or (source, target) in table else 4 * least)
    }
    for (source, target), n in table.items():
        full[source, target] = full.get((source, target), 0.0) + n
    known = {target for _, target in table}
    for target in known | set(kept):
        if len(target) == 1 or target in known:
            full[target, target] = full.get((target, target), 0.0) + kept[target]
            if target in known:
                full[target, target] += sum(n for (_, t), n in table.items() if t == target)
    return Channel.of_counts(full, letters)


def count_model(
    texts: Sequence[str], channel: Channel, letters: Counter[str], plan: Plan, extra: Mapping[str, float]
) -> ScriptModel:
    """Return the model that counts of some texts make."""
    inside = set(letters) | {c for c in channel.letters if c != " "}
    units = Units(channel, inside)
    keys = Keys.of_arcs((a.source, a.target) for a in channel.arcs)
    spans = [units(t) for t in texts]
    words = [t[a:b] for t, where in zip(texts, spans, strict=True) for a, b in where]
    counts: dict[str, float] = dict(Counter(words))
    for word, count in extra.items():
        if set(word) <= inside:
            counts[word] = counts.get(word, 0.0) + count
    alphabet = Alphabet.of(
        letters, {c for a in channel.arcs if a.source != a.target for c in a.target} - {EDGE}, plan.alphabet
    )
    lm = train_lm(counts, alphabet, order=plan.order, size=plan.grams)
    context = _context(texts, spans, words, counts, keys, plan)
    return ScriptModel(channel, lm, keys, "".join(sorted(inside)), context, plan.settings)


def _context(
    texts: Sequence[str],
    spans: list[list[tuple[int, int]]],
    words: list[str],
    counts: Mapping[str, float],
    keys: Keys,
    plan: Plan,
) -> Context:
    types = list(counts)
    number = {word: i for i, word in enumerate(types)}
    ids = np.array([number[w] for w in words], dtype=np.int64)
    freq = np.array([counts[w] for w in types], dtype=np.float64)
    known: dict[str, int] = {}
    key_words = [keys(w) for w in types]
    word_h, end_h = hash_all(types, known), hash_all([w[-ENDING:] for w in types], known)
    key_h, key_end_h = hash_all(key_words, known), hash_all([k[-ENDING:] for k in key_words], known)
    beside, keys_here, ends_here = Beside(texts, spans), key_h[ids], key_end_h[ids]
    left, right = beside.left(keys_here), beside.right(keys_here)
    left_end, right_end = beside.left(ends_here), beside.right(ends_here)
    # Only words that share their key with another need their neighbours.
    _, at = np.unique(key_h, return_inverse=True)
    shared = (np.bincount(at) > 1)[at]
    zero = np.zeros(1, dtype=np.uint64)
    events, sizes = [join(word_h, zero, WORD)], [freq]
    live = np.flatnonzero(shared[ids])
    word_live = word_h[ids[live]]
    ends = end_h[ids]
    for made, least in (
        (join(word_live, left[live], LEFT), 2),
        (join(word_live, right[live], RIGHT), 2),
        (join(join(word_live, left[live], LEFT), right[live], BOTH), 2),
        (join(ends, zero, SUFFIX), 2),
        (join(ends, left_end, SUFFIX_LEFT), 3),
        (join(ends, right_end, SUFFIX_RIGHT), 3),
    ):
        event, n = np.unique(made, return_counts=True)
        events.append(event[n >= least])
        sizes.append(n[n >= least].astype(np.float64))
    event, n = np.concatenate(events), np.concatenate(sizes)
    if len(event) > plan.events:  # the commonest; every word counts as if it stood there twice as often
        rank = n.copy()
        rank[: len(types)] *= 2
        top = np.argsort(-rank, kind="stable")[: plan.events]
        event, n = event[top], n[top]
    return Context(Counts.build(event, n.astype(np.float64)), float(freq.sum()), START.copy())
