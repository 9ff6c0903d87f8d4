"""``textnorm ablate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from textnorm.commands.common import column_option, overrides_of, pipeline_option, set_option, terminal
from textnorm.errors import DataError, UsageError
from textnorm.streaming.formats import STDIO, check_input, check_output, detect

CUT = 90


@click.command("ablate")
@click.argument("file", metavar="FILE")
@click.option("--label", required=True, metavar="COLUMN", help="Column (field) with the class of each text.")
@pipeline_option
@set_option
@column_option
@click.option(
    "--switches",
    type=click.Choice(["all", "off", "none"]),
    default="all",
    show_default=True,
    help="Switch components and classes of rules: off one by one, on one by one too (all), or not at all.",
)
@click.option("--classes/--no-classes", default=True, show_default=True, help="Whether classes of rules are switches.")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True, help="Of the cross-validation.")
@click.option("--repeats", type=click.IntRange(1, 100), default=2, show_default=True, help="Cross-validations.")
@click.option("--sample", type=click.IntRange(min=20), default=10_000, show_default=True, help="Texts at most.")
@click.option("--draws", type=click.IntRange(min=200), default=2000, show_default=True, help="Resamples, sign flips.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is random.")
@click.option("--json", "json_out", metavar="OUT", help="Also write the figures here.")
def command(
    file: str,
    label: str,
    pipeline: str,
    settings: tuple[str, ...],
    column: str,
    switches: str,
    classes: bool,
    folds: int,
    repeats: int,
    sample: int,
    draws: int,
    seed: int,
    json_out: str | None,
) -> None:
    """Does normalization help or hurt a classifier of the texts in FILE?

    \b
    textnorm ablate tickets.parquet --label queue -p unicode
    textnorm ablate reviews.tsv --label stars -p lt-speech --json ablation.json

    A simple classifier (TF-IDF of words and characters, logistic regression) is cross-validated on the original texts,
    the normalized ones, both layers side by side, and with each component and each class of rules switched. Needs
    the extra 'ablation'.
    """  # noqa: D301 - click reads the escape
    check_input(file)
    form = detect(file)
    if form.kind == "text":
        msg = f"{file}: plain text has no column '{label}'; give TSV, JSON Lines or Parquet."
        raise UsageError(msg)
    if label == column:
        msg = f"--label and --column both name '{label}'."
        raise UsageError(msg)
    if json_out is not None:
        if json_out == STDIO:
            msg = "--json writes a file; standard output has the report."
            raise UsageError(msg)
        check_output(json_out, [file])

    from textnorm.ablation.classify import require
    from textnorm.ablation.study import Settings, study
    from textnorm.config import load

    require()
    overrides = overrides_of(settings)
    nlp = load(pipeline, overrides=overrides)
    texts, labels, skipped = _read(file, column, label)
    progress = _Progress()
    asked = Settings(pipeline, overrides, switches, classes, folds, repeats, sample, draws, seed)
    try:
        report = study(texts, labels, asked, progress.show)
    except DataError as error:
        msg = f"{file}, column '{label}': {error}"
        raise DataError(msg) from error
    progress.clear()
    report = {"file": file, "read": len(texts), "without_text_or_label": skipped, **report}
    report["settings"]["fingerprint"] = nlp.fingerprint
    for line in lines(report):
        click.echo(line)
    if json_out is not None:
        from textnorm import __version__
        from textnorm.streaming.files import writing

        with writing(json_out) as stream:
            stream.write((json.dumps({**report, "version": __version__}, ensure_ascii=True, indent=1) + "\n").encode())


def _read(file: str, column: str, label: str) -> tuple[list[str], list[str], int]:
    """Return the texts and labels of a file, and how many rows lack one."""
    from textnorm.streaming.readers import ReadOptions, read

    texts: list[str] = []
    labels: list[str] = []
    skipped = 0
    # The reader checks that a column of documents is there; a label's column it checks in the same words.
    for chunk in read(file, detect(file), ReadOptions(column, label)):
        skipped -= len(chunk.texts) - chunk.rows  # blank lines of JSON Lines are no rows
        for text, name in zip(chunk.texts, chunk.documents or [None] * len(chunk.texts), strict=True):
            if text is None or name is None or name == "":
                skipped += 1
            elif isinstance(name, list | dict | bytes | float):
                msg = f"{chunk.where(0)} and on: the column '{label}' is no class: {str(name)[:40]}."
                raise DataError(msg)
            else:
                texts.append(text)
                labels.append(str(name))
    if not texts:
        msg = f"{file}: no row has a text and a label."
        raise DataError(msg)
    return texts, labels, skipped


def lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the report for people."""
    n, settings = report["texts"], report["settings"]
    counts = sorted(report["labels"].items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {count:,}" for name, count in counts[:8]) + (" …" if len(counts) > 8 else "")
    sampled = f" of {report['read']:,} read" if n < report["read"] else ""
    yield f"{report['file']}: {n:,} texts{sampled}, {len(counts)} labels ({shown})"
    yield f"{report['changed']:,} of them ({report['changed'] / n:.1%}) change under {settings['pipeline']}"
    if report["left_out"]:
        yield f"left out: {len(report['left_out'])} labels with fewer texts than folds"
    if report["without_text_or_label"]:
        yield f"left out: {report['without_text_or_label']:,} rows without a text or a label"
    if report["equal_texts"]:
        yield f"{report['equal_texts']:,} texts are equal to another; equal texts stay in one fold"
    if report["failed"]:
        yield f"{report['failed']:,} texts on which the pipeline failed count as unchanged"
    yield ""
    yield from _table(
        [("prepared as", "changed", "accuracy", "", "macro-F1", "")]
        + [
            (v["name"], f"{v['changed']:,}", *_figure(v["accuracy"]), *_figure(v["macro_f1"]))
            for v in report["variants"]
        ]
    )
    yield ""
    if report["comparisons"]:
        yield from _table(
            [("switch", "from → to", "changed", "Δ accuracy", "", "Δ macro-F1", "", "p (Holm)", "it")]
            + [
                (
                    f"{c['kind']} {c['switch']}",
                    f"{c['from']} → {c['to']}",
                    f"{c['changed']:,}",
                    *_figure(c["accuracy"], sign=True),
                    *_figure(c["macro_f1"], sign=True),
                    f"{c['p_holm']:.3f}",
                    c["verdict"],
                )
                for c in report["comparisons"]
            ]
        )
    if report["idle"]:
        idle = ", ".join(f"{name} ({count})" for name, count in report["idle"].items())
        yield f"not trained, since too few texts differ to show anything: {idle}"
    if "by_label" in report:
        yield from _details(report)
    yield ""
    yield "Intervals: 95 % bootstrap over texts (equal texts together), paired. p: sign-flip test on accuracy,"
    yield "Holm over all rows. The folds and the classifier are given; what another classifier would show is not known."


def _details(report: dict[str, Any]) -> Iterator[str]:
    yield ""
    head = ("where", "texts", "original", "normalized", "Δ", "")
    parts = [
        (
            f"texts {p['texts']}",
            f"{p['n']:,}",
            *(f"{x:.3f}" for x in p["accuracy"]),
            *_figure(p["difference"], sign=True),
        )
        for p in report["by_change"]
    ]
    by = sorted(report["by_label"], key=lambda item: -abs(item["difference"][0]))[:10]
    parts += [
        (
            f"label {b['label']}",
            f"{b['texts']:,}",
            *(f"{x:.3f}" for x in b["recall"]),
            *_figure(b["difference"], sign=True),
        )
        for b in by
    ]
    yield from _table([head, *parts])
    yield "(accuracy of changed and unchanged texts, recall of the labels that move most; intervals not corrected)"
    for key, title in (("turned_right", "right only when normalized"), ("turned_wrong", "wrong only when normalized")):
        if report[key]:
            yield ""
            yield title
            for item in report[key]:
                yield f"  {item['label']}: {_cut(item['original'])}"
                yield f"  {' ' * len(item['label'])}→ {_cut(item['normalized'])}"


def _figure(triple: list[float], *, sign: bool = False) -> tuple[str, str]:
    mark = "+" if sign else ""
    value, lo, hi = triple
    return f"{value:{mark}.3f}", f"[{lo:{mark}.3f}, {hi:{mark}.3f}]"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cut(text: str) -> str:
    # What cannot be seen is often what makes the difference.
    shown = " ".join("".join(c if c.isprintable() or c.isspace() else "·" for c in text[: 4 * CUT]).split())
    return shown if len(shown) <= CUT else f"{shown[:CUT]}…"


class _Progress:
    """What is being done, on standard error; only on a terminal."""

    def __init__(self) -> None:
        self._live = terminal(sys.stderr)

    def show(self, message: str) -> None:
        """Show one step."""
        if self._live:
            click.echo(f"\r\x1b[K{message}", err=True, nl=False)

    def clear(self) -> None:
        """Remove the line."""
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)
