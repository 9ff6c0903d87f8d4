"""``textnorm train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from textnorm.commands.index import _Notes as Notes
from textnorm.commands.index_check import base_options
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
@base_options
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
    form: str | None,
    lang: str | None,
    **given: Any,
) -> None:
    """Train an encoder on the names of KB (files as for 'index build') and print what it is worth.

    Figures are of concepts that the measured model was not trained on, with the untrained encoder and character TF-IDF
    beside it. MODEL serves 'index build --encoder MODEL'.
    """
    from textnorm.linking.objective import parse_objectives
    from textnorm.linking.readers import check_inputs, read_base

    settings = {name: value for name, value in given.items() if value is not None}
    for name in settings:
        if kind not in KNOWN[name]:
            msg = f"--{name} is no option of the kind {kind}; it is one of {' and '.join(KNOWN[name])}."
            raise UsageError(msg)
    weights = parse_objectives(objectives)
    check_inputs(names, form)
    check_inputs([path for path in (concepts, pairs) if path])

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
    found = read_base(names, concepts, form=form, lang=lang)
    for note in (*found.notes, *found.warnings):
        notes.say(f"note: {note}")
    more = []
    if pairs is not None:
        from textnorm.linking.objective import read_pairs

        more = read_pairs(pairs, {text for fact in found.concepts.values() for text in fact["attributes"]})
    report = train(found.names, found.concepts, plan, output, pairs=more, progress=notes.progress)
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


@command.command("reranker")
@click.argument("index", type=click.Path(path_type=Path), metavar="INDEX")
@click.option(
    "--dev", required=True, metavar="FILE", help="Table: query, concept_ids, perhaps lang, context, attributes."
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="MODEL", help="Folder to make.")
@click.option("--base", default="minilm", show_default=True, help="Transformer: minilm, a name or a path.")
@click.option("--top", type=click.IntRange(1), default=16, show_default=True, help="Candidates that are looked at.")
@click.option("--sampled", type=click.IntRange(2), default=8, show_default=True, help="Candidates a step of training.")
@click.option("--epochs", type=click.IntRange(1), default=2, show_default=True, help="Passes over the queries.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Queries a step.")
@click.option("--rate", type=float, default=5e-5, show_default=True, help="Learning rate.")
@click.option(
    "--regularization", type=float, default=0.02, show_default=True, help="Pull towards the linker's ranking."
)
@click.option("--layers", type=int, default=-1, show_default=True, help="Upper layers that are trained; -1: all.")
@click.option("--length", type=click.IntRange(16), default=64, show_default=True, help="Tokens of a pair of texts.")
@click.option("--seed", default=0, show_default=True, help="Of everything that is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def train_reranker(index: Path, dev: str, output: Path, base: str, as_json: bool, **given: Any) -> None:
    """Train a cross-encoder on labelled queries; it looks at the first candidates of INDEX once more.

    A fifth of the queries is held back; it sets the temperature of the probabilities, and the figures are of it. MODEL
    serves 'link --rerank MODEL'. An empty concept_ids says that no concept of the base is right.
    """
    from textnorm.linking.tables import check_tables

    check_tables([dev])

    from textnorm.linking.cross import CrossSettings, check_target, train_cross
    from textnorm.linking.labelled import read_dev
    from textnorm.linking.linker import Linker
    from textnorm.linking.reranked import compare, examples_of
    from textnorm.linking.reranked import lines as figures_lines

    settings = CrossSettings(**given)
    check_target(output)
    notes = Notes()
    rows = read_dev(dev)
    linker = Linker.load(index)
    examples, left_out = examples_of(linker, rows, settings.top)
    if left_out:
        notes.say(f"note: {left_out} labelled queries have no concept of this index and were left out")
    card = {"index": {"names": len(linker.kb.texts), "concepts": len(linker.kb)}}

    def progress(step: int, steps: int, loss: float) -> None:
        notes.progress("training", step, steps)

    cross, back = train_cross(base, examples, linker.kb, settings=settings, card=card, on_event=progress)
    figures = compare(cross, back, linker.kb)
    cross.card["held back"] = [row.record() for row in figures]
    cross.save(output)
    notes.clear()
    if as_json:
        import json

        click.echo(json.dumps([row.record() for row in figures], ensure_ascii=False))
    else:
        for line in figures_lines(figures, settings.top):
            click.echo(line)
    notes.say(f"{output}: re-ranker, ready for 'textnorm link {index} --rerank {output}'")


@command.command("examples")
@click.argument("index", type=click.Path(path_type=Path), metavar="INDEX")
@click.option("--dev", required=True, metavar="FILE", help="Labelled queries in another language.")
@click.option("--to", "to", required=True, metavar="LANG", help="Language to carry them to.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Table to write.")
@click.option("--each", type=click.IntRange(1), default=2, show_default=True, help="Names a concept at most.")
@click.option("--rest", type=click.Path(path_type=Path), metavar="FILE", help="Write the other names of the base here.")
def train_examples(index: Path, dev: str, to: str, output: Path, each: int, rest: Path | None) -> None:
    """Carry labelled queries to the language LANG: the names that INDEX has in it stand for the mentions.

    A name that is in the base finds itself, and nothing is learned from that. So tune and train on an index without
    these names: build it of --rest, tune it, and add the names again.

    \b
    textnorm train examples INDEX --dev es.tsv --to de -o de.tsv --rest rest.tsv
    textnorm index build rest.tsv -o WORK && textnorm train reranker WORK --dev de.tsv -o MODEL
    """  # noqa: D301 - click reads the escape
    from textnorm.linking.tables import check_tables
    from textnorm.streaming.formats import check_output

    check_tables([dev])
    for path in (output, rest):
        if path is not None and path.suffix not in (".tsv", ".jsonl"):
            msg = f"{path}: write a .tsv or a .jsonl."
            raise UsageError(msg)
        if path is not None:
            check_output(str(path), [dev, str(output)] if path is rest else [dev])

    from textnorm.linking.folder import open_folder
    from textnorm.linking.labelled import read_dev
    from textnorm.linking.supervision import carry, rest_of, write_examples, write_names

    rows = read_dev(dev)
    names = open_folder(index).names.rows
    found = carry(rows, names, to, each=each)
    notes = Notes()
    if found.none:
        notes.say(f"note: {found.none} labelled queries have no concept; nothing can be carried from them")
    if found.without:
        notes.say(f"note: the concepts of {found.without} labelled queries have no name in '{to}'")
    if not found.rows:
        from textnorm.errors import DataError

        msg = f"{dev}: no concept of these {len(rows)} labelled queries has a name in '{to}'."
        raise DataError(msg)
    write_examples(output, found.rows)
    notes.say(f"{output}: {len(found.rows)} labelled queries in '{to}' from {len(rows)}")
    if rest is not None:
        others = rest_of(names, found, to)
        write_names(rest, others)
        notes.say(f"{rest}: {len(others)} names, without {len(names) - len(others)} that stand for mentions")
