"""``textnorm profile``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from textnorm.commands.common import column_option, terminal
from textnorm.errors import DataError, UsageError
from textnorm.streaming.formats import STDIO, check_input, check_output, detect, is_same

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textnorm.commands.profile_texts import Corpus
    from textnorm.encoders.protocol import Encoder
    from textnorm.retrieval.depth import Centre, Drift

#: Texts among which the k-occurrence of those shown is counted, and its k.
NEAR, K = 2000, 10
QUANTILES = {"min": 0.0, "5 %": 0.05, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "95 %": 0.95, "max": 1.0}
LEVEL = 0.05
CUT = 100


@click.command("profile")
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", required=False)
@click.option(
    "--encoder",
    default="static",
    show_default=True,
    metavar="static|minilm|NAME_OR_PATH",
    help="static: hashed character n-grams and words, which needs no model and sees form rather than meaning.",
)
@column_option
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="Texts shown on each side.")
@click.option("--permutations", type=click.IntRange(min=19), default=999, show_default=True, help="Of the drift test.")
@click.option(
    "--sample", type=click.IntRange(min=20), default=10_000, show_default=True, help="Texts tested at most, each side."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of permutations and samples.")
@click.option("--json", "json_out", metavar="OUT", help="Also write the figures here.")
@click.option("--plot", metavar="FILE.svg", help="Also draw the histogram of depths here.")
def command(
    a: str,
    b: str | None,
    encoder: str,
    column: str,
    top: int,
    permutations: int,
    sample: int,
    seed: int,
    json_out: str | None,
    plot: str | None,
) -> None:
    """Show the typical and outlying texts of corpus A; with B, what of B is typical of A, and whether B drifts from A.

    \b
    textnorm profile corpus.txt
    textnorm profile train.parquet today.jsonl --encoder minilm --plot drift.svg

    The depth of a text is 2 minus its mean cosine distance to the texts of A (itself left out): the deeper the more
    typical.
    """  # noqa: D301 - click reads the escape
    paths = [a] if b is None else [a, b]
    _check(paths, [path for path in (json_out, plot) if path is not None])

    import numpy as np

    from textnorm.commands.profile_texts import Corpus
    from textnorm.retrieval.depth import Centre, drift

    found = _encoder(encoder)
    progress = _Progress()
    test = None
    with Corpus(a, column, found, progress.show) as first:
        _enough(first, 2)
        centre = Centre.of(first.blocks())
        report: dict[str, Any] = {"encoder": found.identity, "a": _part(first, centre, top, seed, members=True)}
        depths = [(first.label, _depths(first, centre, members=True))]
        if b is not None:
            with Corpus(b, column, found, progress.show) as second:
                _enough(second, 2)
                report["b"] = _part(second, centre, top, seed, members=False)
                depths.append((second.label, _depths(second, centre, members=False)))
                rng = np.random.default_rng(seed)
                sides = [corpus.rows(corpus.sample(sample, rng)) for corpus in (first, second)]
            test = drift(*sides, permutations=permutations, seed=seed)
            report["drift"] = {**asdict(test), "verdict": verdict(test)}
    progress.clear()
    for line in _lines(report, depths, test):
        click.echo(line)
    if json_out is not None:
        from textnorm import __version__

        _write(json_out, json.dumps({**report, "version": __version__}, ensure_ascii=True, indent=1) + "\n")
    if plot is not None:
        from textnorm.commands.profile_plot import svg

        _write(plot, svg(depths))


def _check(inputs: list[str], outputs: list[str]) -> None:
    if inputs.count(STDIO) > 1:
        msg = "Standard input ('-') can be read only once."
        raise UsageError(msg)
    for path in inputs:
        check_input(path)
        detect(path)
    for path in outputs:
        if path == STDIO:
            msg = "--json and --plot write files; standard output has the report."
            raise UsageError(msg)
        check_output(path, inputs)
    if len(outputs) == 2 and is_same(*outputs):
        msg = f"--json and --plot both name {outputs[0]}."
        raise UsageError(msg)


def _encoder(spec: str) -> Encoder:
    if spec == "static":
        from textnorm.encoders.static import StaticEncoder

        return StaticEncoder.untrained()
    from textnorm.encoders.load import load_encoder

    return load_encoder(spec)


def _enough(corpus: Corpus, least: int) -> None:
    if corpus.n < least:
        empty = f" ({corpus.empty} empty ones left out)" if corpus.empty else ""
        msg = f"{corpus.label}: {corpus.n} texts{empty}; a profile needs {least} at least."
        raise DataError(msg)


def _depths(corpus: Corpus, centre: Centre, *, members: bool) -> NDArray[np.float64]:
    import numpy as np

    return np.concatenate([centre.depths(block, members=members) for block in corpus.blocks()])


def _part(corpus: Corpus, centre: Centre, top: int, seed: int, *, members: bool) -> dict[str, Any]:
    """Return the figures of one corpus: counts, quantiles of depth, typical and outlying texts."""
    import numpy as np

    from textnorm.retrieval.depth import occurrences

    depths = _depths(corpus, centre, members=members)
    deepest, least = corpus.extremes(depths, top)
    near = np.union1d(np.concatenate([deepest, least]), corpus.sample(NEAR, np.random.default_rng(seed)))
    counts = dict(zip(near.tolist(), occurrences(corpus.rows(near), K).tolist(), strict=True))

    def shown(places: NDArray[np.int64]) -> list[dict[str, Any]]:
        found = []
        for i in places.tolist():
            place, text = corpus.text(i)
            found.append({"text": text, "place": place, "depth": float(depths[i]), "occurrence": counts[i]})
        return found

    return {
        "path": corpus.label,
        "texts": corpus.n,
        "empty": corpus.empty,
        "depth": {name: float(np.quantile(depths, q)) for name, q in QUANTILES.items()}
        | {"mean": float(depths.mean())},
        "among": len(near),
        "typical": shown(deepest),
        "outlying": shown(least),
    }


def verdict(test: Drift) -> str:
    """Return in words what the test says at 5 %."""
    if test.p > LEVEL:
        return "no drift found"
    if test.p_depth > LEVEL / 2:
        return "drift: another mean, no farther out"
    return "drift: farther out" if test.quality < 0.5 else "drift: nearer to the middle"


def _lines(report: dict[str, Any], depths: list[tuple[str, NDArray[np.float64]]], test: Drift | None) -> Iterator[str]:
    from textnorm.commands.profile_plot import edges, line

    bounds = edges([one for _, one in depths], 60)
    yield f"encoder {report['encoder']}"
    for name, (label, one) in zip("ab", depths, strict=False):
        part = report[name]
        empty = f", {part['empty']:,} empty ones left out" if part["empty"] else ""
        within = "" if name == "a" else f"; depth in {report['a']['path']}"
        yield ""
        yield f"{label}: {part['texts']:,} texts{empty}{within}"
        yield "depth     " + "".join(f"{key:>8}" for key in QUANTILES)
        yield "          " + "".join(f"{part['depth'][key]:>8.4f}" for key in QUANTILES)
        yield f"{bounds[0]:.4f} │{line(one, bounds)}│ {bounds[-1]:.4f}"
        for key in ("typical", "outlying"):
            yield f"most {key}  (depth, {K}-occurrence among {part['among']:,} texts, place, text)"
            for row in part[key]:
                yield f"  {row['depth']:.4f}  {row['occurrence']:>4}  {row['place']}: {_cut(row['text'])}"
    if test is None:
        return
    (lo, hi), (n, m) = test.interval, test.n
    yield ""
    yield f"{report['b']['path']} against {report['a']['path']}: {verdict(test)} (p = {test.p:.3g})"
    yield f"  Q = {test.quality:.4f} [{lo:.4f}, {hi:.4f}], p = {test.p_depth:.3g}"
    yield "    the chance that a text of B is deeper in A than one of A; below 0.5: B lies farther out"
    yield f"  squared distance of the means {test.shift:.5f}, p = {test.p_shift:.3g}"
    yield f"  permutation tests, {test.permutations} permutations of {n:,} and {m:,} texts; p of both by Bonferroni"


def _cut(text: str) -> str:
    """Return the beginning of a text on one line."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * CUT]).split())
    return shown if len(shown) <= CUT and len(text) <= 4 * CUT else f"{shown[:CUT]}…"


def _write(path: str, text: str) -> None:
    from textnorm.streaming.files import writing

    with writing(path) as stream:
        stream.write(text.encode())


class _Progress:
    """Rows read, on standard error; only on a terminal."""

    def __init__(self) -> None:
        self._live = terminal(sys.stderr)
        self._last = 0.0

    def show(self, label: str, n: int) -> None:
        """Show how far the work is."""
        if self._live and monotonic() - self._last > 0.2:
            self._last = monotonic()
            click.echo(f"\r\x1b[K{label}: {n:,} texts", err=True, nl=False)

    def clear(self) -> None:
        """Remove the progress line."""
        if self._live and self._last:
            click.echo("\r\x1b[K", err=True, nl=False)
