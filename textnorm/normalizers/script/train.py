"""Training a script model from a mapping table, raw text and, where there are some, pairs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from textnorm.normalizers.script.adapt import Adapting, spread
from textnorm.normalizers.script.charlm import EDGE, Alphabet
from textnorm.normalizers.script.charlm import train as train_lm
from textnorm.normalizers.script.context import FEATURES
from textnorm.normalizers.script.counting import LISTED, START, Plan, count_model, is_letter, letters_of, make_channel
from textnorm.normalizers.script.fit import fit_margin, fit_weights
from textnorm.normalizers.script.keys import Keys
from textnorm.normalizers.script.model import Found, ScriptModel, Settings
from textnorm.normalizers.script.noise import Noise
from textnorm.normalizers.script.ranker import OTHER, OWN, Ranker, ending_hashes
from textnorm.normalizers.script.train_words import train_words

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Lines of running text from which on a list of words has a gate.
RUNNING = 100


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
        return train_words(texts, channel, letters, pairs, table, plan, extra)
    if sum(map(str.count, texts, [" "] * len(texts))) < 0.5 * len(texts):
        # A list of words: each stands there once, so nothing can be learned from holding some back.
        model = count_model(texts, channel, letters, plan, extra)
        assert model.context is not None
        model.context.weights = LISTED.copy()
        running = [t for t in texts if t.count(" ") > 1]
        if len(running) >= RUNNING:
            apart = set(running[::2][: plan.held_lines])
            part = count_model([t for t in texts if t not in apart], channel, letters, plan, extra)
            assert part.context is not None
            part.context.weights = LISTED.copy()
            model.settings = replace(
                model.settings, margin=_margin(part, list(filter(apart.__contains__, texts)), plan)
            )
        return model
    part = count_model(rest, channel, letters, plan, extra)
    if len(held) > 20:
        part = _fit(part, held, plan)
        full = count_model(texts, channel, letters, plan, extra)
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
    model.settings = replace(model.settings, margin=_margin(model, held, plan))
    return model


def _margin(model: ScriptModel, held: Sequence[str], plan: Plan) -> float:
    """Return the margin under which right text that was held back stays, but for the share that the plan allows."""
    model.memo.clear()
    model.settings = replace(model.settings, margin=0.0)
    clean = [model.spans(t) for t in held]
    got = model.read(list(held), clean)
    wrong = np.flatnonzero(got.best != got.same)
    gains = (got.logp[got.best] - got.logp[got.same])[wrong]
    needed = gains / np.maximum(got.clean[got.rows.document[wrong]], 1e-3)
    return fit_margin(needed, len(got.best), allowed=plan.allowed, least=plan.least)


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
