"""``textnorm train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from textnorm.commands.index import _Notes as Notes
from textnorm.errors import UsageError

#: Options of ``train encoder`` and the kinds that know them.
KNOWN = {
    "dim": ("static",),
    "passes": ("static",),
    "steps": ("adapter", "full"),
    "rate": ("static", "adapter", "full"),
    "batch": ("static", "adapter", "full"),
    "scale": ("static", "adapter", "full"),
}


@click.group("train")
def command() -> None:
    """Train encoders and re-rankers on your own knowledge base.

    \b
    textnorm train encoder names.tsv --concepts concepts.tsv -o MODEL
    textnorm index build names.tsv --concepts concepts.tsv --encoder MODEL -o INDEX
    """  # noqa: D301 - click reads the escape


@command.command("encoder")
@click.argument("names", nargs=-1, required=True, metavar="KB...")
@click.option("--concepts", metavar="FILE", help="Table: concept_id and perhaps parents, types, attributes.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="MODEL", help="Folder to make.")
@click.option(
    "--kind",
    default="static",
    show_default=True,
    type=click.Choice(["static", "adapter", "full"]),
    help="static: from nothing, in seconds; adapter: linear heads on a frozen model; full: fine-tune a model.",
)
@click.option(
    "--base", default="minilm", show_default=True, help="Model of adapter and full: minilm, a name or folder."
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="names, parents, attributes or noise; may be repeated. Without it: what serves the base best.",
)
@click.option("--pairs", metavar="FILE", help="Table with title and description, more pairs for 'attributes'.")
@click.option("--dim", type=click.IntRange(1), help="Length of the vectors (static).")
@click.option("--passes", type=click.IntRange(1), help="Passes over the pairs (static).")
@click.option("--steps", type=click.IntRange(1), help="Steps of training (adapter, full).")
@click.option("--batch", type=click.IntRange(2), help="Pairs a step; the others are the negatives.")
@click.option("--rate", type=float, help="Learning rate.")
@click.option("--scale", type=float, help="Similarities are multiplied by it: the inverse of the temperature.")
@click.option("--seed", default=0, show_default=True, help="Of everything that is drawn.")
@click.option(
    "--held-out",
    default=10,
    show_default=True,
    metavar="N",
    help="One in N concepts is kept out of training and looked for; 0: measure nothing.",
)
@click.option(
    "--refit/--no-refit",
    default=None,
    help="Train again on all concepts after measuring, and keep that model (default, but for full).",
)
@click.option("--each", is_flag=True, help="Measure each objective alone too.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def train_encoder(
    names: tuple[str, ...],
    concepts: str | None,
    output: Path,
    kind: str,
    base: str,
    objectives: tuple[str, ...],
    pairs: str | None,
    seed: int,
    held_out: int,
    refit: bool | None,
    each: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train an encoder on the names of KB (tables as for 'index build') and print what it is worth.

    Figures are of concepts that the measured model was not trained on, with the untrained encoder and character TF-IDF
    beside it. MODEL serves 'index build --encoder MODEL'.
    """
    from textnorm.linking.objective import parse_objectives
    from textnorm.linking.tables import check_tables, read_concepts, read_names

    settings = {name: value for name, value in given.items() if value is not None}
    for name in settings:
        if kind not in KNOWN[name]:
            msg = f"--{name} is no option of the kind {kind}; it is one of {' and '.join(KNOWN[name])}."
            raise UsageError(msg)
    weights = parse_objectives(objectives)
    check_tables([*names, *(path for path in (concepts, pairs) if path)])

    from textnorm.linking.train import Plan, lines, train

    plan = Plan(
        kind,
        base,
        weights,
        settings,
        held_out=held_out,
        refit=kind != "full" if refit is None else refit,
        each=each,
        seed=seed,
    )
    notes = Notes()
    found = read_names(names)
    if found.repeated:
        notes.say(f"note: {found.repeated} rows are there twice and were left out")
    facts = read_concepts(concepts) if concepts else {}
    more = []
    if pairs is not None:
        from textnorm.linking.objective import read_pairs

        more = read_pairs(pairs, {text for fact in facts.values() for text in fact["attributes"]})
    report = train(found, facts, plan, output, pairs=more, progress=notes.progress)
    notes.clear()
    if as_json:
        import json

        figures = {
            "scores": [score.record() for score in report.scores],
            "objectives": report.objectives,
            "cpu_seconds": {what: round(seconds, 2) for what, seconds in report.seconds.items()},
        }
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        for line in lines(report):
            click.echo(line)
    notes.say(f"{output}: {kind} encoder, ready for 'textnorm index build --encoder {output}'")
