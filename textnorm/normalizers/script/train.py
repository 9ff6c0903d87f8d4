"""Training a script model from a mapping table, raw text and, where there are some, pairs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.adapt import Adapting, spread
from textnorm.normalizers.script.align import learn
from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.charlm import EDGE, Alphabet
from textnorm.normalizers.script.charlm import train as train_lm
from textnorm.normalizers.script.context import (
    BOTH,
    FEATURES,
    LEFT,
    RIGHT,
    SUFFIX,
    SUFFIX_LEFT,
    SUFFIX_RIGHT,
    WORD,
    Context,
    Counts,
)
from textnorm.normalizers.script.fit import fit_margin, fit_weights
from textnorm.normalizers.script.keys import Keys, join
from textnorm.normalizers.script.model import Beside, Found, ScriptModel, Settings
from textnorm.normalizers.script.noise import Noise
from textnorm.normalizers.script.ranker import OTHER, OWN, Ranker, ending_hashes
from textnorm.normalizers.script.reader import ENDING, Units, hash_all

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
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


def train(
    lines: Sequence[str],
    table: Mapping[tuple[str, str], float],
    pairs: Sequence[tuple[str, str]] = (),
    plan: Plan | None = None,
    extra: Mapping[str, float] | None = None,
) -> ScriptModel:
    """Train a model on right text.

    Args:
        lines: texts of the language, one a line.
        table: prior counts of arcs ``(source, target)``.
        pairs: sources and targets.
        plan: how.
        extra: right words that need not stand in the texts, and the count each gets.
    """
    plan, extra = plan or Plan(), extra or {}
    plan = replace(plan, settings=replace(plan.settings, fold=plan.fold))
    texts = list(dict.fromkeys(unicodedata.normalize("NFC", line) for line in lines if line.strip()))
    if plan.fold:
        texts = [t.lower() for t in texts]
    held = texts[:: plan.held][: plan.held_lines]
    kept = set(held)
    rest = [t for t in texts if t not in kept]
    letters = letters_of(texts, {c for s, t in [*table, *pairs[:1000]] for c in s + t if is_letter(c)})
    channel = make_channel(table, pairs, set(letters) | {c for s, t in table for c in s + t if c != " "})
    if pairs and sum(" " not in source.strip() for source, _ in pairs) > 0.9 * len(pairs):
        return _train_words(texts, channel, letters, pairs, table, plan, extra)
    if sum(map(str.count, texts, [" "] * len(texts))) < 0.5 * len(texts):
        # A list of words: each stands there once, so nothing can be learned from holding some back.
        model = _count(texts, channel, letters, plan, extra)
        assert model.context is not None
        model.context.weights = LISTED.copy()
        return model
    part = _count(rest, channel, letters, plan, extra)
    if len(held) > 20:
        part = _fit(part, held, plan)
        full = _count(texts, channel, letters, plan, extra)
        assert part.context is not None and full.context is not None
        full.context.weights = part.context.weights
        full.ranker = part.ranker
        full.memo.ranked = part.ranker is not None
        full.settings = part.settings
        return full
    return part


def bare(table: Mapping[tuple[str, str], float]) -> ScriptModel:
    """Return the model of a mapping table alone, which knows no word: any two letters follow each other alike.

    It replaces only what the language does not write, by the first target that the table names.
    """
    letters = {c for _, target in table for c in target} | set("ابتجحخدرزسشعغفقکگلمنهوی")
    sure: dict[tuple[str, str], float] = {}
    for source, target in table:
        odd = set(source) - letters
        if odd and " " not in source and target and not any(source == known for known, _ in sure):
            sure[source, target] = 1.0
    channel = make_channel(sure, (), {*letters, *(c for source, _ in sure for c in source)})
    alphabet = Alphabet("".join([EDGE, *sorted(letters)]))
    lm = train_lm({a + b: 1.0 for a in sorted(letters) for b in sorted(letters)}, alphabet, order=4, size=10_000)
    inside = "".join(sorted(channel.letters))
    keys = Keys.of_arcs((a.source, a.target) for a in channel.arcs)
    return ScriptModel(channel, lm, keys, inside, None, Settings(adapting=Adapting(rounds=-1)))


def _train_words(
    texts: Sequence[str],
    channel: Channel,
    letters: Counter[str],
    pairs: Sequence[tuple[str, str]],
    table: Mapping[tuple[str, str], float],
    plan: Plan,
    extra: Mapping[str, float],
) -> ScriptModel:
    """Train on pairs of words: those seen are remembered, and the channel serves the rest."""
    plan = replace(
        plan, settings=replace(plan.settings, adapting=Adapting(rounds=-1), margin=0.0, width=24, keep=20, drop=10.0)
    )
    weights: Doubles | None = None
    sources = sorted({source for source, _ in pairs})
    away = set(sources[:: plan.held])
    if len(away) > 50:
        kept = [pair for pair in pairs if pair[0] not in away]
        part_channel = make_channel(table, kept, channel.letters - {" "})
        model = _count([target for _, target in kept], part_channel, letters, plan, extra)
        held = [pair for pair in pairs if pair[0] in away]
        weights = _fit_words(model, held)
    # Every pair counts, as often as it stands there; texts were freed of what stands there twice.
    targets = {target for _, target in pairs}
    rest = [text for text in texts if text not in targets]
    full = _count([*rest, *(target for _, target in pairs)], channel, letters, plan, extra)
    assert full.context is not None
    if weights is not None:
        full.context.weights = weights
    memory: dict[str, Counter[str]] = {}
    for source, target in pairs:
        memory.setdefault(source, Counter())[target] += 1
    whole = {source: dict(targets) for source, targets in memory.items() if full.spans(source) == [(0, len(source))]}
    return ScriptModel(full.channel, full.lm, full.keys, full.letters, full.context, full.settings, whole)


def _fit_words(model: ScriptModel, held: Sequence[tuple[str, str]]) -> Doubles:
    """Return weights fitted on pairs of words that were held back."""
    assert model.context is not None
    whole = [(s, t) for s, t in held if model.spans(s) == [(0, len(s))]]
    words = [s for s, _ in whole]
    spans = [[(0, len(s))] for s in words]
    found = model.read(words, spans)
    gold = _gold(model, found, [t for _, t in whole])
    return _weights(model, words, spans, found, gold)


def _count(
    texts: Sequence[str], channel: Channel, letters: Counter[str], plan: Plan, extra: Mapping[str, float]
) -> ScriptModel:
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


def _fit(model: ScriptModel, held: Sequence[str], plan: Plan) -> ScriptModel:
    """Fit weights on held-back text with noise, then the margin on that text as it is."""
    assert model.context is not None
    noisy, right = noisy_units(model, held, plan)
    words = [text for text, _ in noisy]
    spans = [where for _, where in noisy]
    model.memo.clear()
    found = model.read(words, spans)
    gold = _gold(model, found, [w for each in right for w in each])
    model.context.weights = _weights(model, words, spans, found, gold)
    if plan.agreement:
        _rank(model, words, spans, found, gold)
    model.memo.clear()
    model.settings = replace(model.settings, margin=0.0)
    clean = [model.spans(t) for t in held]
    got = model.read(list(held), clean)
    wrong = np.flatnonzero(got.best != got.same)
    gains = (got.logp[got.best] - got.logp[got.same])[wrong]
    needed = gains / np.maximum(got.clean[got.rows.document[wrong]], 1e-3)
    margin = fit_margin(needed, len(got.best), allowed=plan.allowed, least=plan.least)
    model.settings = replace(model.settings, margin=margin)
    return model


def _gold(model: ScriptModel, found: Found, right: Sequence[str]) -> Ints:
    """Return the row of the right reading of each unit, -1 where it was not found."""
    gold = np.full(len(right), -1, dtype=np.int64)
    texts, reading, offsets = model.memo.texts, found.rows.reading.tolist(), found.rows.offsets.tolist()
    for i, word in enumerate(right):
        for row in range(offsets[i], offsets[i + 1]):
            if texts[reading[row]] == word:
                gold[i] = row
                break
    return gold


def _weights(
    model: ScriptModel, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], found: Found, gold: Ints
) -> Doubles:
    """Return the weights of the features that make the right readings likeliest, all levels of noise alike."""
    assert model.context is not None
    rows = found.rows
    ok = np.flatnonzero((gold >= 0) & (np.diff(rows.offsets) > 1))
    if len(ok) < 50:
        return START.copy()
    features, fixed, _, offsets = _problem(model, texts, spans, found, ok)
    return fit_weights(features, fixed, offsets, gold[ok] - rows.offsets[ok] + offsets[:-1], START)


def _problem(
    model: ScriptModel, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], found: Found, ok: Ints
) -> tuple[Doubles, Doubles, Ints, Ints]:
    """Return features, fixed scores, numbers and offsets of the rows of some units."""
    rows, store = found.rows, model.memo.store
    features = model.features(texts, spans, _units(model, texts, spans), rows)
    fixed = np.log(np.exp(-store.level[rows.reading]).mean(axis=1)) - store.fixed[rows.reading]
    counts = np.diff(rows.offsets)[ok]
    chosen = spread(rows.offsets[ok], counts)
    return features[chosen], fixed[chosen], chosen, np.concatenate([[0], np.cumsum(counts)])


def _units(model: ScriptModel, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> Ints:
    numbers = model.memo.numbers
    return np.array([numbers[t[a:b]] for t, where in zip(texts, spans, strict=True) for a, b in where], dtype=np.int64)


def _rank(
    model: ScriptModel, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], found: Found, gold: Ints
) -> None:
    """Learn how endings go together, with the weights of the features once more.

    Of every second unit the neighbours are hidden: what is learned must serve words that were never seen beside these.
    """
    assert model.context is not None
    ok = np.flatnonzero((gold >= 0) & (np.diff(found.rows.offsets) > 1))
    if len(ok) < 1000:
        return
    units = _units(model, texts, spans)
    model.memo.ranked = True
    model.memo.own = ending_hashes(model.memo.texts, OWN, {})
    model.memo.around = ending_hashes([model.keys(unit) for unit in model.memo.numbers], OTHER, {})
    where = model.places(texts, spans, units, found.rows)
    features, fixed, chosen, offsets = _problem(model, texts, spans, found, ok)
    hidden = (found.rows.occurrence[chosen] % 2 == 0)[:, None] & np.isin(FEATURES, ("left", "right", "both"))
    features[hidden] = 0.0
    right = gold[ok] - found.rows.offsets[ok] + offsets[:-1]
    model.ranker, model.context.weights = Ranker.fit(
        where[chosen], features, model.context.weights, fixed, offsets, right
    )


def noisy_units(
    model: ScriptModel, held: Sequence[str], plan: Plan
) -> tuple[list[tuple[str, list[tuple[int, int]]]], list[list[str]]]:
    """Return held-back texts with noise, their units, and what each unit should read."""
    noises = [
        Noise.of_arcs(
            ((a.source, a.target, a.prob) for a in model.channel.arcs if a.prob > 1e-3), level, seed=plan.seed + i
        )
        for i, level in enumerate(plan.noise)
    ]
    out, right = [], []
    for i, text in enumerate(held):
        noise = noises[i % len(noises)]
        parts, where, words = [], [], []
        at = end = 0
        drawn = noise.letters(text)
        for a, b in model.spans(text):
            parts.append(text[end:a])
            at += a - end
            made = noise.write(text[a:b], drawn)
            parts.append(made)
            if made:
                where.append((at, at + len(made)))
                words.append(text[a:b])
            at += len(made)
            end = b
        parts.append(text[end:])
        out.append(("".join(parts), where))
        right.append(words)
    return out, right
