"""A frozen encoder with linear heads: trained in seconds on vectors that are made once.

Two heads stand over one frozen encoder (any that :func:`~textnorm.encoders.load.load_encoder` opens). The *anchor* head
reads names; the *positive* head reads what belongs to a name (skills of a job, a description). That is the asymmetric
pair of heads of JobBERT-V2 (arXiv 2505.24640) for the objective of Bocharova, Malakhov and Mezhuyev (arXiv 2307.16638).
Both begin as the identity, so that an adapter that has seen nothing changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textnorm.encoders.attributes import encode_with, joined
from textnorm.encoders.pairs import Dealer, PairSource
from textnorm.encoders.protocol import Encoder, as_texts, unit_rows
from textnorm.encoders.static import put_folder
from textnorm.errors import DataError, UsageError

FORMAT = "textnorm-adapter"
VERSION = 1
MANIFEST = "manifest.json"
HEADS = ("anchor", "positive")
#: Decay rates of Adam's two means (Kingma and Ba, arXiv 1412.6980, section 2), and its guard against division by zero.
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class AdapterSettings:
    """How the heads are trained.

    Attributes:
        batch: pairs a step, each of another group.
        steps: of Adam; the rate falls in a straight line to nothing.
        rate: learning rate. Over-fitting is fast: at three times the default the gain on other data is gone.
        scale: similarities are multiplied by it.
        decay: pull of the heads towards the identity, a share of the difference a step at full rate.
        seed: of the choice of pairs.
    """

    batch: int = 512
    steps: int = 150
    rate: float = 3e-4
    scale: float = 20.0
    decay: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2 or self.steps < 1:
            msg = f"batch is {self.batch} and steps {self.steps}; they must be at least 2 and 1."
            raise UsageError(msg)
        if not self.rate > 0 or not 0 < self.scale <= 100 or not 0 <= self.decay < 1:
            msg = (
                f"rate is {self.rate}, scale {self.scale} and decay {self.decay}; rate must be above 0, scale above 0 "
                "and at most 100, decay at least 0 and below 1."
            )
            raise UsageError(msg)


class AdapterEncoder:
    """Vectors of a frozen encoder through a linear head; see :class:`~textnorm.encoders.protocol.Encoder`.

    Attributes:
        base: the frozen encoder.
        spec: what ``load_encoder`` opens it by.
        heads: ``anchor`` and ``positive``, float32 ``[base.dim, dim]``.
        card: what a reader should know, JSON values.
    """

    def __init__(
        self,
        base: Encoder,
        heads: Mapping[str, NDArray[np.float32]],
        *,
        spec: str,
        name: str = "adapter",
        card: Mapping[str, Any] | None = None,
    ) -> None:
        """Put heads over an encoder.

        Raises:
            DataError: a head is missing, has another shape, or is not finite.
        """
        shape = heads["anchor"].shape if "anchor" in heads else None
        for head in HEADS:
            found = heads.get(head)
            if found is None or found.shape != shape or shape[0] != base.dim or not np.isfinite(found).all():
                msg = f"The head '{head}' of the adapter must be finite and [{base.dim}, dim], like the other one."
                raise DataError(msg)
        self.base = base
        self.spec = spec
        self.name = name
        self.heads = {head: np.ascontiguousarray(heads[head], dtype=np.float32) for head in HEADS}
        self.card: dict[str, Any] = dict(card or {})
        digest = hashlib.blake2b(base.identity.encode(), digest_size=16)
        for head in HEADS:
            digest.update(self.heads[head].astype("<f4").tobytes())
        self.identity = f"textnorm.adapter.v1:{name}:{digest.hexdigest()}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.heads["anchor"].shape[1])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a name, float32 ``[len(texts), dim]``; see the protocol for errors."""
        return self._through("anchor", as_texts(texts))

    def encode_attributes(self, attributes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return one unit row a list of attributes, read together by the positive head."""
        return self._through("positive", [joined(some) for some in attributes])

    def encode_with(self, texts: Sequence[str], attributes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return one unit row a name with its attributes; the name alone where it has none."""
        return encode_with(self, texts, attributes)

    def _through(self, head: str, texts: list[str]) -> NDArray[np.float32]:
        return unit_rows(self.base.encode(texts) @ self.heads[head], texts, self.identity)

    def save(self, folder: str | Path) -> None:
        """Write heads, manifest and card to ``folder``; the frozen encoder is named, not copied.

        A static encoder underneath is copied, so that the folder is whole.

        Raises:
            UsageError: ``folder`` exists and is no adapter.
        """
        from textnorm.encoders.static import StaticEncoder

        folder = Path(folder)
        if folder.exists() and not (folder.is_dir() and (is_adapter(folder) or not any(folder.iterdir()))):
            msg = f"{folder} exists and is no adapter; choose another place, so that nothing is lost."
            raise UsageError(msg)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fresh.chmod(0o755)
            for head in HEADS:
                np.save(fresh / f"{head}.npy", self.heads[head], allow_pickle=False)
            spec: str | None = self.spec
            base = getattr(self.base, "encoder", self.base)  # under a cache
            if isinstance(base, StaticEncoder):
                base.save(fresh / "base")
                spec = None
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "name": self.name,
                "identity": self.identity,
                "base": {"spec": spec, "identity": self.base.identity},
                "card": self.card,
            }
            text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
            (fresh / MANIFEST).write_text(text, encoding="utf-8")
            (fresh / "README.md").write_text(self._page(), encoding="utf-8")
            put_folder(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _page(self) -> str:
        lines = [
            f"# {self.name}",
            "",
            f"Adapter of textnorm: two linear heads over `{self.base.identity}`.",
            f"Load it with `textnorm.encoders.load_encoder(FOLDER)`. Identity: `{self.identity}`.",
            "",
            *(f"- **{key}**: {value}" for key, value in self.card.items()),
        ]
        return "\n".join(lines) + "\n"

    @classmethod
    def load(cls, folder: str | Path, *, base: Encoder | None = None, **options: Any) -> AdapterEncoder:
        """Return the adapter in ``folder``; its encoder is opened with ``options`` where ``base`` is not given.

        Raises:
            UsageError: there is no adapter, or its encoder is another one now.
            DataError: the folder is damaged, or a newer version of textnorm wrote it.
        """
        folder = Path(folder)
        if not is_adapter(folder):
            msg = f"{folder} is no adapter: it has no {MANIFEST} of the format {FORMAT}."
            raise UsageError(msg)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest.get("version"), int) or manifest["version"] > VERSION:
            have = manifest.get("version")
            msg = f"{folder} has version {have} of {FORMAT}, this textnorm reads {VERSION}: update it."
            raise DataError(msg)
        try:
            heads = {head: np.load(folder / f"{head}.npy", allow_pickle=False) for head in HEADS}
            spec, expected = manifest["base"]["spec"], manifest["base"]["identity"]
            name, identity = str(manifest["name"]), manifest["identity"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"The adapter {folder} is damaged: {error}. Train or copy it again."
            raise DataError(msg) from error
        if base is None:
            from textnorm.encoders.load import load_encoder

            base = load_encoder(folder / "base" if spec is None else spec, **options)
        if base.identity != expected:
            msg = (
                f"The adapter {folder} was trained on '{expected}', but '{spec}' is now '{base.identity}'. Bring the "
                "old model back, or train the adapter again."
            )
            raise UsageError(msg)
        found = cls(base, heads, spec=spec or str(folder / "base"), name=name, card=manifest.get("card"))
        if found.identity != identity:
            msg = f"The adapter {folder} is damaged: its heads do not match {identity}. Train or copy it again."
            raise DataError(msg)
        return found


def is_adapter(folder: Path) -> bool:
    """Return whether ``folder`` holds an adapter (of any version)."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def load_adapter(folder: str | Path, **options: Any) -> AdapterEncoder:
    """Return the adapter in a folder: the factory ``textnorm.adapter.v1``."""
    return AdapterEncoder.load(folder, **options)


def identity_heads(dim: int) -> dict[str, NDArray[np.float32]]:
    """Return heads that change nothing."""
    return {head: np.eye(dim, dtype=np.float32) for head in HEADS}


def train_adapter(
    base: Encoder,
    sources: Sequence[PairSource],
    *,
    spec: str,
    settings: AdapterSettings | None = None,
    name: str = "adapter",
    card: Mapping[str, Any] | None = None,
    on_event: Callable[[int, int, float], None] | None = None,
) -> AdapterEncoder:
    """Return heads over ``base`` that put the texts of a group near each other.

    Every distinct text is encoded once; then a step costs two small matrix products. Texts of a bag are read as the
    mean of their vectors while training, and as one joined text when encoding: that is what makes training cheap.

    Args:
        base: the frozen encoder.
        sources: pairs; the right side of a source with a bag goes through the positive head, all else through the
            anchor head.
        spec: what ``load_encoder`` opens ``base`` by.
        settings: of the training.
        name: of the encoder.
        card: kept with the model beside the settings.
        on_event: called after each step with step, steps and loss.

    Raises:
        UsageError: no source has two groups with a pair.
        DataError: training diverged.
    """
    settings = settings or AdapterSettings()
    usable = [source for source in sources if len(source) >= 2 and source.weight > 0]
    if not usable:
        msg = "There is nothing to train on: two concepts at least must have two different names each, or attributes."
        raise UsageError(msg)
    rng = np.random.default_rng(settings.seed)
    number: dict[str, int] = {}
    for source in usable:
        for text in source.texts():
            number.setdefault(text, len(number))
    vectors = base.encode(list(number))
    decks = [Dealer(source, number, settings.batch, rng) for source in usable]
    weights = np.array([source.weight for source in usable])
    heads = identity_heads(base.dim)
    state = {head: (np.zeros_like(heads[head]), np.zeros_like(heads[head])) for head in HEADS}
    seen = dict.fromkeys(HEADS, 0)
    for step in range(settings.steps):
        chosen = int(rng.choice(len(decks), p=weights / weights.sum()))
        left, right = decks[chosen].deal()
        second = "positive" if usable[chosen].bag is not None else "anchor"
        x, y = vectors[left.texts], _means(vectors, right.texts, right.indptr)
        loss, grads = _gradients(heads, second, x, y, settings.scale, left.same(right))
        if not np.isfinite(loss):
            msg = f"Training diverged at step {step + 1} (loss {loss}): lower the rate ({settings.rate})."
            raise DataError(msg)
        rate = settings.rate * (1 - step / settings.steps)
        for head, grad in grads.items():
            seen[head] += 1
            first, square = state[head]
            first += (1 - BETA1) * (grad - first)
            square += (1 - BETA2) * (grad * grad - square)
            up = first / (1 - BETA1 ** seen[head])
            down = np.sqrt(square / (1 - BETA2 ** seen[head])) + EPSILON
            heads[head] -= np.float32(rate) * (up / down)
            if settings.decay:
                heads[head] += np.float32(settings.decay) * (np.eye(base.dim, dtype=np.float32) - heads[head])
        if on_event is not None:
            on_event(step + 1, settings.steps, loss)
    if not seen["positive"]:
        # Nothing taught it: what a name's attributes say is then best read as names are.
        heads["positive"] = heads["anchor"].copy()
    about = {
        **(card or {}),
        "base": base.identity,
        "sources": {source.name: {"groups": len(source), "weight": source.weight} for source in usable},
        "training": asdict(settings),
    }
    return AdapterEncoder(base, heads, spec=spec, name=name, card=about)


def _means(vectors: NDArray[np.float32], texts: NDArray[np.int64], indptr: NDArray[np.int64]) -> NDArray[np.float32]:
    if len(texts) == len(indptr) - 1:
        return vectors[texts]
    sums = np.add.reduceat(vectors[texts], indptr[:-1], axis=0)
    means: NDArray[np.float32] = (sums / np.diff(indptr)[:, None]).astype(np.float32)
    return means


def _gradients(
    heads: Mapping[str, NDArray[np.float32]],
    second: str,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    scale: float,
    same: NDArray[np.bool_],
) -> tuple[float, dict[str, NDArray[np.float32]]]:
    """Return the loss (InfoNCE both ways) of a batch, and its gradient in each head that the batch went through."""
    n = len(x)
    raw = np.concatenate((x @ heads["anchor"], y @ heads[second]))
    norms = np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
    unit = raw / norms
    logits = np.float32(scale) * (unit[:n] @ unit[n:].T)
    logits[same] = -np.inf
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    columns = np.exp(logits - logits.max(axis=0, keepdims=True))
    rows /= rows.sum(axis=1, keepdims=True)
    columns /= columns.sum(axis=0, keepdims=True)
    on = np.diag_indices(n)
    loss = -0.5 * float(np.mean(np.log(rows[on] + 1e-30) + np.log(columns[on] + 1e-30)))
    slope = (rows + columns) * np.float32(0.5 * scale / n)
    slope[on] -= np.float32(scale / n)
    grad = np.concatenate((slope @ unit[n:], slope.T @ unit[:n]))
    grad -= np.einsum("ij,ij->i", grad, unit)[:, None] * unit
    grad /= norms
    found = {"anchor": x.T @ grad[:n]}
    other = y.T @ grad[n:]
    found[second] = found["anchor"] + other if second == "anchor" else other
    return loss, found
