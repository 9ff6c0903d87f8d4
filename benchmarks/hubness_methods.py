"""Methods of hubness reduction that are not in the product, beside those that are.

    python benchmarks/hubness_methods.py --dexter                  figures of the literature, reproduced
    python benchmarks/hubness_methods.py [TASK] [--plot FILE.svg]  retrieval on a task of ``textnorm bench hubness``

Each method here is written from its paper, plainly and with full tables. Parameters are chosen on the development part
of the task, figures are from the test part.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from data import data_dir  # beside this file

from textnorm.retrieval.measures import (
    Hubness,
    anti_hub_share,
    first_ranks,
    k_occurrence,
    paired_interval,
    recall_at,
    reciprocal,
    skewness,
)

Array = NDArray[Any]
#: Method, setting, R@1, its gain with interval, R@10, MRR, S10, share of anti-hubs.
Figures = tuple[str, str, float, tuple[float, float, float], float, float, float, float]


# -- DEXTER ----------------------------------------------------------------------------------------------------------
#: Method -> S5, share of anti-hubs at k = 5 in per cent, S10, accuracy of 1, 5 and 20 nearest neighbours in per cent:
#: the tutorial of OFAI/hub-toolbox-python3, as printed.
PUBLISHED = {
    "none": (4.222, 26.67, 3.98, 80.33, 80.33, 84.33),
    "NICDM": (2.10, 0.667, 1.74, 84.67, 85.0, 85.0),
    "centering": (1.62, 6.667, 1.38, 85.0, 87.67, 89.33),
    "DisSimGlobal": (1.87, 6.333, 1.62, 84.0, 88.67, 88.67),
    "MP Gauss": (0.805, 4.667, 1.21, 83.67, 89.0, 90.0),
    "MP empiric": (0.712, 3.0, 0.71, 82.67, 89.67, 88.67),
}


def dexter(folder: Path) -> tuple[Array, Array]:
    """Return vectors [300, 20000] and labels, -1 or 1."""
    rows = np.zeros((300, 20_000))
    for i, line in enumerate((folder / "dexter_train.data").read_text().splitlines()):
        for cell in line.split():
            column, value = cell.split(":")
            rows[i, int(column) - 1] = float(value)
    labels = np.array([int(line) for line in (folder / "dexter_train.labels").read_text().splitlines()])
    return rows, labels


def cosine_distances(rows: Array) -> Array:
    """Return 1 - cosine, exactly 0 on the diagonal."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    table = 1 - unit @ unit.T
    np.fill_diagonal(table, 0)
    return table


def nicdm(table: Array, k: int = 7) -> Array:
    """Non-iterative contextual dissimilarity: d / sqrt(mu_i mu_j), mu the mean distance to the k nearest others."""
    others = table + np.diag(np.full(len(table), np.inf))
    mu = np.sort(others, axis=1)[:, :k].mean(axis=1)
    return table / np.sqrt(np.outer(mu, mu))


def dissim_global(rows: Array) -> Array:
    """Squared Euclidean distance less the squared distances of both points to the mean."""
    squares = np.einsum("ij,ij->i", rows, rows)
    away = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1)
    return squares[:, None] + squares - 2 * rows @ rows.T - away[:, None] - away


def mutual_proximity_gauss(table: Array) -> Array:
    """1 - P(farther from i) P(farther from j), normal distributions of the distances to the others.

    The published figures come out with the population standard deviation.
    """
    from scipy.stats import norm

    off = ~np.eye(len(table), dtype=bool)
    others = table[off].reshape(len(table), -1)
    mean, deviation = others.mean(axis=1), others.std(axis=1)
    far = norm.sf(table, mean[:, None], deviation[:, None]) * norm.sf(table, mean, deviation)
    return 1 - far


def mutual_proximity_empiric(table: Array) -> Array:
    """1 - share of objects farther from both. Whole numbers by n: many ties, see :func:`neighbours_of`."""
    found = np.empty_like(table)
    for i in range(len(table)):
        limit = table[i][:, None]
        found[i] = 1 - ((table[i] > limit) & (table > limit)).mean(axis=1)
    return found


def neighbours_of(table: Array, rng: np.random.Generator | None = None) -> Array:
    """Return the others in the order of distance; ties by position, or at random as in the hub-toolbox."""
    others = table + np.diag(np.full(len(table), np.inf))
    if rng is None:
        return np.argsort(others, axis=1, kind="stable")
    return np.lexsort((rng.random(table.shape), others), axis=1)


def dexter_figures(table: Array, labels: Array, rng: np.random.Generator | None = None) -> tuple[float, ...]:
    """Return what :data:`PUBLISHED` has. An even vote goes to the nearest neighbour."""
    order = neighbours_of(table, rng)
    counts = {k: k_occurrence(order[:, :k], len(table)) for k in (5, 10)}
    accuracy = []
    for k in (1, 5, 20):
        votes = labels[order[:, :k]].sum(axis=1) + labels[order[:, 0]] / 2
        accuracy.append(100 * float((np.sign(votes) == labels).mean()))
    return (skewness(counts[5]), 100 * anti_hub_share(counts[5]), skewness(counts[10]), *accuracy)


def dexter_tables(rows: Array) -> dict[str, Array]:
    """Return method -> table of distances."""
    plain = cosine_distances(rows)
    return {
        "none": plain,
        "NICDM": nicdm(plain),
        "centering": cosine_distances(rows - rows.mean(axis=0)),
        "DisSimGlobal": dissim_global(rows),
        "MP Gauss": mutual_proximity_gauss(plain),
        "MP empiric": mutual_proximity_empiric(plain),
    }


def print_dexter() -> None:
    """Print our figures beside the published ones."""
    rows, labels = dexter(data_dir() / "hubness" / "dexter")
    print("DEXTER, 300 texts; ours / as published")
    print("method         S5              anti-hubs %     S10             1-NN %          5-NN %          20-NN %")
    for name, table in dexter_tables(rows).items():
        ours = dexter_figures(table, labels)
        cells = [f"{a:.4f} / {b:g}".ljust(16) for a, b in zip(ours, PUBLISHED[name], strict=True)]
        print(name.ljust(15) + "".join(cells).rstrip())
        if name == "MP empiric":
            drawn = [dexter_figures(table, labels, np.random.default_rng(seed)) for seed in range(200)]
            low, high = np.min(drawn, axis=0), np.max(drawn, axis=0)
            cells = [f"{a:.4f}-{b:.4f}".ljust(16) for a, b in zip(low, high, strict=True)]
            print("  ties at random".ljust(15) + "".join(cells).rstrip())


# -- retrieval: candidates are ranked again by each method -----------------------------------------------------------
def scored_nicdm(c: Context, k: int) -> Array:
    """Rank by (2 - 2 s) / mu_j, mu the mean Euclidean distance to the k nearest bank rows."""
    mu = c.distances_to_bank(k)
    return -(2 - 2 * c.s) / mu[c.items]


def scored_dissim_local(c: Context, k: int) -> Array:
    """Similarity + |g - centroid of its k nearest bank rows|^2 / 2."""
    near = np.argpartition(-c.table, k, axis=1)[:, :k]
    away = np.array([((g - c.bank[rows].mean(axis=0)) ** 2).sum() for g, rows in zip(c.gallery, near, strict=True)])
    return c.s + away[c.items] / 2


def scored_mutual_proximity(c: Context, _: None) -> Array:
    """Mutual proximity with normal distributions of the similarities to the bank, and of a query to the gallery."""
    from scipy.stats import norm

    mean, deviation = c.table.mean(axis=1), c.table.std(axis=1)
    own_mean, own_deviation = c.query_moments()
    farther = norm.cdf(c.s, own_mean[:, None], own_deviation[:, None])
    return farther * norm.cdf(c.s, mean[c.items], deviation[c.items])


def scored_global(c: Context, _: None) -> Array:
    """Globally corrected (Dinu 2015): rank of the query among the bank in the item's list, ties by similarity."""
    ordered = np.sort(c.table, axis=1)
    better = np.empty(c.s.shape)
    for row, items in enumerate(c.items):
        for column, item in enumerate(items):
            better[row, column] = len(c.bank) - np.searchsorted(ordered[item], c.s[row, column], "right")
    return -better + c.s / 4


def scored_sinkhorn(c: Context, tau: float, iterations: int = 10) -> Array:
    """Potentials of entropic transport between bank and gallery; the first step is an inverted softmax at 1 / tau."""
    return c.s - c.potentials(tau, iterations)[c.items]


def scored_centred(c: Context, _: None) -> Array:
    """Both sides less their means, of length 1 again."""
    queries, gallery = c.queries - c.bank.mean(axis=0), c.gallery - c.gallery.mean(axis=0)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    return np.stack([gallery[items] @ query for items, query in zip(c.items, queries, strict=True)])


COMPARED: dict[str, tuple[Callable[..., Array], tuple[Any, ...]]] = {
    "NICDM": (scored_nicdm, (5, 10, 32)),
    "DisSimLocal": (scored_dissim_local, (5, 10, 32)),
    "MP Gauss": (scored_mutual_proximity, (None,)),
    "globally corrected": (scored_global, (None,)),
    "Sinkhorn": (scored_sinkhorn, (0.02, 0.05, 0.1)),
    "centring, re-normalised": (scored_centred, (None,)),
}


class Context:
    """Candidates of some queries, and what the methods look up. ``table`` [n, m] holds gallery-to-bank similarities."""

    #: Potentials by temperature.
    known: ClassVar[dict[float, Array]] = {}

    def __init__(self, candidates: Any, queries: Array, gallery: Array, bank: Array, table: Array) -> None:
        self.items, self.s = candidates.items, candidates.similarities
        self.queries, self.gallery, self.bank, self.table = queries, gallery, bank, table

    def distances_to_bank(self, k: int) -> Array:
        """Return [n]: mean Euclidean distance of each item to its k nearest bank rows."""
        best = -np.partition(-self.table, k, axis=1)[:, :k]
        return np.sqrt(np.maximum(2 - 2 * best, 1e-12)).mean(axis=1)

    def potentials(self, tau: float, iterations: int) -> Array:
        """Return [n]: the dual variables of the items after some iterations; computed once for all contexts."""
        if tau not in self.known:
            table = self.table / np.float32(tau)
            table -= table.max()
            np.exp(table, out=table)
            rows = np.full(len(self.bank), 1 / len(self.bank), np.float32)
            for _ in range(iterations):
                items = 1 / (table @ rows)
                rows = 1 / (items @ table)
                rows /= rows.sum()
            self.known[tau] = -tau * np.log(items.astype(np.float64))
        return self.known[tau]

    def query_moments(self) -> tuple[Array, Array]:
        """Return mean and standard deviation of each query's similarities to the gallery."""
        mean, deviation = np.empty(len(self.queries)), np.empty(len(self.queries))
        for at in range(0, len(self.queries), 100):
            found = self.queries[at : at + 100] @ self.gallery.T
            mean[at : at + 100], deviation[at : at + 100] = found.mean(axis=1), found.std(axis=1)
        return mean, deviation


def compare(name: str) -> tuple[list[Figures], str]:
    """Return a row for each method, and the encoder."""
    from textnorm.bench.hubness import Encoded, best_of, open_encoder
    from textnorm.bench.hubness_tasks import BANK, load_task
    from textnorm.retrieval.methods import METHODS
    from textnorm.retrieval.tuner import Bench, settings_for

    encoder, which = open_encoder()
    e = Encoded.of(load_task(name, data_dir()), encoder)
    bank = encoder.encode(e.task.bank[:BANK])
    settings = settings_for()
    dev = Bench.of(e.gallery, e.dev, e.dev_gold, bank, None, settings)
    test = Bench.of(e.gallery, e.test, e.test_gold, bank, None, settings, shared=dev)
    raw = first_ranks(test.candidates.scores(None), test.right)
    n = len(e.gallery)
    rows: list[Figures] = []

    def add(method: str, setting: str, scores: Array) -> None:
        ranks = first_ranks(scores, test.right)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        hubs = Hubness.of(np.take_along_axis(test.candidates.items, order, axis=1), n)
        gain = paired_interval(recall_at(ranks, 1), recall_at(raw, 1))
        figures = recall_at(ranks, 1).mean(), gain, recall_at(ranks, 10).mean(), reciprocal(ranks).mean()
        rows.append((method, setting, *figures, hubs.skewness, hubs.anti_hubs))

    add("cosine", "", test.candidates.scores(None))
    for method in METHODS:
        best = best_of(dev, [setting for setting in settings if setting.name == method])
        add(method, str(best), test.candidates.scores(test.correction(best)))
    table = e.gallery @ bank.T
    contexts = [
        Context(bench.candidates, queries, e.gallery, bank, table) for bench, queries in ((dev, e.dev), (test, e.test))
    ]
    for method, (score, choices) in COMPARED.items():
        found = [reciprocal(first_ranks(score(contexts[0], value), dev.right)).mean() for value in choices]
        best = choices[int(np.argmax(found))]
        add(method, "" if best is None else f"{best:g}", score(contexts[1], best))
    return rows, which


def plot(rows: list[Figures], title: str, path: str) -> None:
    """Write recall at 1 against skewness, one point a method, as SVG."""
    from xml.sax.saxutils import escape

    width, height, left, bottom = 760, 460, 60, 50
    xs, ys = [row[6] for row in rows], [row[2] for row in rows]
    low, high = min(ys) - 0.01, max(ys) + 0.01
    right = max(xs) * 1.25

    def x_of(value: float) -> float:
        return left + value / right * (width - left - 20)

    def y_of(value: float) -> float:
        return height - bottom - (value - low) / (high - low) * (height - bottom - 40)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="20" font-size="14">{escape(title)}</text>',
        f'<path d="M{left} 40V{height - bottom}H{width - 20}" fill="none" stroke="black"/>',
        f'<text x="{(left + width) / 2}" y="{height - 12}" text-anchor="middle">'
        "skewness of the 10-occurrence (lower: fewer hubs; no gain in itself)</text>",
        f'<text transform="translate(16 {height / 2}) rotate(-90)" text-anchor="middle">recall at 1</text>',
    ]
    for i in range(5):
        x, y = right * i / 4, low + (high - low) * i / 4
        parts.append(f'<text x="{x_of(x):.1f}" y="{height - bottom + 16}" text-anchor="middle">{x:.0f}</text>')
        parts.append(f'<text x="{left - 6}" y="{y_of(y) + 4:.1f}" text-anchor="end">{y:.3f}</text>')
    lowest = 1e9
    for row in sorted(rows, key=lambda row: row[2]):
        x, y = x_of(row[6]), y_of(row[2])
        lowest = min(lowest - 13, y + 4) if lowest < 1e9 else y + 4  # labels keep off each other
        colour = "#888" if row[0] in COMPARED else "#b00" if row[0] == "cosine" else "#06c"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<path d="M{x + 5:.1f} {y:.1f}L{x + 20:.1f} {lowest - 4:.1f}" stroke="#ccc"/>')
        parts.append(f'<text x="{x + 23:.1f}" y="{lowest:.1f}" fill="{colour}">{escape(row[0])}</text>')
    Path(path).write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="?", default="hpo-es")
    parser.add_argument("--dexter", action="store_true", help="the published figures instead of a task")
    parser.add_argument("--plot", help="write skewness and recall of each method here, as SVG")
    parser.add_argument("--json", help="write the rows here")
    args = parser.parse_args()
    if args.dexter:
        print_dexter()
        return
    rows, encoder = compare(args.task)
    print(f"{args.task}, {encoder}; methods below the line are not in the product")
    print("method                   R@1    gain in R@1 [95 %]          R@10   MRR    S10    anti-hubs  setting")
    for method, setting, first, (gain, lo, hi), ten, mrr, skew, anti in rows:
        if method == next(iter(COMPARED)):
            print("-" * 100)
        interval = f"{100 * gain:+.2f} [{100 * lo:+.2f}, {100 * hi:+.2f}]"
        figures = f"{100 * first:6.2f} {interval:<27} {100 * ten:6.2f} {100 * mrr:6.2f} {skew:6.2f} {anti:6.3f}"
        print(f"{method:<24} {figures}     {setting}".rstrip())
    if args.plot:
        plot(rows, f"{args.task}: recall and hubness of each method", args.plot)
    if args.json:
        Path(args.json).write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
