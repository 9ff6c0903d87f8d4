"""``textnorm train encoder``: an encoder for a knowledge base, with figures on concepts that it was not trained on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textnorm.encoders.attributes import KEY
from textnorm.encoders.pairs import PairSource
from textnorm.encoders.protocol import Encoder
from textnorm.encoders.static import StaticEncoder
from textnorm.encoders.train import TrainEvent, TrainSettings, train_static
from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.heldout import PARTS, Score, choose_weight, evaluate, split, tfidf
from textnorm.linking.kb import kind_order
from textnorm.linking.objective import Facts, Groups, default_objectives, sources_of
from textnorm.linking.tables import Names

if TYPE_CHECKING:
    from textnorm.encoders.adapter import AdapterEncoder

KINDS = ("static", "adapter", "full")
Progress = Callable[[str, int, int], None]
#: Rows of the table of figures.
TRAINED, UNTRAINED, TFIDF, ALONE = "trained", "untrained", "character TF-IDF", "trained on {} alone"


@dataclass(frozen=True)
class Plan:
    """What is to be trained.

    Attributes:
        kind: ``static`` (from nothing), ``adapter`` (linear heads on a frozen model) or ``full`` (fine-tuning).
        base: model under an adapter or to be fine-tuned: ``minilm``, a folder or a name.
        objectives: weight by objective; empty takes those that serve the base best.
        settings: of the kind's training, by name; what is not named is the kind's default.
        held_out: one in so many concepts is kept out and queried; 0 measures nothing.
        refit: whether the model that is kept is trained again on all concepts after it was measured.
        each: whether every objective is measured alone too.
        seed: of everything that is drawn.
    """

    kind: str = "static"
    base: str = "minilm"
    objectives: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    held_out: int = PARTS
    refit: bool = True
    each: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"There is no kind of encoder '{self.kind}'. {choices(self.kind, KINDS)}"
            raise UsageError(msg)
        if self.held_out != 0 and self.held_out < 2:
            msg = f"One in {self.held_out} concepts cannot be kept out; it must be at least 2, or 0 to measure nothing."
            raise UsageError(msg)


@dataclass
class Report:
    """What training did.

    Attributes:
        scores: figures on concepts kept out; empty where nothing could be measured.
        objectives: weight by objective.
        seconds: CPU-seconds by what they went into.
        note: why nothing was measured, if so.
    """

    scores: list[Score] = field(default_factory=list)
    objectives: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @contextmanager
    def clock(self, what: str) -> Iterator[None]:
        """Add the CPU-seconds of a block."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.process_time() - start


def static_encoder(
    names: Groups,
    facts: Facts | None = None,
    *,
    name: str = "index",
    card: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    settings: TrainSettings | None = None,
) -> StaticEncoder:
    """Return the static encoder that ``index build`` makes: trained on whatever the base has to offer.

    Without synonyms, named parents or attributes there is nothing to train on, and n-grams are weighed by their rarity.

    Args:
        names: names by concept id.
        facts: parents and attributes by concept id.
        name: of the encoder.
        card: what a reader should know.
        progress: called with a word, steps done and steps in all.
        settings: of the training.
    """
    sources = sources_of(names, facts or {}, default_objectives(names, facts or {}))
    return _static(sources, _texts(names), settings or TrainSettings(), name, card, progress)


def train(
    names: Names,
    facts: Facts,
    plan: Plan,
    output: Path,
    *,
    pairs: Sequence[tuple[str, Sequence[str]]] = (),
    progress: Progress | None = None,
) -> Report:
    """Train an encoder, measure it on concepts kept out, and write it to ``output``.

    Raises:
        UsageError: ``output`` is taken.
        MissingExtraError: a package is missing.
        DataError: there is nothing to train on, training diverged, or a model is damaged.
    """
    groups = names.by_concept
    objectives = dict(plan.objectives) or default_objectives(groups, facts)
    if pairs:
        objectives.setdefault("attributes", 1.0)
    report = Report(objectives=objectives)
    _check(output, plan.kind)
    if not sources_of(groups, facts, objectives, pairs):
        msg = (
            "There is nothing to train on: the base has no two concepts with two names each, and no attributes or "
            "named parents. Give --concepts with attributes, or --pairs."
        )
        raise DataError(msg)
    titles = titles_of(names)
    attributes = {concept: list(fact["attributes"]) for concept, fact in facts.items() if fact.get("attributes")}
    part = split(titles, groups, attributes, parts=plan.held_out, seed=plan.seed) if plan.held_out else None
    final: Encoder | None = None
    with tempfile.TemporaryDirectory(prefix="textnorm-train-") as work:
        fit = _Fit(plan, report, progress, Path(work), output.name)
        if part is None:
            report.note = "nothing was measured" if plan.held_out == 0 else "no concept kept out has a second name"
        else:
            known, about = part.without(groups), part.without(facts)
            seen = _texts(known)
            hidden = {text.casefold() for concept in part.kept for text in groups.get(concept, ())}
            open_pairs = [pair for pair in pairs if pair[0].casefold() not in hidden]
            with report.clock("training without the concepts kept out"):
                final = fit(sources_of(known, about, objectives, open_pairs), "measured", seen)
                fit.weigh(final, titles, known, about)
            with report.clock("measuring"):
                report.scores += evaluate(TRAINED, final, part)
                report.scores += evaluate(UNTRAINED, fit.untrained(), part) + tfidf(TFIDF, part, seen)
            if plan.each and len(objectives) > 1:
                for objective in objectives:
                    alone = sources_of(known, about, {objective: 1.0}, open_pairs if objective == "attributes" else ())
                    if alone:
                        with report.clock(f"training on {objective} alone"):
                            single = fit(alone, f"alone-{objective}", seen)
                            fit.weigh(single, titles, known, about)
                        report.scores += evaluate(ALONE.format(objective), single, part)
        if final is None or plan.refit:
            with report.clock("training on all concepts"):
                weight = fit.weight
                final = fit(sources_of(groups, facts, objectives, pairs), "final", _texts(groups))
                if weight is not None:
                    fit.put_weight(final, weight)
        fit.save(final, output, [score.record() for score in report.scores])
        fit.close()
    return report


def titles_of(names: Names) -> dict[str, str]:
    """Return the name that stands for each concept: a preferred one, else the first."""
    best: dict[str, tuple[int, str]] = {}
    for concept, text, _, kind, _, _ in names.rows:
        order = kind_order(kind)
        if concept not in best or order < best[concept][0]:
            best[concept] = (order, text)
    return {concept: text for concept, (_, text) in best.items()}


def lines(report: Report) -> Iterator[str]:
    """Yield the table of figures for people."""
    if report.scores:
        width = max(len(score.encoder) for score in report.scores)
        yield "names of concepts kept out of training, looked for among one title for every concept:"
        head = f"{'MRR':>5}  {'95 % interval':>14}  {'A@1':>5}  {'A@10':>5}  {'n':>5}"
        yield f"{'setting'.ljust(17)}  {'encoder'.ljust(width)}  {head}"
        for setting in dict.fromkeys(score.setting for score in report.scores):
            for score in report.scores:
                if score.setting == setting:
                    low, high = score.interval()
                    yield (
                        f"{setting.ljust(17)}  {score.encoder.ljust(width)}  {score.mrr:>5.3f}  "
                        f"[{low:.3f}, {high:.3f}]  {score.at(1):>5.3f}  {score.at(10):>5.3f}  {len(score.ranks):>5}"
                    )
    elif report.note:
        yield f"no figures: {report.note}"
    weights = ", ".join(f"{name} {weight:g}" for name, weight in report.objectives.items())
    yield f"objectives: {weights}"
    yield "CPU-seconds: " + ", ".join(f"{what} {seconds:.1f}" for what, seconds in report.seconds.items())


class _Fit:
    """Trains encoders of one kind; those of the kind ``full`` lie in ``work`` until they are kept."""

    def __init__(self, plan: Plan, report: Report, progress: Progress | None, work: Path, name: str) -> None:
        self.plan = plan
        self.name = name
        self.report = report
        self.progress = progress
        self.work = work
        self.weight: float | None = None
        self.places: dict[str, Path] = {}
        self._base: Encoder | None = None

    @property
    def base(self) -> Encoder:
        """The model under an adapter; its vectors are kept, because every training asks for the same ones."""
        if self._base is None:
            from textnorm.encoders.load import load_encoder

            self._base = load_encoder(self.plan.base, cache=self.work / "vectors")
        return self._base

    def close(self) -> None:
        """Let go of the files in ``work``."""
        close: Any = getattr(self._base, "close", None)
        if close is not None:
            close()

    def __call__(self, sources: Sequence[PairSource], place: str, texts: Sequence[str]) -> Encoder:
        """Return an encoder trained on sources; ``texts`` are all names that it may know."""
        settings = {"seed": self.plan.seed, **self.plan.settings}
        if self.plan.kind == "static":
            return _static(sources, texts, TrainSettings(**settings), self.name, None, self.progress)
        if self.plan.kind == "adapter":
            from textnorm.encoders.adapter import AdapterSettings, train_adapter

            return train_adapter(
                self.base,
                sources,
                spec=self.plan.base,
                settings=AdapterSettings(**settings),
                name=self.name,
                on_event=self._event,
            )
        from textnorm.encoders.fine_tune import FullSettings, train_full
        from textnorm.encoders.load import load_encoder

        folder = self.work / place
        train_full(self.plan.base, sources, folder, settings=FullSettings(**settings), on_event=self._event)
        encoder = load_encoder(folder, models=self.work / "onnx")
        self.places[encoder.identity] = folder
        return encoder

    def untrained(self) -> Encoder:
        """Return what stands for no training at all."""
        if self.plan.kind == "static":
            return StaticEncoder.untrained(dim=TrainSettings(**dict(self.plan.settings)).dim, seed=self.plan.seed)
        return self.base

    def weigh(self, encoder: Encoder, titles: Mapping[str, str], names: Groups, facts: Facts) -> None:
        """Choose the weight of attributes beside a name on concepts of training."""
        attributes = {concept: fact["attributes"] for concept, fact in facts.items() if fact.get("attributes")}
        if attributes:
            known = {concept: title for concept, title in titles.items() if concept in names}
            self.weight = choose_weight(encoder, known, names, attributes)
            self.put_weight(encoder, self.weight)

    def put_weight(self, encoder: Encoder, weight: float) -> None:
        """Write the weight into an encoder's card, where it has one."""
        card: Any = getattr(encoder, "card", None)
        if isinstance(card, dict):
            card[KEY] = weight

    def save(self, encoder: Encoder, output: Path, figures: list[dict[str, Any]]) -> None:
        """Write an encoder with its figures to ``output``."""
        about = {
            "data": "names of the user's knowledge base",
            "objectives": self.report.objectives,
            "measured on concepts kept out, in training without them": figures,
        }
        if self.plan.kind == "full":
            from textnorm.encoders.fine_tune import put_model

            put_model(self.places[encoder.identity], output, about)
            return
        kept: StaticEncoder | AdapterEncoder = encoder  # type: ignore[assignment]
        kept.card.update(about)
        kept.save(output)

    def _event(self, step: int, steps: int, loss: float) -> None:
        if self.progress is not None:
            self.progress("training", step, steps)


def _texts(groups: Groups) -> list[str]:
    return list(dict.fromkeys(text for found in groups.values() for text in found))


def _static(
    sources: Sequence[PairSource],
    texts: Sequence[str],
    settings: TrainSettings,
    name: str,
    card: Mapping[str, Any] | None,
    progress: Progress | None,
) -> StaticEncoder:
    if not any(len(source) >= 2 for source in sources):
        return StaticEncoder.weighted(texts, dim=settings.dim, seed=settings.seed, name=name)
    held = {text for source in sources for text in source.texts()}
    others = [text for text in texts if text not in held]  # they count for how rare a word is

    def told(event: TrainEvent) -> None:
        if progress is not None:
            progress("training", event.step, event.steps)

    return train_static(sources, texts=others, settings=settings, name=name, card=card, on_event=told)


def _check(output: Path, kind: str) -> None:
    """Refuse a folder that holds something else, before hours of training."""
    from textnorm.encoders.adapter import is_adapter
    from textnorm.encoders.fine_tune import check_target
    from textnorm.encoders.static import is_static

    if output.exists() and not output.is_dir():
        msg = f"{output} is a file; a model is a folder."
        raise UsageError(msg)
    if kind == "full":
        check_target(output)
    elif output.exists() and any(output.iterdir()):
        ours = is_static(output) if kind == "static" else is_adapter(output)
        if not ours:
            msg = f"{output} exists and holds no {kind} encoder; choose another place, so that nothing is lost."
            raise UsageError(msg)
