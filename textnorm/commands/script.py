"""``textnorm script``."""

from __future__ import annotations

from pathlib import Path

import click

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("script")
def command() -> None:
    """Train, describe and test models that repair text in another script's letters, or without its own."""


@command.command("train")
@click.option("--mapping", type=_file, help="MAP.tsv: letter typed<TAB>what it stands for[<TAB>more].")
@click.option("--text", "texts", type=_file, multiple=True, help="Right text of the language, plain or .gz.")
@click.argument("more_texts", type=_file, nargs=-1, metavar="[CORPUS]...")
@click.option("--pairs", type=_file, multiple=True, help="PAIRS.tsv: noisy<TAB>clean, lines or single words.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="MODEL", help="Folder to write."
)
@click.option("--name", help="Name of the model [default: that of the folder].")
@click.option("--lang", default="und", show_default=True, help="ISO 639 code of the language.")
@click.option("--fold", is_flag=True, help="Read words in lower case and give them their capitals back.")
@click.option("--order", type=click.IntRange(4, 8), default=6, show_default=True, help="Longest n-gram of characters.")
@click.option("--size", type=click.FloatRange(0.5, 64), default=9, show_default=True, help="Megabytes of the model.")
@click.option("--licence", default="", help="Licence of the text, for the model's card.")
@click.option("--seed", default=13, show_default=True, help="Of the synthetic noise that weights are fitted on.")
def train_model(
    mapping: Path | None,
    texts: tuple[Path, ...],
    more_texts: tuple[Path, ...],
    pairs: tuple[Path, ...],
    output: Path,
    name: str | None,
    lang: str,
    fold: bool,
    order: int,
    size: float,
    licence: str,
    seed: int,
) -> None:
    """Train a model from a mapping table, right text and, where there are some, pairs.

    \b
    textnorm script train --mapping map.tsv --text corpus.txt -o my-model
    textnorm normalize -p my-model article.txt

    Texts are one line each; a mapping table, pairs or both are needed. The folder gets a card; write what it lacks.
    """  # noqa: D301 - click reads the escape
    from textnorm.errors import UsageError

    if mapping is None and not pairs:
        msg = "A model needs --mapping, --pairs or both."
        raise UsageError(msg)
    corpora = [*texts, *more_texts]
    if not corpora and not pairs:
        msg = "A model needs right text: give --text."
        raise UsageError(msg)
    if not output.resolve().parent.is_dir():
        msg = f"There is no folder {output.resolve().parent} for -o."
        raise UsageError(msg)
    from textnorm.normalizers.script.recipe import Recipe, make

    recipe = Recipe(
        name=name or output.resolve().name,
        lang=lang,
        mapping=mapping,
        texts=corpora,
        pairs=list(pairs),
        fold=fold,
        order=order,
        megabytes=size,
        licence=licence,
        seed=seed,
    )
    told = make(recipe, output, say=lambda line: click.echo(line, err=True))
    for line in told:
        click.echo(line)


@command.command("info")
@click.argument("model")
def info(model: str) -> None:
    """Describe a MODEL: a shipped name or a folder."""
    from textnorm.normalizers.script import store

    folder = store.find(model)
    read, manifest = store.read(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    click.echo(f"{manifest['name']} ({manifest['lang']}), {size / 1e6:.1f} MB, margin {read.settings.margin:.2f} nats")
    for key, value in manifest["about"].items():
        click.echo(f"{key}: {value}")
    moving = [arc for arc, moves in zip(read.channel.arcs, read.channel.moving, strict=True) if moves]
    click.echo(f"{len(read.channel.arcs)} arcs, of which {len(moving)} of letters that writers replace:")
    for arc in sorted(moving, key=lambda a: (a.target, -a.prob)):
        if arc.source != arc.target:
            click.echo(f"  {arc.source or '(nothing)'}\t{arc.target}\t{arc.prob:.3f}")


@command.command("noise")
@click.argument("model")
@click.argument("file", type=_file)
@click.option(
    "--level", type=click.FloatRange(0, 100), default=60.0, show_default=True, help="Letter types replaced, %."
)
@click.option("--anew", is_flag=True, help="Draw a replacement anew each time, not once a line.")
@click.option(
    "--count",
    type=click.Choice(["letters", "all"]),
    default="letters",
    show_default=True,
    help="What the level is a share of: letters that can be replaced, or all character types of the line.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="PAIRS.tsv [default: stdout].")
def noise(model: str, file: Path, level: float, anew: bool, count: str, seed: int, output: Path | None) -> None:
    """Write right text as writers of the other script would: noisy<TAB>clean, one line each, each clean line once.

    MODEL is a model or a mapping table (.tsv). To make parts for training and testing, split the clean lines first.
    """
    from textnorm.errors import UsageError
    from textnorm.normalizers.script.recipe import noisy_lines

    if output is not None and output.resolve() == file.resolve():
        msg = f"The output is the input: {file}."
        raise UsageError(msg)
    counted = "all" if count == "all" else "letters"
    lines = noisy_lines(model, file, level / 100, consistent=not anew, counted=counted, seed=seed)  # type: ignore[arg-type]
    if output is None:
        for line in lines:
            click.echo(line)
        return
    part = output.with_name(output.name + ".part")
    part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    part.replace(output)
