"""The nearest generated phrasing of a sentence that no frame matches, with a calibrated probability, or nothing.

Phrasings are drawn from the book and compared without what fills their slots, which stand as ``{list}``. In the
sentence, too, what a list holds is found first and so fills the slots of the frame that is chosen. Vectors come from
any encoder; by default from hashed character n-grams, which need no model.

``p`` is fitted, not assumed: a logistic model (Platt 1999) of the similarity to the best frame and its lead over the
second, on phrasings that are not among those compared with, perturbed as people perturb (words dropped, swapped,
misspelled, left without marks), and on perturbed phrasings of frames taken out of the index, whose right answer is
none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any, cast

import numpy as np

from textnorm.errors import UsageError
from textnorm.normalizers.phrasebook.expand import Generator, Phrasing
from textnorm.normalizers.phrasebook.lattice import Arc, Lattice
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.network import said_slots
from textnorm.normalizers.phrasebook.tokens import Token, strip_marks, tokenize

NGRAMS = "ngrams"
#: Dimensions of the hashed n-grams; phrasings a template is compared by; perturbed phrasings that fit the calibration.
DIM = 2048
PER_TEMPLATE = 24
FIT = 800

Encode = Callable[[Sequence[str]], Any]
"""Texts → float array [n, dim], one vector a text."""


@dataclass(frozen=True)
class Near:
    """What a sentence is nearest to.

    Attributes:
        frame: of the nearest phrasing.
        p: calibrated probability that the frame is right.
        slots: found in the sentence: value, text and span.
        phrasing: the nearest one, slots as ``{list}``.
    """

    frame: str
    p: float
    slots: dict[str, dict[str, Any]]
    phrasing: str


class NgramEncoder:
    """Hashed character 2- to 4-grams of words and word pairs, weighted by rarity among the texts it was fitted on."""

    def __init__(self, dim: int = DIM) -> None:
        self.dim = dim
        self._weight = np.ones(dim, dtype=np.float32)

    def fit(self, texts: Sequence[str]) -> NgramEncoder:
        """Learn how rare each n-gram is; return self."""
        counts = (self._counts(texts) > 0).sum(axis=0)
        self._weight = np.log((1 + len(texts)) / (1 + counts)).astype(np.float32) + 0.1
        return self

    def __call__(self, texts: Sequence[str]) -> Any:
        """Return float32 [n, dim], rows of length 1."""
        made = np.sqrt(self._counts(texts)) * self._weight
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)

    def _counts(self, texts: Sequence[str]) -> Any:
        made = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            words = [strip_marks(token.form) for token in tokenize(text)]
            for word in words:
                marked = f"<{word}>"
                for n in (2, 3, 4):
                    for i in range(len(marked) - n + 1):
                        made[row, _hash(marked[i : i + n]) % self.dim] += 1
            for pair in pairwise(words):
                made[row, _hash(" ".join(pair)) % self.dim] += 1
        return made


def _hash(text: str) -> int:
    """Return a hash that is the same in every process (FNV-1a)."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def load_encode(spec: str) -> Encode | None:
    """Return the encoder of a name or path, ``None`` for the n-grams that are fitted on the book.

    Raises:
        UsageError: there is no such encoder, or this installation has none.
    """
    if spec == NGRAMS:
        return None
    try:
        loader: Any = import_module("textnorm.encoders.load")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("textnorm.encoders"):
            raise
        msg = f"There is no encoder '{spec}': this installation knows only '{NGRAMS}'."
        raise UsageError(msg) from error
    encoder = loader.load_encoder(spec)
    return cast("Encode", encoder.encode)


class Nearest:
    """Finds the nearest phrasing. Make one with :meth:`fit`.

    Attributes:
        min_p: probability below which there is no answer.
        frames: frame of each phrasing that is compared with.
        weights: of the logistic model: bias, similarity, lead.
    """

    def __init__(
        self, matcher: Matcher, encode: Encode, phrasings: Sequence[Phrasing], min_p: float, weights: Any = None
    ) -> None:
        self.matcher = matcher
        self.encode = encode
        self.min_p = min_p
        self.said = [phrasing.said for phrasing in phrasings]
        self.templates = [phrasing.template for phrasing in phrasings]
        self.names = sorted({phrasing.frame for phrasing in phrasings})
        index = {name: i for i, name in enumerate(self.names)}
        self.owner = np.array([index[phrasing.frame] for phrasing in phrasings], dtype=np.int64)
        self.vectors = _unit(encode(self.said)) if phrasings else np.zeros((0, 1), dtype=np.float32)
        self.weights = np.zeros(3) if weights is None else weights
        lists = matcher.network.lists
        self._numbers = [i for i, one in enumerate(lists) if one.kind in ("range", "call")]
        self._fills = _fills(matcher)

    @classmethod
    def fit(
        cls,
        matcher: Matcher,
        *,
        encoder: str | Encode = NGRAMS,
        min_p: float = 0.8,
        per_template: int = PER_TEMPLATE,
        seed: int = 0,
    ) -> Nearest:
        """Return one for a book, its probabilities fitted.

        Args:
            matcher: the compiled book.
            encoder: ``ngrams``, an encoder's name or path, or a callable.
            min_p: see the class.
            per_template: phrasings drawn from each sentence of the book.
            seed: of the draws.

        Raises:
            UsageError: no such encoder, or the book has no phrasings.
        """
        generator = Generator(matcher)
        rng = random.Random(seed)
        drawn: dict[tuple[str, str], Phrasing] = {}
        for number in generator.templates():
            for one in generator.some(number, per_template, rng):
                drawn.setdefault((one.frame, one.said.casefold()), one)
        if not drawn:
            msg = "The book has no phrasings to be near to."
            raise UsageError(msg)
        phrasings = list(drawn.values())
        encode = load_encode(encoder) if isinstance(encoder, str) else encoder
        if encode is None:
            encode = NgramEncoder().fit([p.said for p in phrasings])
        made = cls(matcher, encode, phrasings, min_p)
        made.weights = _platt(*made.trials(FIT, seed + 1))
        return made

    def trials(self, n: int, seed: int) -> tuple[Any, Any]:
        """Return features [m, 2] and whether the nearest frame is right [m], of perturbed phrasings.

        Only what the book does not match counts: nothing else comes here. A third are compared without their own
        frame, so that no answer is right.
        """
        generator = Generator(self.matcher)
        rng = random.Random(seed)
        made = [(p, perturb(p.text, rng)) for p in generator.sample(n, seed=seed)]
        # By template, too: frames with few phrasings would hardly be drawn otherwise.
        numbers = [i for i in generator.templates() if generator.count_template(i)]
        for _ in range(n):
            one = generator.draw(rng.choice(numbers), rng)
            made.append((one, perturb(one.text, rng)))
        made = [(one, text) for one, text in made if not self.matcher.match(text, one.context)]
        if not made:
            return np.zeros((0, 2)), np.zeros(0)
        features, right = [], []
        bare = [self.delexicalized(text)[0] for _, text in made]
        scores = self._by_frame(bare)
        for (one, _), row in zip(made, scores, strict=True):
            if rng.random() < 1 / 3 and len(self.names) > 2:
                row = row.copy()
                row[self.names.index(one.frame)] = -1.0
            best = int(row.argmax())
            features.append(_features(row))
            right.append(self.names[best] == one.frame)
        return np.array(features), np.array(right, dtype=np.float64)

    def probabilities(self, features: Any) -> Any:
        """Return the probability that the nearest frame is right, of features [n, 2]."""
        return _logistic(np.column_stack([np.ones(len(features)), features]) @ self.weights)

    def _by_frame(self, texts: Sequence[str]) -> Any:
        """Return the similarity of each text to the nearest phrasing of each frame [n, frames]."""
        similar = _unit(self.encode(texts)) @ self.vectors.T
        made = np.full((len(texts), len(self.names)), -1.0, dtype=np.float64)
        for i in range(len(self.names)):
            made[:, i] = similar[:, self.owner == i].max(axis=1)
        return made

    def delexicalized(self, text: str) -> tuple[str, list[tuple[int, Any, Token, Token]]]:
        """Return a text with values of lists as ``{list}``, and what was there: (list, value, first, last token)."""
        tokens = tokenize(text)
        lattice = Lattice(tokens, self._words)
        parts: list[str] = []
        found: list[tuple[int, Any, Token, Token]] = []
        at = 0
        while at < len(tokens):
            best: tuple[int, int, Any] | None = None
            listed = self.matcher.lexicon.find(lattice, at).items()
            hits = [(end, number, values[0]) for number, ends in listed for end, values, _ in ends]
            for number in self._numbers:
                hits += [
                    (end, number, read.value) for end, read in self.matcher.readers.find(number, text, lattice, at)
                ]
            for hit in hits:
                if best is None or hit[0] > best[0]:
                    best = hit
            if best is None:
                parts.append(tokens[at].form)
                at += 1
                continue
            end, number, value = best
            parts.append(f"{{{self.matcher.network.lists[number].name}}}")
            found.append((number, value, tokens[at], tokens[end - 1]))
            at = end
        return " ".join(parts), found

    def _words(self, form: str, target: int) -> list[Arc]:
        near = self.matcher.related_words(form)
        return [(form, target, 1.0), *((word, target, weight) for word, weight in near if word != form)]

    def __call__(self, text: str) -> Near | None:
        """Return the nearest phrasing of a text, ``None`` where its probability is below :attr:`min_p`."""
        near = self.nearest(text)
        return near if near is not None and near.p >= self.min_p else None

    def nearest(self, text: str) -> Near | None:
        """Return the nearest phrasing of a text whatever its probability; ``None`` for a text without words."""
        bare, found = self.delexicalized(text)
        if not bare:
            return None
        similar = (_unit(self.encode([bare])) @ self.vectors.T)[0]
        row = np.array([similar[self.owner == i].max() for i in range(len(self.names))])
        frame = int(row.argmax())
        own = np.flatnonzero(self.owner == frame)
        best = int(own[similar[own].argmax()])
        p = float(self.probabilities(np.array([_features(row)]))[0])
        return Near(self.names[frame], round(p, 4), self._slots(text, self.templates[best], found), self.said[best])

    def _slots(self, text: str, template: int, found: list[tuple[int, Any, Token, Token]]) -> dict[str, dict[str, Any]]:
        """Return the slots of a template's frame that were found in a text; several slots of one list fill in order."""
        block = self.matcher.network.templates[template][0]
        slots: dict[str, dict[str, Any]] = {name: {"value": value} for name, value in block.slots.items()}
        names = self._fills.get(block.frame, {})
        for number, value, first, last in found:
            known = names.get(self.matcher.network.lists[number].name, ())
            name = next((n for n in known if "start" not in slots.get(n, {})), None)
            if name is None:
                continue
            said = text[first.start : last.end]
            meant = getattr(value, "out", value)
            slots[name] = {
                "value": said if meant is None else meant,
                "text": said,
                "start": first.start,
                "end": last.end,
            }
        return slots


def _fills(matcher: Matcher) -> dict[str, dict[str, list[str]]]:
    """Return, by frame and list, the slots that the list fills."""
    made: dict[str, dict[str, list[str]]] = {}
    network = matcher.network
    for tree, (block, _) in zip(network.trees, network.templates, strict=True):
        lists = made.setdefault(block.frame, {})
        for slot in said_slots(tree, block, network):
            known = lists.setdefault(slot.list, [])
            if slot.slot not in known:
                known.append(slot.slot)
    return made


def _features(row: Any) -> tuple[float, float]:
    """Return the similarity to the best frame and its lead over the second."""
    if len(row) == 1:
        return float(row[0]), float(row[0])
    top = np.sort(row)[-2:]
    return float(top[1]), float(top[1] - max(top[0], 0.0))


def _unit(vectors: Any) -> Any:
    made = np.asarray(vectors, dtype=np.float32)
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def _logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def _platt(features: Any, right: Any) -> Any:
    """Return the weights of a logistic model by Newton's method, targets smoothed as Platt (1999) has them."""
    x = np.column_stack([np.ones(len(features)), features])
    if not len(x):
        return np.zeros(3)
    hits = right.sum()
    target = np.where(right > 0, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = _logistic(x @ weights)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(x.shape[1]), x.T @ (p - target))
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def perturb(text: str, rng: random.Random) -> str:
    """Return a sentence as people may say or type it: a word dropped, two swapped, letters wrong, marks missing."""
    words = text.split()
    for _ in range(rng.choice((1, 1, 2))):
        kind = rng.randrange(4)
        at = rng.randrange(len(words))
        if kind == 0 and len(words) > 2:
            del words[at]
        elif kind == 1 and len(words) > 1:
            at = min(at, len(words) - 2)
            words[at], words[at + 1] = words[at + 1], words[at]
        elif kind == 2 and len(words[at]) > 3:
            i = rng.randrange(1, len(words[at]) - 1)
            word = words[at]
            words[at] = rng.choice((word[:i] + word[i + 1 :], word[:i] + word[i + 1] + word[i] + word[i + 2 :]))
        else:
            words[at] = strip_marks(words[at].lower())
    return " ".join(words)
