"""The whole study: variants, predictions, comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.ablation.classify import folds_of, predict, require
from textnorm.ablation.compare import Resamples, holm, interval, sign_flip, verdict
from textnorm.ablation.variants import NORMALIZED, ORIGINAL, Plan, plan
from textnorm.errors import DataError

#: Texts shown of those that normalization turns right, and wrong.
SHOWN = 5


@dataclass(frozen=True)
class Settings:
    """What a study is made with.

    Attributes:
        pipeline: name or path.
        overrides: values of the pipeline's configuration.
        switches: ``all``, ``off`` or ``none``.
        classes: whether classes of rules are switches.
        folds: of the cross-validation.
        repeats: of the whole cross-validation, each cut anew.
        sample: texts at most; more are drawn at random, by class.
        draws: resamples and sign flips.
        seed: of all that is random.
    """

    pipeline: str
    overrides: Mapping[str, Any]
    switches: str = "all"
    classes: bool = True
    folds: int = 5
    repeats: int = 2
    sample: int = 10_000
    draws: int = 2000
    seed: int = 0


def study(
    texts: Sequence[str], labels: Sequence[str], settings: Settings, on_step: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Return what normalization does to a classifier of these texts, as plain data (see docs/ablation.md).

    Raises:
        DataError: fewer than two classes that have a text a fold.
        MissingExtraError: scikit-learn is not installed.
    """
    version = require()
    counts = Counter(labels)
    rare = {label: count for label, count in counts.items() if count < settings.folds}
    names = sorted(label for label in counts if label not in rare)
    if len(names) < 2:
        few = f"; {len(rare)} have fewer than {settings.folds} texts, one a fold" if rare else ""
        msg = f"A classifier needs two labels at least; there are {len(names)} to learn{few}."
        raise DataError(msg)
    kept = _sample([i for i, label in enumerate(labels) if label not in rare], labels, settings)
    texts, labels = [texts[i] for i in kept], [labels[i] for i in kept]
    number = {name: k for k, name in enumerate(names)}
    truth = np.array([number[label] for label in labels], np.int64)
    _, groups = np.unique(np.array([hash_of(text) for text in texts]), return_inverse=True)
    if int(groups.max()) + 1 < settings.folds:
        msg = f"Only {int(groups.max()) + 1} of the texts are different; {settings.folds} folds need as many at least."
        raise DataError(msg)

    _say(on_step, "normalizing")
    made = plan(texts, settings.pipeline, settings.overrides, settings.switches, classes=settings.classes)
    folds = folds_of(truth, groups, settings.folds, settings.repeats, settings.seed)
    predictions: dict[str, NDArray[np.int64]] = {}
    for k, (name, variant) in enumerate(made.variants.items(), 1):
        _say(on_step, f"training {k} of {len(made.variants)}: {name}")
        same = next((other for other in predictions if made.variants[other].layers == variant.layers), None)
        predictions[name] = (
            predictions[same] if same is not None else predict(variant.layers, truth, folds, settings.seed)
        )
    resamples = Resamples(truth, groups, len(names), settings.draws, settings.seed)
    figures = {name: resamples.figures(found) for name, found in predictions.items()}
    report: dict[str, Any] = {
        "texts": len(texts),
        "labels": {name: int((truth == number[name]).sum()) for name in names},
        "left_out": rare,
        "equal_texts": len(texts) - int(groups.max()) - 1,
        "failed": made.failed,
        "changed": sum(made.touched),
        "settings": {
            "pipeline": settings.pipeline,
            "folds": settings.folds,
            "repeats": settings.repeats,
            "seed": settings.seed,
            "draws": settings.draws,
            "scikit_learn": version,
        },
        "variants": [
            {
                "name": name,
                "changed": made.variants[name].changed,
                "accuracy": interval(accuracy).as_list(),
                "macro_f1": interval(f1).as_list(),
            }
            for name, (accuracy, f1, _) in figures.items()
        ],
        "comparisons": _comparisons(made, predictions, figures, truth, groups, settings),
        "idle": made.idle,
    }
    if NORMALIZED in predictions:
        report |= _where(texts, names, made, predictions, figures, truth, groups, settings)
    return report


def hash_of(text: str) -> int:
    """Return a number that is equal for texts equal but for white space and case, the same in every run."""
    import zlib

    folded = " ".join(text.casefold().split()).encode("utf-8", "surrogatepass")
    return zlib.crc32(folded) << 32 | zlib.adler32(folded)


def _say(on_step: Callable[[str], None] | None, message: str) -> None:
    if on_step is not None:
        on_step(message)


def _sample(places: list[int], labels: Sequence[str], settings: Settings) -> list[int]:
    """Return at most ``sample`` places, of each class its share but a text a fold at least, in order."""
    if len(places) <= settings.sample:
        return places
    rng = np.random.default_rng(settings.seed)
    by: dict[str, list[int]] = {}
    for i in places:
        by.setdefault(labels[i], []).append(i)
    share = settings.sample / len(places)
    drawn: list[int] = []
    for label in sorted(by):
        size = min(len(by[label]), max(settings.folds, round(share * len(by[label]))))
        drawn += rng.choice(np.array(by[label]), size, replace=False).tolist()
    return sorted(drawn)


def _hits(predictions: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((predictions == truth).mean(axis=0), np.float64)


def _comparisons(
    made: Plan,
    predictions: Mapping[str, NDArray[np.int64]],
    figures: Mapping[str, tuple[NDArray[np.float64], ...]],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    settings: Settings,
) -> list[dict[str, Any]]:
    raw = []
    for pair in made.comparisons:
        change = _hits(predictions[pair.variant], truth) - _hits(predictions[pair.base], truth)
        raw.append(sign_flip(change, groups, settings.draws, settings.seed))
    out = []
    for pair, p, corrected in zip(made.comparisons, raw, holm(raw), strict=True):
        (a, f, _), (b, g, _) = figures[pair.variant], figures[pair.base]
        accuracy = interval(a - b)
        changed = made.variants[pair.variant if pair.variant != NORMALIZED else pair.base].changed
        out.append(
            {
                "switch": pair.switch,
                "kind": pair.kind,
                "from": pair.base,
                "to": pair.variant,
                "changed": changed if pair.base != ORIGINAL else made.variants[pair.variant].changed,
                "accuracy": accuracy.as_list(),
                "macro_f1": interval(f - g).as_list(),
                "p": p,
                "p_holm": corrected,
                "verdict": verdict(accuracy.value, corrected),
            }
        )
    return out


def _where(
    texts: Sequence[str],
    names: Sequence[str],
    made: Plan,
    predictions: Mapping[str, NDArray[np.int64]],
    figures: Mapping[str, tuple[NDArray[np.float64], ...]],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    settings: Settings,
) -> dict[str, Any]:
    """Return for which labels, and in which texts, the normalized layer is better or worse than the original."""
    before, after = _hits(predictions[ORIGINAL], truth), _hits(predictions[NORMALIZED], truth)
    recall = figures[NORMALIZED][2], figures[ORIGINAL][2]
    by_label = [
        {
            "label": name,
            "texts": int((truth == k).sum()),
            "changed": int(sum(t for t, c in zip(made.touched, (truth == k).tolist(), strict=True) if c)),
            "recall": [float(recall[1][0, k]), float(recall[0][0, k])],
            "difference": interval(recall[0][:, k] - recall[1][:, k]).as_list(),
        }
        for k, name in enumerate(names)
    ]
    touched = np.array(made.touched)
    parts = []
    for label, mask in (("changed", touched), ("unchanged", ~touched)):
        if mask.sum() >= 2:
            _, inner = np.unique(groups[mask], return_inverse=True)
            part = Resamples(truth[mask], inner, len(names), settings.draws, settings.seed)
            a, b = (part.figures(predictions[name][:, mask])[0] for name in (NORMALIZED, ORIGINAL))
            parts.append(
                {
                    "texts": label,
                    "n": int(mask.sum()),
                    "accuracy": [float(b[0]), float(a[0])],
                    "difference": interval(a - b).as_list(),
                }
            )
    turned = after - before
    order = np.argsort(-turned, kind="stable")
    full = made.variants[NORMALIZED].layers[0]

    def shown(places: list[int]) -> list[dict[str, Any]]:
        return [{"label": names[int(truth[i])], "original": texts[i], "normalized": full[i]} for i in places]

    right = [int(i) for i in order if turned[i] > 0 and touched[i]][:SHOWN]
    wrong = [int(i) for i in order[::-1] if turned[i] < 0 and touched[i]][:SHOWN]
    return {"by_label": by_label, "by_change": parts, "turned_right": shown(right), "turned_wrong": shown(wrong)}
