"""Full fine-tuning of a sentence-transformers model on pairs of texts.

The objective is that of the static encoder and of the adapter: InfoNCE both ways with the other pairs of the batch as
negatives (Henderson et al., arXiv 1705.00652, section 4.4), each group at most once a batch. What comes out is a
sentence-transformers folder like the one that went in.
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

from textnorm.encoders.attributes import joined
from textnorm.encoders.batching import Settings
from textnorm.encoders.descent import Descent
from textnorm.encoders.hub import model_folder
from textnorm.encoders.pairs import Dealer, PairSource, Side
from textnorm.encoders.static import put_folder
from textnorm.encoders.torch_runner import open_model, quiet
from textnorm.encoders.transformer import printable
from textnorm.errors import MissingExtraError, UsageError

#: Kept beside the model's own files; hidden, so that it has no say in the model's identity.
CARD = ".textnorm-card.json"


@dataclass(frozen=True)
class FullSettings:
    """How a transformer is fine-tuned.

    Attributes:
        batch: pairs a step, each of another group.
        steps: of AdamW; the rate rises over the first tenth and falls in a straight line to nothing.
        rate: learning rate.
        scale: similarities are multiplied by it.
        length: tokens after which a text is cut while training; names are short.
        threads: CPU threads; ``None`` leaves torch's choice.
        seed: of the choice of pairs and of dropout.
    """

    batch: int = 32
    steps: int = 100
    rate: float = 5e-5
    scale: float = 20.0
    length: int = 32
    threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2 or self.steps < 1 or self.length < 4 or not self.rate > 0 or not self.scale > 0:
            msg = (
                f"batch is {self.batch}, steps {self.steps}, length {self.length}, rate {self.rate} and scale "
                f"{self.scale}; batch must be at least 2, steps 1, length 4, rate and scale above 0."
            )
            raise UsageError(msg)


def check_target(folder: Path) -> None:
    """Check that a fine-tuned model may be written to ``folder``.

    Raises:
        UsageError: something else is there.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / CARD).is_file() or not any(folder.iterdir()))):
        msg = f"{folder} exists and is no model of ours; choose another place, so that nothing is lost."
        raise UsageError(msg)


def train_full(
    base: str | Path,
    sources: Sequence[PairSource],
    folder: Path,
    *,
    settings: FullSettings | None = None,
    card: Mapping[str, Any] | None = None,
    on_event: Callable[[int, int, float], None] | None = None,
) -> None:
    """Fine-tune ``base`` on pairs and write it to ``folder``, which ``load_encoder`` then opens.

    Runs on a GPU where torch sees one. The folder appears when training is done.

    Args:
        base: ``minilm``, a folder, or a name on the model hub.
        sources: pairs; a bag is read as one text, its parts joined.
        folder: to make.
        settings: of the training.
        card: what a reader should know; kept in the folder beside the settings.
        on_event: called after each step with step, steps and loss.

    Raises:
        UsageError: no source has two groups with a pair, or ``folder`` is taken.
        MissingExtraError: torch or sentence-transformers is not installed.
        DataError: the model cannot be loaded, or training diverged.
    """
    settings = settings or FullSettings()
    check_target(folder)
    usable = [source for source in sources if len(source) >= 2 and source.weight > 0]
    if not usable:
        msg = "There is nothing to train on: two concepts at least must have two different names each, or attributes."
        raise UsageError(msg)
    try:
        import torch
    except ImportError as error:
        feature = "Full fine-tuning"
        raise MissingExtraError(feature, "torch", "encoders") from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = open_model(model_folder(base), Settings(), device)
    threads = torch.get_num_threads()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    try:
        with torch.random.fork_rng(), quiet():
            torch.manual_seed(settings.seed)
            _train(model, usable, settings, on_event)
    finally:
        torch.set_num_threads(threads)
    about = {
        **(card or {}),
        "base": str(base),
        "sources": {source.name: {"groups": len(source), "weight": source.weight} for source in usable},
        "training": asdict(settings),
    }
    with _beside(folder) as fresh:
        with quiet():
            model.save(str(fresh), create_model_card=False)
        _write_card(fresh, about)


def put_model(model: Path, folder: Path, card: Mapping[str, Any]) -> None:
    """Copy a model that :func:`train_full` wrote to ``folder``, with more on its card."""
    check_target(folder)
    with _beside(folder) as fresh:
        shutil.copytree(model, fresh, dirs_exist_ok=True)
        _write_card(fresh, {**json.loads((model / CARD).read_text(encoding="utf-8")), **card})


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside ``folder`` and put it in its place at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        yield fresh
        put_folder(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_card(folder: Path, card: Mapping[str, Any]) -> None:
    (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _train(
    model: Any,
    sources: Sequence[PairSource],
    settings: FullSettings,
    on_event: Callable[[int, int, float], None] | None,
) -> None:
    import torch

    rng = np.random.default_rng(settings.seed)
    number: dict[str, int] = {}
    for source in sources:
        for text in source.texts():
            number.setdefault(text, len(number))
    texts = [printable(text) for text in number]
    decks = [Dealer(source, number, settings.batch, rng) for source in sources]
    weights = np.array([source.weight for source in sources])
    decay = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": decay}, {"params": plain, "weight_decay": 0.0}]
    descent = Descent(model, groups, rate=settings.rate, steps=settings.steps)
    longest = model.max_seq_length
    model.max_seq_length = settings.length if longest is None else min(settings.length, longest)
    model.train()
    try:
        for _ in range(settings.steps):
            chosen = int(rng.choice(len(decks), p=weights / weights.sum()))
            left, right = decks[chosen].deal()
            same = torch.from_numpy(left.same(right)).to(model.device)
            rows = [torch.nn.functional.normalize(_vectors(model, texts, side), dim=1) for side in (left, right)]
            logits = (settings.scale * rows[0] @ rows[1].T).masked_fill(same, float("-inf"))
            gold = torch.arange(left.count, device=logits.device)
            loss = (
                torch.nn.functional.cross_entropy(logits, gold) + torch.nn.functional.cross_entropy(logits.T, gold)
            ) / 2
            value = descent.step(loss)
            if on_event is not None:
                on_event(descent.done, settings.steps, value)
    finally:
        model.eval()
        model.max_seq_length = longest


def _vectors(model: Any, texts: Sequence[str], side: Side) -> Any:
    """Return the model's vectors of one side of a batch, with their gradients."""
    read = [
        joined([texts[i] for i in side.texts[start:end]])
        for start, end in zip(side.indptr[:-1], side.indptr[1:], strict=True)
    ]
    fields = {key: value.to(model.device) for key, value in model.tokenize(read).items() if hasattr(value, "to")}
    return model(fields)["sentence_embedding"]
