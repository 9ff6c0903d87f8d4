"""Training on pairs of single words in running order (historical spelling): memory, channel and speller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from textnorm.normalizers.script.adapt import Adapting, spread
from textnorm.normalizers.script.channel import Channel
from textnorm.normalizers.script.context import FEATURES
from textnorm.normalizers.script.counting import Plan, count_model, make_channel
from textnorm.normalizers.script.hands import Hands, learn_hands
from textnorm.normalizers.script.model import ScriptModel
from textnorm.normalizers.script.reader import ENDING, hash_all, parts_of, spelling_features
from textnorm.normalizers.script.spelling import WHOLE, Examples, Sparse, Speller, fit_speller

#: Weights of the features of a word that stands alone, before any are fitted.
ALONE = np.array([1.0, *[0.0] * (len(FEATURES) - 1)])
#: Features that need neighbours.
NEIGHBOURS = ("left", "right", "both", "suffix-left", "suffix-right")
#: Parts into which pairs are split for learning from what was held back, and the most pairs of one stretch of a part.
FOLDS, BLOCK = 5, 60
#: Pairs (and unseen words) from which on a speller is learned, and the most of those words.
LEAST_PAIRS, MOST_HELD = 200, 25_000


def train_words(
    texts: Sequence[str],
    channel: Channel,
    letters: Counter[str],
    pairs: Sequence[tuple[str, str]],
    table: Mapping[tuple[str, str], float],
    plan: Plan,
    extra: Mapping[str, float],
) -> ScriptModel:
    """Train on pairs of words in running order: those seen are remembered, and the channel serves the rest.

    What ranks readings is learned on words that were held back, fold by fold, with a channel and a character model that
    never saw them; so are the numbers of hands.
    """
    plan = replace(
        plan, settings=replace(plan.settings, adapting=Adapting(rounds=-1), margin=0.0, width=24, keep=20, drop=10.0)
    )
    block = max(1, min(BLOCK, len(pairs) // (4 * FOLDS)))
    fold = np.arange(len(pairs)) // block % FOLDS
    parts: list[Examples] = []
    if len(pairs) > LEAST_PAIRS:
        for number in range(FOLDS):
            kept = [pair for pair, own in zip(pairs, fold.tolist(), strict=True) if own != number]
            held = [pair for pair, own in zip(pairs, fold.tolist(), strict=True) if own == number]
            part = make_channel(table, kept, channel.letters - {" "})
            model = count_model([target for _, target in kept], part, letters, plan, extra)
            known = {source for source, _ in kept}
            fresh = [(s, t) for s, t in held if s not in known and model.spans(s) == [(0, len(s))]]
            if fresh:
                parts.append(_examples(model, fresh[: MOST_HELD // FOLDS]))
    # Every pair counts, as often as it stands there; texts were freed of what stands there twice.
    targets = {target for _, target in pairs}
    rest = [text for text in texts if text not in targets]
    full = count_model([*rest, *(target for _, target in pairs)], channel, letters, plan, extra)
    assert full.context is not None
    speller = None
    examples = Examples.joined(parts) if parts else None
    if examples is not None and len(examples.gold) > LEAST_PAIRS:
        start = np.append(ALONE, np.zeros(len(WHOLE)))
        steps, weights = fit_speller(examples, start, examples.dense[:, len(ALONE)])
        full.context.weights = weights[: len(ALONE)]
        speller = Speller(steps, weights[len(ALONE) :])
    else:
        full.context.weights = ALONE.copy()
    whole = [full.spans(source) == [(0, len(source))] for source, _ in pairs]
    memory = learn_hands(pairs, fold)
    fits = {source for (source, _), ok in zip(pairs, whole, strict=True) if ok}
    memory = Hands({source: counts for source, counts in memory.words.items() if source in fits})
    return ScriptModel(
        full.channel, full.lm, full.keys, full.letters, full.context, full.settings, memory, None, speller
    )


def _examples(model: ScriptModel, held: Sequence[tuple[str, str]]) -> Examples:
    """Return the readings of words that a model never saw, and which are right; those not found are left out."""
    assert model.context is not None
    units = list(dict.fromkeys(source for source, _ in held))
    readings, _ = model.memo.read(units)
    made = list(spelling_features(model.channel, readings, units))
    hashed: dict[str, int] = {}
    none = np.zeros(len(units), dtype=np.uint64)
    part_offsets, parts = parts_of(readings.texts, hashed)
    dense = model.context.features(
        hash_all(readings.texts, hashed),
        hash_all([text[-ENDING:] for text in readings.texts], hashed),
        readings.lm.astype(np.float64),
        readings.offsets,
        np.repeat(np.arange(len(units)), np.diff(readings.offsets)),
        (none, none, none, none),
        np.zeros(len(readings.texts), dtype=bool),
        (np.repeat(np.arange(len(readings.texts)), np.diff(part_offsets)), parts),
    )
    dense[:, [FEATURES.index(name) for name in NEIGHBOURS]] = 0.0
    dense = np.concatenate([dense, np.concatenate([features for _, features in made])], axis=1)
    starts = np.cumsum([0, *(sparse.rows for sparse, _ in made)]).tolist()
    at = np.concatenate([sparse.at for sparse, _ in made])
    row = np.concatenate([sparse.row + np.int32(start) for (sparse, _), start in zip(made, starts[:-1], strict=True)])
    number = {unit: i for i, unit in enumerate(units)}
    chosen: list[int] = []
    gold: list[int] = []
    for source, target in held:
        first, last = readings.offsets[number[source]], readings.offsets[number[source] + 1]
        if target in readings.texts[first:last]:
            gold.append(readings.texts.index(target, first, last) - int(first))
            chosen.append(number[source])
    where = np.array(chosen, dtype=np.int64)
    counts = np.diff(readings.offsets)[where]
    rows = spread(readings.offsets[where], counts)
    begins = np.searchsorted(row, np.arange(len(readings.texts) + 1))
    each = begins[rows + 1] - begins[rows]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Examples(
        dense[rows],
        Sparse(at[spread(begins[rows], each)], np.repeat(np.arange(len(rows), dtype=np.int32), each), len(rows)),
        offsets,
        offsets[:-1] + np.array(gold, dtype=np.int64),
    )
