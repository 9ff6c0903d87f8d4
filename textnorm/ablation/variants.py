"""The same texts under a pipeline with its switches on and off.

A switch is a component, or a class of rules (the label of their edits). A component is switched by leaving it out of
the pipeline; a class by leaving its edits out of what the whole pipeline did, so that all else stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textnorm.config import load
from textnorm.edits import Edits
from textnorm.pipeline import Pipeline

ORIGINAL, NORMALIZED, BOTH = "original", "normalized", "both"
#: A switch that changes fewer texts than this is not trained on: nothing could be shown.
FEWEST = 10


@dataclass(frozen=True)
class Variant:
    """One way to prepare the texts.

    Attributes:
        name: ``original``, ``normalized``, ``both``, ``without X`` or ``only X``.
        layers: the texts, once or, for ``both``, in both layers.
        changed: texts that differ from what the variant is compared with.
    """

    name: str
    layers: tuple[Sequence[str], ...]
    changed: int


@dataclass(frozen=True)
class Comparison:
    """One question: what does ``variant`` bring over ``base``; ``switch`` is what is on in one and off in the other."""

    switch: str
    kind: str
    base: str
    variant: str


@dataclass(frozen=True)
class Plan:
    """What to train, and what to compare.

    Attributes:
        variants: by name.
        comparisons: in the order in which they are told.
        idle: switches that change too few texts, with how many.
        touched: whether each text changes under the whole pipeline.
        failed: texts that the pipeline failed on; they count as unchanged.
    """

    variants: dict[str, Variant]
    comparisons: list[Comparison]
    idle: dict[str, int]
    touched: list[bool]
    failed: int


def labels_of(edits: Edits) -> list[str]:
    """Return the classes of the edits that replace something, sorted."""
    return sorted({label for label, new in zip(edits.label, edits.replacement, strict=True) if new is not None})


def apply_labels(edits: Edits, texts: Sequence[str], kept: set[str]) -> list[str]:
    """Return the texts with only the edits of some classes."""
    rows = (
        [edit for edit in edits.row(i) if edit.replacement is not None and edit.label in kept]
        for i in range(len(texts))
    )
    return Edits.from_rows(rows).apply(texts)


def plan(
    texts: Sequence[str], pipeline: str, overrides: Mapping[str, Any], switches: str, *, classes: bool = True
) -> Plan:
    """Return all variants of some texts.

    Args:
        texts: the texts.
        pipeline: name or path.
        overrides: values of its configuration, by dotted key.
        switches: ``all``, ``off`` (only what is lost without each) or ``none``.
        classes: whether classes of rules are switches, too.
    """
    nlp = load(pipeline, overrides=overrides)
    edits, failed = _edits(nlp, texts)
    full = edits.apply(texts)
    variants: dict[str, Variant] = {}
    comparisons: list[Comparison] = []
    idle: dict[str, int] = {}

    def add(switch: str, kind: str, name: str, base: str, made: Sequence[str]) -> None:
        changed = sum(a != b for a, b in zip(made, variants[base].layers[0], strict=True))
        if changed < FEWEST:
            idle[name] = changed
            return
        variants[name] = Variant(name, (made,), changed)
        pair = (base, name) if base == ORIGINAL else (name, base)
        comparisons.append(Comparison(switch, kind, *pair))

    touched = [a != b for a, b in zip(texts, full, strict=True)]
    variants[ORIGINAL] = Variant(ORIGINAL, (texts,), 0)
    if sum(touched) < FEWEST:
        return Plan(variants, comparisons, {NORMALIZED: sum(touched)}, touched, failed)
    variants[NORMALIZED] = Variant(NORMALIZED, (full,), sum(touched))
    variants[BOTH] = Variant(BOTH, (texts, full), sum(touched))
    comparisons.append(Comparison("all", "pipeline", ORIGINAL, NORMALIZED))
    comparisons.append(Comparison("all, original kept", "pipeline", ORIGINAL, BOTH))
    if switches == "none":
        return Plan(variants, comparisons, idle, touched, failed)
    names = [label for label, _ in nlp.components]
    for label in names if len(names) > 1 else []:
        rest = [other for other in names if other != label]
        for on, name, base in ((rest, f"without {label}", NORMALIZED), ([label], f"only {label}", ORIGINAL)):
            if base == ORIGINAL and switches == "off":
                continue
            parts = [(other, component) for other, component in nlp.components if other in on]
            part = Pipeline(parts, name=name, lang=nlp.lang, keep=nlp.keep)
            add(label, "component", name, base, _edits(part, texts)[0].apply(texts))
    known = labels_of(edits) if classes else []
    for label in known if len(known) > 1 else []:
        rest_of = set(known) - {label}
        add(label, "class", f"without class {label}", NORMALIZED, apply_labels(edits, texts, rest_of))
        if switches == "all":
            add(label, "class", f"only class {label}", ORIGINAL, apply_labels(edits, texts, {label}))
    return Plan(variants, comparisons, idle, touched, failed)


def _edits(nlp: Pipeline, texts: Sequence[str]) -> tuple[Edits, int]:
    """Return the edits of each text; one that the pipeline fails on keeps its words."""
    edits, failures = nlp.try_edits(list(texts), None)
    return edits, len(failures)
