"""A cross-encoder that re-ranks the first candidates, of a size that a CPU can train and run.

A candidate's logit is the linker's score, scaled, plus a correction that a transformer reads off mention, context,
names and types. The correction starts at zero, so an untrained re-ranker changes nothing. It is trained listwise over
the candidates of a query and "none of these", with the mean square of the corrections as a penalty: the rank
regularisation of xMEN (arXiv 2310.11275), loss + λ·‖logits − candidate scores‖², for logits that contain the scores.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.descent import Descent
from textnorm.encoders.hub import model_folder
from textnorm.encoders.static import put_folder
from textnorm.encoders.torch_runner import quiet
from textnorm.encoders.transformer import default_threads, printable
from textnorm.errors import DataError, MissingExtraError, UsageError
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Candidates, Queries
from textnorm.linking.rerank import FORMAT, MANIFEST, Names, Verdict, is_reranker, mention_text

VERSION = 1
#: What stands in a candidate's place for "none of these".
NOTHING = "none of these"
#: Pairs of texts that are read at once.
BLOCK = 256
#: Scales and levels of nothing that are tried for the linker's scores before training.
SCALES = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
LEVELS = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
TEMPERATURES = tuple(float(x) for x in np.geomspace(0.25, 4.0, 33))
#: Candidates beyond ``top`` stand below the others by at least this.
GAP = 1e-3


@dataclass(frozen=True)
class CrossSettings:
    """How a cross-encoder is trained.

    Attributes:
        top: candidates a query that are read in use.
        sampled: candidates a query in a training step: the right ones and the first others.
        epochs: passes over the labelled queries.
        batch: queries a step.
        rate: learning rate of AdamW; ten times that for the new head.
        regularization: λ of the rank regularisation.
        layers: so many upper layers are trained; -1: all, with the embeddings.
        length: tokens after which a pair is cut.
        held_back: share of the labelled queries that only set the temperature and measure.
        threads: CPU threads; ``None``: as :func:`~textnorm.encoders.transformer.default_threads`.
        seed: of order, choice and dropout.
    """

    top: int = 16
    sampled: int = 8
    epochs: int = 2
    batch: int = 8
    rate: float = 5e-5
    regularization: float = 0.02
    layers: int = -1
    length: int = 64
    held_back: float = 0.2
    threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        least = min(self.top, self.sampled - 1, self.epochs, self.batch, self.length - 15)
        if least < 1 or not self.rate > 0 or self.regularization < 0 or not 0 < self.held_back < 1:
            msg = (
                "A re-ranker needs top, epochs and batch of at least 1, sampled of 2, length of 16, a rate above 0, a "
                "regularization not below 0, and a share held back between 0 and 1."
            )
            raise UsageError(msg)


@dataclass(frozen=True)
class Examples:
    """Labelled queries with the linker's candidates.

    Attributes:
        queries: the texts.
        gold: numbers of the right concepts; empty where the right answer is none of the base.
        candidates: of each query, best first.
    """

    queries: Queries
    gold: Sequence[frozenset[int]]
    candidates: Candidates

    def part(self, rows: Sequence[int]) -> Examples:
        """Return some of the examples."""
        at = self.candidates.indptr
        pick = np.concatenate([np.arange(at[i], at[i + 1]) for i in rows]) if len(rows) else np.zeros(0, np.int64)
        counts = [int(at[i + 1] - at[i]) for i in rows]
        taken = Candidates(
            np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            self.candidates.concepts[pick],
            self.candidates.scores[pick],
            self.candidates.names[pick],
        )
        return Examples(self.queries.part(rows), [self.gold[i] for i in rows], taken)


@dataclass(frozen=True)
class Base:
    """How the linker's scores become logits: ``scale · score``, and ``scale · level`` for none of these."""

    scale: float
    level: float


class CrossReranker:
    """A transformer over pairs of texts; see :class:`~textnorm.linking.rerank.Reranker`."""

    name = "rerank"

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        base: Base,
        *,
        top: int,
        length: int,
        temperature: float = 1.0,
        threads: int | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.base = base
        self.top = top
        self.length = length
        self.temperature = temperature
        self.threads = threads or default_threads()
        self.card: dict[str, Any] = dict(card or {})
        self._names: Names | None = None

    @classmethod
    def fresh(cls, base: str | Path, scores: Base, settings: CrossSettings) -> CrossReranker:
        """Return a re-ranker that changes nothing yet, over a transformer: ``minilm``, a folder or a name.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            DataError: the model cannot be loaded.
        """
        model, tokenizer = _open(model_folder(base))
        head = model.classifier if hasattr(model, "classifier") else None
        if head is None or not hasattr(head, "weight"):
            msg = f"The model {base} has no linear classifier head; take a BERT-like encoder, such as minilm."
            raise DataError(msg)
        import torch

        with torch.no_grad():
            head.weight.zero_()
            head.bias.zero_()
        limit = getattr(model.config, "max_position_embeddings", settings.length)
        length = min(settings.length, limit)
        return cls(model, tokenizer, scores, top=settings.top, length=length, threads=settings.threads)

    def verdict(self, queries: Queries, candidates: Candidates, kb: KnowledgeBase) -> Verdict:
        """Return new scores; see the protocol."""
        first, second, place = self.pairs(queries, candidates, kb, self.top)
        correction = self.corrections(first, second)
        scores = self.base.scale * candidates.scores.astype(np.float64)
        counts = np.diff(candidates.indptr)
        seen = _first(counts, self.top)
        scores[seen] += correction[place >= 0]
        none = self.base.scale * self.base.level + correction[place < 0]
        scores = _below(scores, candidates, seen)
        return Verdict((scores / self.temperature).astype(np.float32), (none / self.temperature).astype(np.float32))

    def scores(self, queries: Queries, candidates: Candidates, kb: KnowledgeBase) -> NDArray[np.float32]:
        """Return the new scores alone."""
        return self.verdict(queries, candidates, kb).scores

    def pairs(
        self, queries: Queries, candidates: Candidates, kb: KnowledgeBase, top: int
    ) -> tuple[list[str], list[str], NDArray[np.int64]]:
        """Return the texts to be read, and the row of each pair's candidate; -1 for none of these, one a query."""
        if self._names is None or self._names.kb is not kb:
            self._names = Names(kb)
        first: list[str] = []
        second: list[str] = []
        place: list[int] = []
        for i in range(len(queries)):
            text = printable(mention_text(queries.texts[i], queries.contexts[i], queries.attributes[i]))
            start, end = int(candidates.indptr[i]), int(candidates.indptr[i + 1])
            for row in range(start, min(end, start + top)):
                concept, name = int(candidates.concepts[row]), int(candidates.names[row])
                second.append(printable(self._names.text(concept, name, queries.langs[i])))
                place.append(row)
            second.append(NOTHING)
            place.append(-1)
            first += [text] * (len(second) - len(first))
        return first, second, np.array(place, np.int64)

    def corrections(self, first: Sequence[str], second: Sequence[str]) -> NDArray[np.float64]:
        """Return the correction of each pair of texts, float64 ``[pairs]``."""
        import torch

        order = np.argsort([len(a) + len(b) for a, b in zip(first, second, strict=True)], kind="stable")
        found = np.zeros(len(first))
        self.model.eval()
        with _threads(self.threads), torch.inference_mode():
            for at in range(0, len(order), BLOCK):
                rows = order[at : at + BLOCK]
                found[rows] = self.forward([first[i] for i in rows], [second[i] for i in rows]).double().numpy()
        return found

    def forward(self, first: list[str], second: list[str]) -> Any:
        """Return the corrections of a batch as a tensor on the CPU, with gradients where torch keeps them."""
        fields = self.tokenizer(
            first, second, truncation=True, max_length=self.length, padding=True, return_tensors="pt"
        )
        fields = {key: value.to(self.model.device) for key, value in fields.items()}
        return self.model(**fields).logits[:, 0].float().cpu()

    def save(self, folder: str | Path) -> None:
        """Write model, tokenizer and manifest to ``folder``.

        Raises:
            UsageError: ``folder`` exists and is no re-ranker.
        """
        folder = Path(folder)
        check_target(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fresh.chmod(0o755)
            with quiet():
                self.model.save_pretrained(fresh)
                self.tokenizer.save_pretrained(fresh)
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "base": asdict(self.base),
                "top": self.top,
                "length": self.length,
                "temperature": self.temperature,
                "card": self.card,
            }
            text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
            (fresh / MANIFEST).write_text(text, encoding="utf-8")
            put_folder(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    @classmethod
    def load(cls, folder: str | Path, *, threads: int | None = None) -> CrossReranker:
        """Return the re-ranker in ``folder``.

        Raises:
            UsageError: there is none.
            DataError: it is damaged, or a newer version of textnorm wrote it.
            MissingExtraError: torch or transformers is not installed.
        """
        folder = Path(folder)
        if not is_reranker(folder):
            msg = f"{folder} is no re-ranker: it has no {MANIFEST}."
            raise UsageError(msg)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version = manifest.get("version")
        if not isinstance(version, int) or version > VERSION:
            msg = f"{folder} has version {version} of {FORMAT}, this textnorm reads {VERSION}: update it."
            raise DataError(msg)
        model, tokenizer = _open(folder)
        try:
            return cls(
                model,
                tokenizer,
                Base(**manifest["base"]),
                top=int(manifest["top"]),
                length=int(manifest["length"]),
                temperature=float(manifest["temperature"]),
                threads=threads,
                card=manifest.get("card"),
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = f"The re-ranker {folder} is damaged: {error}. Train or copy it again."
            raise DataError(msg) from error


def check_target(folder: Path) -> None:
    """Check that a re-ranker may be written to ``folder``.

    Raises:
        UsageError: something else is there.
    """
    if folder.exists() and not (folder.is_dir() and (is_reranker(folder) or not any(folder.iterdir()))):
        msg = f"{folder} exists and is no re-ranker; choose another place, so that nothing is lost."
        raise UsageError(msg)


def train_cross(
    base: str | Path,
    examples: Examples,
    kb: KnowledgeBase,
    *,
    settings: CrossSettings | None = None,
    card: Mapping[str, Any] | None = None,
    on_event: Callable[[int, int, float], None] | None = None,
) -> tuple[CrossReranker, Examples]:
    """Train a cross-encoder; return it with the examples that were held back.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        DataError: too few labelled queries, the model cannot be loaded, or training diverged.
    """
    settings = settings or CrossSettings()
    rng = np.random.default_rng(settings.seed)
    order = rng.permutation(len(examples.gold))
    cut = max(1, round(settings.held_back * len(order)))
    train, back = examples.part(order[cut:].tolist()), examples.part(order[:cut].tolist())
    usable = [i for i in range(len(train.gold)) if train.candidates.indptr[i + 1] > train.candidates.indptr[i]]
    if len(usable) < 8:
        msg = f"{len(usable)} labelled queries with candidates are too few to train a re-ranker; give some hundred."
        raise DataError(msg)
    cross = CrossReranker.fresh(base, fit_base(train, settings.top), settings)
    _fit(cross, train, usable, kb, settings, rng, on_event)
    cross.temperature = fit_temperature(cross.verdict(back.queries, back.candidates, kb), back, cross.top)
    cross.card = {
        **(card or {}),
        "transformer": str(base),
        "queries": len(usable),
        "training": asdict(settings),
    }
    return cross, back


def _fit(
    cross: CrossReranker,
    train: Examples,
    usable: Sequence[int],
    kb: KnowledgeBase,
    settings: CrossSettings,
    rng: np.random.Generator,
    on_event: Callable[[int, int, float], None] | None,
) -> None:
    import torch

    model = cross.model
    _freeze(model, settings.layers)
    head = list(model.classifier.parameters())
    known = {id(p) for p in head}
    body = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    groups = [{"params": head, "lr": 10 * settings.rate}, {"params": body, "lr": settings.rate}]
    steps = settings.epochs * -(-len(usable) // settings.batch)
    descent = Descent(model, groups, rate=settings.rate, steps=steps)
    with _threads(cross.threads), torch.random.fork_rng(), quiet():
        torch.manual_seed(settings.seed)
        model.train()
        for _ in range(settings.epochs):
            deal = rng.permutation(usable)
            for at in range(0, len(deal), settings.batch):
                batch = _sampled(train, deal[at : at + settings.batch].tolist(), settings, rng)
                value = descent.step(_loss(cross, batch, kb, settings))
                if on_event is not None:
                    on_event(descent.done, steps, value)
        model.eval()


def _loss(cross: CrossReranker, batch: Examples, kb: KnowledgeBase, settings: CrossSettings) -> Any:
    """Return the listwise loss of a batch: cross-entropy over candidates and none, and the mean squared correction."""
    import torch

    first, second, place = cross.pairs(batch.queries, batch.candidates, kb, settings.sampled)
    correction = cross.forward(first, second)
    logits = torch.where(
        torch.from_numpy(place >= 0),
        torch.from_numpy((cross.base.scale * batch.candidates.scores[place]).astype(np.float32)),
        torch.tensor(cross.base.scale * cross.base.level, dtype=torch.float32),
    )
    logits = logits + correction
    total = torch.zeros(())
    start = 0
    for gold, end in zip(batch.gold, (np.flatnonzero(place < 0) + 1).tolist(), strict=True):
        right = np.array([row >= 0 and int(batch.candidates.concepts[row]) in gold for row in place[start:end]])
        if not right.any():
            right[-1] = True  # what is not among the candidates is none of these
        part = logits[start:end]
        total = total + torch.logsumexp(part, 0) - torch.logsumexp(part[torch.from_numpy(right)], 0)
        start = end
    return total / len(batch.gold) + settings.regularization * (correction**2).mean()


def _sampled(train: Examples, rows: Sequence[int], settings: CrossSettings, rng: np.random.Generator) -> Examples:
    """Return examples cut to the right candidates and some of the other first ones, in their order."""
    picked: list[NDArray[np.int64]] = []
    for i in rows:
        start, end = int(train.candidates.indptr[i]), int(train.candidates.indptr[i + 1])
        pool = np.arange(start, min(end, start + settings.top))
        right = np.array([int(c) in train.gold[i] for c in train.candidates.concepts[pool]], dtype=np.bool_)
        others = pool[~right]
        room = max(1, settings.sampled - int(right.sum()))
        half = others[: room - room // 2]
        rest = others[len(half) :]
        more = rng.choice(rest, size=min(len(rest), room - len(half)), replace=False) if len(rest) else rest
        picked.append(np.sort(np.concatenate((pool[right][: settings.sampled - 1], half, more))))
    counts = [len(one) for one in picked]
    take = np.concatenate(picked)
    cut = Candidates(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        train.candidates.concepts[take],
        train.candidates.scores[take],
        train.candidates.names[take],
    )
    return Examples(train.queries.part(rows), [train.gold[i] for i in rows], cut)


def fit_base(examples: Examples, top: int) -> Base:
    """Return scale and level that make the linker's scores the likeliest logits of the right answers."""

    def loss(base: Base) -> float:
        scores = (base.scale * examples.candidates.scores).astype(np.float32)
        none = np.full(len(examples.gold), base.scale * base.level, np.float32)
        return cross_entropy(Verdict(scores, none), examples, top)

    return min((Base(scale, level) for scale in SCALES for level in LEVELS), key=loss)


def fit_temperature(verdict: Verdict, examples: Examples, top: int) -> float:
    """Return the temperature that makes a verdict's probabilities the likeliest (Guo et al., arXiv 1706.04599)."""

    def loss(temperature: float) -> float:
        return cross_entropy(Verdict(verdict.scores / temperature, verdict.none / temperature), examples, top)

    return min(TEMPERATURES, key=loss)


def cross_entropy(verdict: Verdict, examples: Examples, top: int) -> float:
    """Return the mean negative log-probability of the right answers among the first ``top`` and none."""
    total = 0.0
    at = examples.candidates.indptr
    for i, gold in enumerate(examples.gold):
        rows = slice(int(at[i]), min(int(at[i + 1]), int(at[i]) + top))
        logits = np.append(verdict.scores[rows], verdict.none[i]).astype(np.float64)
        right = np.array([int(c) in gold for c in examples.candidates.concepts[rows]] + [False])
        right[-1] = not right.any()
        total += float(np.logaddexp.reduce(logits) - np.logaddexp.reduce(logits[right]))
    return total / max(1, len(examples.gold))


def _first(counts: NDArray[np.int64], top: int) -> NDArray[np.bool_]:
    """Return which candidates are among the first ``top`` of their query."""
    starts = np.cumsum(counts) - counts
    found: NDArray[np.bool_] = np.arange(int(counts.sum())) - np.repeat(starts, counts) < top
    return found


def _below(scores: NDArray[np.float64], candidates: Candidates, seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return scores in which the candidates that were not read stand below those that were, in their order."""
    if seen.all():
        return scores
    counts = np.diff(candidates.indptr)
    of = np.repeat(np.arange(len(counts)), counts)
    least = np.full(len(counts), np.inf)
    np.minimum.at(least, of[seen], scores[seen])
    highest = np.full(len(counts), -np.inf)
    np.maximum.at(highest, of[~seen], scores[~seen])
    down = np.maximum(0, highest - least + GAP)
    moved = scores.copy()
    moved[~seen] -= down[of[~seen]]
    return moved


def _freeze(model: Any, layers: int) -> None:
    """Let only the upper ``layers`` and the head learn; all where it is -1."""
    if layers < 0:
        return
    for parameter in model.base_model.parameters():
        parameter.requires_grad = False
    stack = model.base_model.encoder.layer
    for layer in stack[len(stack) - min(layers, len(stack)) :]:
        for parameter in layer.parameters():
            parameter.requires_grad = True
    pooler = getattr(model.base_model, "pooler", None)
    for parameter in pooler.parameters() if pooler is not None else ():
        parameter.requires_grad = True


def _open(folder: Path) -> tuple[Any, Any]:
    """Return the sequence classifier (one logit) and the tokenizer of a folder."""
    try:
        with quiet():
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        feature = "A cross-encoder"
        raise MissingExtraError(feature, "transformers", "encoders") from error
    with quiet():
        try:
            model = AutoModelForSequenceClassification.from_pretrained(str(folder), num_labels=1).float()
            tokenizer = AutoTokenizer.from_pretrained(str(folder))
        except Exception as error:  # whatever transformers, torch or safetensors raise on a broken folder
            lines = str(error).strip().splitlines() or [type(error).__name__]
            msg = f"The model in {folder} cannot be loaded: {lines[0]} Copy or train it again."
            raise DataError(msg) from error
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    model.eval()
    return model, tokenizer


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
