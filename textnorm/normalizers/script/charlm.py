"""Character n-gram language model: interpolated modified Kneser-Ney, pruned, one byte a probability, scored in arrays.

Smoothing: Chen and Goodman (1999), modified Kneser-Ney, p. 370. Pruning: by weighted difference (Seymore and
Rosenfeld 1996). Orders one to three lie in dense arrays, longer n-grams in a :class:`HashedMap`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from textnorm.errors import DataError
from textnorm.normalizers.script.hashed import HashedMap, Keys

Floats = npt.NDArray[np.float32]
#: Bits of one character in a packed context; an alphabet has at most ``2 ** BITS - 1`` known characters.
BITS = 7
MAX_ORDER = 8
#: Nats of one step of a stored log-probability or back-off weight.
STEP = 1 / 16
EDGE = " "
_BITS = np.uint64(BITS)


def _mask(length: int) -> np.uint64:
    return np.uint64((1 << (BITS * length)) - 1)


class Alphabet:
    """Characters and their numbers: 0 is any unknown character, 1 the edge of a word (a space)."""

    def __init__(self, chars: str) -> None:
        if len(chars) >= 1 << BITS:
            msg = f"an alphabet of {len(chars)} characters is too large"
            raise ValueError(msg)
        self.chars = chars
        self.numbers = {char: i + 1 for i, char in enumerate(chars)}

    @classmethod
    def of(cls, counts: Mapping[str, int], wanted: Iterable[str] = (), size: int = 120) -> Alphabet:
        """Return the alphabet of the commonest characters, those ``wanted`` among them."""
        must = dict.fromkeys([EDGE, *sorted(set(wanted) - {EDGE})])
        often = sorted(counts, key=lambda char: (-counts[char], char))
        chars = [*must, *(char for char in often if char not in must)]
        return cls("".join(chars[:size]))

    def __len__(self) -> int:
        return len(self.chars) + 1

    def encode(self, text: str) -> npt.NDArray[np.uint8]:
        """Return the numbers of the characters of a text."""
        if not text:
            return np.zeros(0, dtype=np.uint8)
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        known, back = np.unique(points, return_inverse=True)
        table = np.array([self.numbers.get(chr(int(p)), 0) for p in known], dtype=np.uint8)
        return table[back]


class CharLM:
    """Log-probabilities of characters after the characters before them.

    Attributes:
        alphabet: characters and their numbers.
        order: length of the longest n-gram.
        dense: uint8 ``[A, A, A, 2]``: of each trigram the cost and the back-off cost, in steps.
        longer: n-grams of four characters and more: cost and back-off cost.
    """

    def __init__(self, alphabet: Alphabet, order: int, dense: npt.NDArray[np.uint8], longer: HashedMap) -> None:
        self.alphabet = alphabet
        self.order = order
        self.dense = dense
        self.longer = longer
        size = len(alphabet)
        self._cost = np.ascontiguousarray(dense.reshape(-1, 2)[:, 0]).astype(np.float32) * -STEP
        self._back = np.ascontiguousarray(dense.reshape(-1, 2)[:, 1]).astype(np.float32) * -STEP
        self._size = np.uint64(size)
        self._masks = [_mask(k) for k in range(order + 1)]
        self.start = np.uint64(1)

    # -- scoring -----------------------------------------------------------------------------------------------------
    def extend(
        self, context: Keys, matched: npt.NDArray[np.uint8], char: npt.NDArray[np.uint8]
    ) -> tuple[Floats, Keys, npt.NDArray[np.uint8]]:
        """Score one more character of each of ``n`` strings.

        Args:
            context: uint64 ``[n]``, the last characters packed, the latest in the lowest bits.
            matched: uint8 ``[n]``, how many of them the longest known n-gram covers.
            char: uint8 ``[n]``, numbers of the new characters.

        Returns:
            Log-probabilities in nats ``[n]``, new contexts, new lengths matched.
        """
        wide = char.astype(np.uint64)
        new = ((context << _BITS) | wide) & self._masks[self.order - 1]
        score = np.zeros(len(context), dtype=np.float32)
        depth = np.zeros(len(context), dtype=np.uint8)
        todo = np.arange(len(context))
        for k in range(self.order, 3, -1):
            at = todo[(matched >= k - 1) & (depth == 0)]
            if not len(at):
                continue
            keys = ((context[at] & self._masks[k - 1]) << _BITS) | wide[at]
            rows = self.longer.find(keys | (np.uint64(k) << np.uint64(60)))
            hit = rows >= 0
            found = at[hit]
            score[found] += self.longer.values[rows[hit], 0] * np.float32(-STEP)
            depth[found] = k
            missed = at[~hit]
            if k == 4:
                score[missed] += self._back[self._trigram(context[missed])]
            elif len(missed):
                held = self.longer.find((context[missed] & self._masks[k - 1]) | (np.uint64(k - 1) << np.uint64(60)))
                ok = held >= 0
                score[missed[ok]] += self.longer.values[held[ok], 1] * np.float32(-STEP)
        rest = np.flatnonzero(depth == 0)
        c = context[rest]
        index = (((c >> _BITS) & self._masks[1]) * self._size + (c & self._masks[1])) * self._size + wide[rest]
        score[rest] += self._cost[index.astype(np.int64)]
        depth[rest] = 3
        return score, new, np.minimum(depth, self.order - 1)

    def _trigram(self, context: Keys) -> npt.NDArray[np.int64]:
        m = self._masks[1]
        a, b, c = (context >> np.uint64(2 * BITS)) & m, (context >> _BITS) & m, context & m
        return ((a * self._size + b) * self._size + c).astype(np.int64)

    def words(self, words: list[str]) -> Floats:
        """Return log-probabilities of whole words, both edges counted, ``[n]``."""
        out = np.zeros(len(words), dtype=np.float32)
        if not words:
            return out
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        ids = np.ones((len(words), int(lengths.max()) + 1), dtype=np.uint8)
        flat = self.alphabet.encode("".join(words))
        ids[:, :-1][np.arange(ids.shape[1] - 1) < lengths[:, None]] = flat
        context = np.full(len(words), self.start, dtype=np.uint64)
        matched = np.ones(len(words), dtype=np.uint8)
        for i in range(ids.shape[1]):
            live = np.flatnonzero(lengths >= i)
            score, context[live], matched[live] = self.extend(context[live], matched[live], ids[live, i])
            out[live] += score
        return out

    # -- storing -----------------------------------------------------------------------------------------------------
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays to store."""
        return {"lm_dense": self.dense, "lm_prints": self.longer.prints, "lm_values": self.longer.values}

    @classmethod
    def of(cls, alphabet: Alphabet, order: int, arrays: Mapping[str, npt.NDArray[Any]]) -> CharLM:
        """Return the model of stored arrays."""
        return cls(alphabet, order, arrays["lm_dense"], HashedMap(arrays["lm_prints"], arrays["lm_values"]))


# -- training --------------------------------------------------------------------------------------------------------
def count_chars(texts: Iterable[str]) -> Counter[str]:
    """Return how often each character stands in the texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return counts


def train(words: Mapping[str, float], alphabet: Alphabet, *, order: int = 6, size: int = 700_000) -> CharLM:
    """Train on strings with weights; each is read with an edge before and after it.

    Args:
        words: words, or pieces of several words, and their weights (1 and more).
        alphabet: characters and their numbers.
        order: longest n-gram, 4 to 8.
        size: n-grams of four characters and more that are kept.

    Raises:
        DataError: all words together are shorter than an n-gram.
    """
    if sum(len(word) + 1 for word in words) + 1 < order:
        msg = f"too little right text for a model of characters: {len(words)} words; give more lines."
        raise DataError(msg)
    weights = np.array([max(1.0, w) for w in words.values()], dtype=np.float64)
    text = EDGE + EDGE.join(words) + EDGE
    ids = alphabet.encode(text).astype(np.uint64)
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    # A character is predicted once for each time its word stands in the text; the edge after a word belongs to it.
    weight = np.concatenate([[0.0], np.repeat(weights, lengths + 1)])
    # What stands before the word is an edge only, never the word before it.
    start = np.concatenate([[0], np.repeat(np.cumsum(lengths + 1) - lengths, lengths + 1)])
    place = np.arange(len(ids))
    known = np.minimum(place - start + 1, MAX_ORDER)  # characters of the word before this one, and the edge
    grams: list[tuple[Keys, npt.NDArray[np.float64]]] = []
    packed = np.zeros(len(ids), dtype=np.uint64)
    for k in range(1, order + 1):
        shifted = np.zeros(len(ids), dtype=np.uint64)
        shifted[k - 1 :] = ids[: len(ids) - k + 1]
        packed |= shifted << np.uint64(BITS * (k - 1))
        ok = (place > 0) & (known >= k - 1)
        keys, back = np.unique(packed[ok], return_inverse=True)
        summed = np.bincount(back, weights=weight[ok], minlength=len(keys)).astype(np.float64)
        grams.append((keys.astype(np.uint64), summed))
    return _estimate(grams, alphabet, size)


def _estimate(grams: list[tuple[Keys, npt.NDArray[np.float64]]], alphabet: Alphabet, size: int) -> CharLM:
    order = len(grams)
    counts = [count for _, count in grams]
    for k in range(order - 1, 0, -1):  # lower orders count the characters that can stand before
        keys, _ = grams[k]
        suffix, seen = np.unique(keys & _mask(k), return_counts=True)
        lower = grams[k - 1][0]
        kinds = np.zeros(len(lower))
        kinds[np.searchsorted(lower, suffix)] = seen
        # What opens a word has only the edge before it: there the true count is kept.
        opens = (lower >> np.uint64(BITS * (k - 1))) == 1 if k > 1 else np.zeros(len(lower), dtype=bool)
        counts[k - 1] = np.where(opens | (kinds == 0), counts[k - 1], kinds)
    size_a = len(alphabet)
    flat = np.full(1 << BITS, 0.0)
    flat[:size_a] = 1 / size_a
    probs: list[npt.NDArray[np.float64]] = []
    gammas: list[npt.NDArray[np.float64]] = []
    contexts: list[Keys] = []
    for k in range(1, order + 1):
        keys, count = grams[k - 1][0], counts[k - 1]
        heads, first = np.unique(keys >> _BITS, return_index=True)
        total = np.add.reduceat(count, first)
        n = [float(((count > i - 0.5) & (count < i + 0.5)).sum()) for i in (1, 2, 3, 4)]
        y = n[0] / max(1.0, n[0] + 2 * n[1])
        steps = [min(i, max(0.1 * i, i - (i + 1) * y * n[i] / max(1.0, n[i - 1]))) for i in (1, 2, 3)]
        discount = np.where(count < 1.5, steps[0], np.where(count < 2.5, steps[1], steps[2]))
        discount = np.minimum(discount, 0.95 * count)  # weights need not be whole numbers
        which = np.repeat(np.arange(len(heads)), np.diff(np.append(first, len(keys))))
        gamma = np.add.reduceat(discount, first) / total
        below = flat[keys.astype(np.int64)] if k == 1 else _lower(keys, k, grams, probs, gammas, contexts, flat)
        probs.append((count - discount) / total[which] + gamma[which] * below)
        gammas.append(gamma)
        contexts.append(heads)
    return _pack(grams, probs, gammas, contexts, alphabet, flat, size)


def _lower(
    keys: Keys,
    k: int,
    grams: list[tuple[Keys, npt.NDArray[np.float64]]],
    probs: list[npt.NDArray[np.float64]],
    gammas: list[npt.NDArray[np.float64]],
    contexts: list[Keys],
    flat: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the probability of each k-gram's last character after one character less."""
    short = keys & _mask(k - 1)
    lower = grams[k - 2][0]
    at = np.minimum(np.searchsorted(lower, short), len(lower) - 1)
    out = probs[k - 2][at].copy()
    missing = lower[at] != short
    if missing.any():  # only where a word's first characters make the whole n-gram
        heads = contexts[k - 2]
        head = short[missing] >> _BITS
        where = np.minimum(np.searchsorted(heads, head), len(heads) - 1)
        gamma = np.where(heads[where] == head, gammas[k - 2][where], 1.0)
        below = (
            flat[(short[missing] & _mask(1)).astype(np.int64)]
            if k == 2
            else _lower(short[missing], k - 1, grams, probs, gammas, contexts, flat)
        )
        out[missing] = gamma * below
    return out


def _pack(
    grams: list[tuple[Keys, npt.NDArray[np.float64]]],
    probs: list[npt.NDArray[np.float64]],
    gammas: list[npt.NDArray[np.float64]],
    contexts: list[Keys],
    alphabet: Alphabet,
    flat: npt.NDArray[np.float64],
    size: int,
) -> CharLM:
    order = len(grams)
    belows = [_lower(grams[k - 1][0], k, grams, probs, gammas, contexts, flat) for k in range(4, order + 1)]
    gains = []
    for k in range(4, order + 1):
        heads = contexts[k - 1]
        keys, count = grams[k - 1]
        gamma = gammas[k - 1][np.searchsorted(heads, keys >> _BITS)]
        gains.append(count * (np.log(probs[k - 1]) - np.log(gamma * belows[k - 4] + 1e-12)))
    every = np.concatenate(gains) if gains else np.zeros(0)
    limit = np.partition(every, len(every) - size)[len(every) - size] if len(every) > size else -np.inf
    keep = [gain > max(limit, 0.05) for gain in gains]
    for j in range(len(keep) - 1, 0, -1):  # a context of a kept n-gram is kept
        heads = np.unique(grams[j + 3][0][keep[j]] >> _BITS)
        lower = grams[j + 2][0]
        at = np.minimum(np.searchsorted(lower, heads), len(lower) - 1)
        keep[j - 1][at[lower[at] == heads]] = True
    keys_out: list[Keys] = []
    values: list[npt.NDArray[np.uint8]] = []
    for k in range(4, order + 1):
        kept = keep[k - 4]
        keys = grams[k - 1][0][kept]
        back = np.ones(len(keys))
        if k < order:
            above, held = grams[k][0], keep[k - 3]
            _backoff(back, keys, above[held], probs[k][held], belows[k - 3][held])
        keys_out.append(keys | (np.uint64(k) << np.uint64(60)))
        values.append(np.stack([_steps(probs[k - 1][kept]), _steps(back)], axis=1))
    dense = _dense(grams, probs, gammas, contexts, flat, len(alphabet))
    back3 = np.ones(len(alphabet) ** 3)
    if order > 3:
        tri = _index(np.unique(grams[3][0][keep[0]] >> _BITS), len(alphabet))
        heads = np.unique(grams[3][0][keep[0]] >> _BITS)
        part = np.ones(len(heads))
        _backoff(part, heads, grams[3][0][keep[0]], probs[3][keep[0]], belows[0][keep[0]])
        back3[tri] = part
    packed = np.stack([_steps(dense), _steps(back3)], axis=1).reshape((len(alphabet),) * 3 + (2,))
    longer = HashedMap.build(np.concatenate(keys_out), np.concatenate(values))
    return CharLM(alphabet, order, packed, longer)


def _backoff(
    back: npt.NDArray[np.float64],
    heads: Keys,
    keys: Keys,
    prob: npt.NDArray[np.float64],
    below: npt.NDArray[np.float64],
) -> None:
    """Set the back-off weight of each context so that its probabilities sum to one after pruning."""
    at = np.searchsorted(heads, keys >> _BITS)
    ok = (at < len(heads)) & (heads[np.minimum(at, len(heads) - 1)] == keys >> _BITS)
    kept = np.bincount(at[ok], weights=prob[ok], minlength=len(heads))
    kept_below = np.bincount(at[ok], weights=below[ok], minlength=len(heads))
    has = kept > 0
    back[has] = np.clip((1 - kept[has]) / np.maximum(1 - kept_below[has], 1e-6), 1e-6, 1.0)


def _index(keys: Keys, size: int) -> npt.NDArray[np.int64]:
    m = _mask(1)
    a, b, c = (keys >> np.uint64(2 * BITS)) & m, (keys >> _BITS) & m, keys & m
    return ((a * np.uint64(size) + b) * np.uint64(size) + c).astype(np.int64)


def _dense(
    grams: list[tuple[Keys, npt.NDArray[np.float64]]],
    probs: list[npt.NDArray[np.float64]],
    gammas: list[npt.NDArray[np.float64]],
    contexts: list[Keys],
    flat: npt.NDArray[np.float64],
    size: int,
) -> npt.NDArray[np.float64]:
    """Return the probability of every trigram, seen or not, ``[size ** 3]``."""
    uni = np.zeros(size)
    uni[:] = gammas[0][0] * flat[:size]
    uni[grams[0][0].astype(np.int64)] = probs[0]
    gamma2 = np.ones(size)
    gamma2[contexts[1].astype(np.int64)] = gammas[1]
    bi = gamma2[:, None] * uni[None, :]
    keys = grams[1][0]
    bi[(keys >> _BITS).astype(np.int64), (keys & _mask(1)).astype(np.int64)] = probs[1]
    gamma3 = np.ones((size, size))
    heads = contexts[2]
    gamma3[(heads >> _BITS).astype(np.int64), (heads & _mask(1)).astype(np.int64)] = gammas[2]
    tri = (gamma3[:, :, None] * bi[None, :, :]).reshape(-1)
    tri[_index(grams[2][0], size)] = probs[2]
    return tri


def _steps(prob: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    cost = -np.log(np.maximum(prob, 1e-9)) / STEP
    return np.clip(np.rint(cost), 0, 255).astype(np.uint8)
