"""``textnorm index``."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from textnorm.commands.common import terminal
from textnorm.commands.index_check import base_options, check_base
from textnorm.errors import DataError, UsageError

if TYPE_CHECKING:
    from textnorm.retrieval.upgrade import Side, Upgrade

_index = click.argument("index", type=click.Path(path_type=Path), metavar="INDEX")
_names = click.argument("names", nargs=-1, required=True, metavar="NAMES...")
_concepts = click.option("--concepts", metavar="FILE", help="Table: concept_id and perhaps parents, types, attributes.")


@click.group("index")
def command() -> None:
    """Build and change an INDEX: a folder with names, their vectors and an encoder.

    \b
    textnorm index check names.tsv
    textnorm index build names.tsv -o INDEX
    textnorm index add INDEX more.tsv
    textnorm index remove INDEX --concept C0001
    textnorm index upgrade INDEX --to minilm

    NAMES are tables (.tsv with a header, .jsonl, .parquet) with concept_id, name and perhaps lang, kind, source,
    weight; or OBO and SKOS files, or the folder or archive of ESCO's CSV release, which hold concepts, too. A change is
    made as a whole: while it is made, and if it fails, the index stays as it was.
    """  # noqa: D301 - click reads the escape


command.add_command(check_base)


@command.command("build")
@_names
@_concepts
@base_options
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="INDEX", help="Folder to make.")
@click.option(
    "--encoder",
    default="static",
    show_default=True,
    metavar="static|none|minilm|NAME_OR_PATH",
    help="static: train a small encoder on these names; none: no vectors; else a model's name or folder, or two: A+B.",
)
@click.option(
    "--generators", metavar="LIST", help="What finds candidates: exact,lexical,dense …; by default all that apply."
)
@click.option("--decisions", metavar="FILE", help="Table (query, concept_id) that always wins; an empty id is none.")
@click.option("--factory", default="Flat", show_default=True, help="Of faiss: Flat, HNSW32, 'IVF1024,PQ50x4fs,RFlat' …")
@click.option("--parameters", default="", help="Of the search, in faiss' words: efSearch=64, nprobe=32.")
def build_index(
    names: tuple[str, ...],
    concepts: str | None,
    output: Path,
    encoder: str,
    generators: str | None,
    decisions: str | None,
    factory: str,
    parameters: str,
    form: str | None,
    lang: str | None,
) -> None:
    """Build an INDEX of NAMES; one that is there is replaced when the new one is whole."""
    from textnorm.linking.readers import check_inputs, read_base
    from textnorm.linking.tables import check_tables

    check_inputs(names, form)
    check_inputs([concepts] if concepts else [])
    check_tables([decisions] if decisions else [])
    if encoder == "none" and (factory != "Flat" or parameters):
        msg = "--factory and --parameters are about vectors; --encoder none makes none."
        raise UsageError(msg)
    if output.exists() and not output.is_dir():
        msg = f"{output} is a file; an index is a folder."
        raise UsageError(msg)

    from textnorm.linking.folder import build
    from textnorm.linking.parts import wanted_generators

    wanted = wanted_generators(generators, vectors=encoder != "none")
    base = read_base(names, concepts, form=form, lang=lang)
    notes = _Notes()
    for note in (*base.notes, *base.warnings):
        notes.say(f"note: {note}")
    build(
        output,
        base.names,
        base.concepts,
        encoder=encoder,
        factory=factory,
        parameters=parameters,
        say=notes.say,
        progress=notes.progress,
        generators=wanted,
        decisions=decisions,
    )
    notes.say(_line(output))


@command.command("add")
@_index
@_names
@_concepts
@base_options
def add_names(index: Path, names: tuple[str, ...], concepts: str | None, form: str | None, lang: str | None) -> None:
    """Add NAMES to an INDEX; rows that it has are left out. With --concepts, rows of concepts replace earlier ones."""
    from textnorm.linking.readers import check_inputs, read_base

    check_inputs(names, form)
    check_inputs([concepts] if concepts else [])

    from textnorm.linking.folder import add
    from textnorm.retrieval.storage import read_manifest

    read_manifest(index)
    base = read_base(names, concepts, form=form, lang=lang, whole=False)
    notes = _Notes()
    for note in (*base.notes, *base.warnings):
        notes.say(f"note: {note}")
    rows, texts = add(index, base.names, base.concepts, notes.progress)
    notes.say(f"{rows} names added ({texts} new texts), {len(base.names.rows) - rows} were there")
    notes.say(_line(index))


@command.command("remove")
@_index
@click.option("--concept", "concepts", multiple=True, metavar="ID", help="Concept whose names go; may be repeated.")
@click.option("--concepts-from", metavar="FILE", help="File with one id a line, or a table with concept_id.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Name that goes; may be repeated.")
def remove_names(index: Path, concepts: tuple[str, ...], concepts_from: str | None, names: tuple[str, ...]) -> None:
    """Remove concepts or names from an INDEX; with both, only those names of those concepts."""
    wanted = {*concepts, *(_lines(concepts_from) if concepts_from else ())}
    if not wanted and not names:
        msg = "Say what to remove: --concept ID, --concepts-from FILE or --name NAME."
        raise UsageError(msg)

    from textnorm.linking.folder import remove

    rows, texts, whole = remove(index, wanted, set(names))
    notes = _Notes()
    notes.say(f"{rows} names removed ({texts} texts, {whole} whole concepts)")
    notes.say(_line(index))


@command.command("tune")
@_index
@click.option("--dev", metavar="FILE", help="Labelled queries: query, concept_ids ('|' between several), perhaps lang.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--plot", metavar="OUT.svg", help="Write a reliability plot of the probabilities.")
@click.option("--dry-run", is_flag=True, help="Only report; the index stays as it is.")
@click.option(
    "--hubness",
    type=click.Choice(["keep", "auto"]),
    default="keep",
    show_default=True,
    help="auto: first choose a correction of the vectors, or none, on the same queries (docs/hubness.md); slower.",
)
@click.option("--off", is_flag=True, help="Forget what was learned.")
def tune_index(
    index: Path, dev: str | None, as_json: bool, plot: str | None, dry_run: bool, hubness: str, off: bool
) -> None:
    """Learn on labelled queries how an INDEX weighs its generators, and what p means.

    \b
    textnorm index tune INDEX --dev dev.tsv

    Learned are the weights of generators and features (by language where there is enough), whether scores roll up to
    parents, and the probabilities with their threshold. Names are never added. All figures are cross-validated. Rows
    without concept_ids, or with none that the INDEX has, are examples of queries that mean none of its concepts.
    """  # noqa: D301 - click reads the escape
    if (dev is None) != off or (off and (dry_run or plot)):
        msg = "Give --dev FILE to learn, or --off to forget."
        raise UsageError(msg)
    if hubness == "auto" and (off or dry_run):
        msg = "--hubness auto changes the index; leave --dry-run and --off out."
        raise UsageError(msg)
    notes = _Notes()
    if dev is None:
        from textnorm.linking.tuning import forget

        forget(index)
        notes.say(_line(index))
        return
    from textnorm.linking.labelled import read_dev
    from textnorm.linking.tables import check_tables
    from textnorm.linking.tuning import tune_folder, tune_hubness
    from textnorm.retrieval.storage import read_manifest
    from textnorm.streaming.formats import check_output

    check_tables([dev])
    if plot is not None:
        check_output(plot, [dev])
    read_manifest(index)
    rows = read_dev(dev)
    chosen = tune_hubness(index, rows, notes.progress) if hubness == "auto" else []
    found = tune_folder(index, rows, notes.progress, dry_run=dry_run, hubness=chosen)
    notes.clear()
    if plot is not None:
        from textnorm.linking.report import reliability_svg
        from textnorm.streaming.files import writing

        with writing(plot) as sink:
            sink.write(reliability_svg(found.report["calibration"]["bins"], index.name).encode())
    if as_json:
        click.echo(json.dumps(found.report, ensure_ascii=False, indent=1))
    else:
        for line in found.lines():
            click.echo(line)
    notes.say("dry run: the index is as it was" if dry_run else f"{index}: tuned")


@command.command("info")
@_index
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--verify", is_flag=True, help="Read every file and compare it with its hash.")
def info(index: Path, as_json: bool, verify: bool) -> None:
    """Say what an INDEX holds."""
    from textnorm.linking.folder import open_folder
    from textnorm.retrieval.storage import opening

    held = open_folder(index)
    if verify:
        opening(index, lambda reader: reader.verify())
    reader = held.reader
    size = sum(part.bytes for part in reader.parts.values())
    if as_json:
        found = {"generation": reader.generation, "bytes": size, **reader.meta}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for name, value in _rows(reader.meta, reader.generation, size):
        click.echo(f"{name.ljust(12)} {value}")
    if verify:
        click.echo(f"{'verified'.ljust(12)} {len(reader.parts)} parts are as they were written")


@command.command("correct")
@_index
@click.option("--bank", metavar="FILE", help="Queries as they come in, without answers: lines, or a column of a table.")
@click.option("--column", default="query", show_default=True, help="Column (field) of the bank with the queries.")
@click.option("--method", default="csls", show_default=True, help="is, dis, dual-is, dual-dis, csls, nnn, centering.")
@click.option(
    "--set", "params", multiple=True, metavar="NAME=VALUE", help="Parameter of the method, for example beta=20."
)
@click.option("--gated", is_flag=True, help="Correct only queries whose nearest item is also near to some of the bank.")
@click.option(
    "--dev", metavar="FILE", help="Labelled queries (query, concept_ids): choose the method on them, or none."
)
@click.option("--off", is_flag=True, help="Take the correction out again.")
@click.pass_context
def correct_index(
    context: click.Context,
    index: Path,
    bank: str | None,
    column: str,
    method: str,
    params: tuple[str, ...],
    gated: bool,
    dev: str | None,
    off: bool,
) -> None:
    """Fold a hubness correction, fitted on a bank of queries, into an INDEX (docs/hubness.md).

    A search then ranks by the corrected score at no cost; the cosine is still returned beside it. A bank of another
    language or kind than the queries does harm. With --dev the method is chosen on one half of labelled queries and
    judged on the other half, and nothing is corrected where that does not rule out a loss.
    """
    if (bank is None) != off or (off and (params or gated or dev)):
        msg = "Give --bank FILE to fit a correction, or --off to take it out."
        raise UsageError(msg)
    named = context.get_parameter_source("method") is not click.core.ParameterSource.DEFAULT
    if dev and (params or gated or named):
        msg = "--dev chooses the method: leave --method, --set and --gated out."
        raise UsageError(msg)
    notes = _Notes()
    if dev and bank is not None:
        from textnorm.linking.folder import tune_correction
        from textnorm.linking.tables import check_tables, read_labelled

        check_tables([dev])
        report = tune_correction(index, _lines(bank, column), read_labelled(dev), notes.say, notes.progress)
        for line in report.lines():
            click.echo(line)
        notes.say(_line(index))
        return
    if bank is None:
        from textnorm.linking.folder import uncorrect

        uncorrect(index)
    else:
        values: dict[str, Any] = _settings(params)
        if gated:
            values["gated"] = True
        texts = _lines(bank, column)

        from textnorm.linking.folder import correct

        correct(index, method, values, texts, notes.progress)
    notes.say(_line(index))


def _settings(params: tuple[str, ...]) -> dict[str, float]:
    """Return parameters as numbers.

    Raises:
        UsageError: one is no ``NAME=NUMBER``.
    """
    found: dict[str, float] = {}
    for param in params:
        name, _, value = param.partition("=")
        try:
            number = float(value)
        except ValueError as error:
            msg = f"--set {param}: NAME=NUMBER is expected."
            raise UsageError(msg) from error
        found[name] = int(number) if number.is_integer() else number
    return found


@command.command("upgrade")
@_index
@click.option("--to", "spec", metavar="ENCODER", help="As for build; with --reembed by default the index's own.")
@click.option(
    "--side",
    type=click.Choice(["stored", "queries"]),
    default="stored",
    show_default=True,
    help="Move the stored vectors into the new space once, or every query into the old space.",
)
@click.option("--pairs", type=click.IntRange(min=20), default=1000, show_default=True, help="Names to fit the map on.")
@click.option("--reembed", is_flag=True, help="Embed all names anew instead; goes on where an earlier call stopped.")
@click.option("--dry-run", is_flag=True, help="Only measure what would be kept.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
def upgrade_index(
    index: Path, spec: str | None, side: Side, pairs: int, reembed: bool, dry_run: bool, seed: int
) -> None:
    """Let an INDEX answer queries of another encoder without embedding all its names anew.

    A sample of names is embedded by the new encoder; a linear map between the two spaces is fitted on one half of it,
    and what a search keeps is measured on the other half. '--reembed', now or later, makes the vectors exact.
    """
    if spec is None and not reembed:
        msg = "Name the new encoder: --to ENCODER (or --reembed, to embed all names anew with the index's own)."
        raise UsageError(msg)
    if spec == "none":
        msg = "--to none makes no sense; build an index without vectors instead."
        raise UsageError(msg)
    if reembed and dry_run:
        msg = "--reembed and --dry-run exclude each other."
        raise UsageError(msg)

    from textnorm.linking.folder import embed_anew, make_encoder, open_folder, plan_upgrade, upgrade

    held = open_folder(index)
    notes = _Notes()
    old = held.spec
    wanted = held.encoder() if spec is None else None
    encoder = wanted or make_encoder(str(spec), held.names, notes.say, notes.progress, held.concepts)
    name = spec if spec is not None else old["spec"]
    if not reembed and encoder.identity == old["identity"]:
        msg = f"{index} has the encoder '{encoder.identity}' already; --reembed embeds all names anew."
        raise UsageError(msg)
    corrected = held.dense is not None and held.dense.correction is not None
    if reembed:
        embed_anew(held, name, encoder, notes.progress)
    else:
        plan = plan_upgrade(held, encoder, side=side, pairs=pairs, seed=seed, progress=notes.progress)
        notes.clear()
        for line in _report(plan):
            click.echo(line)
        if dry_run:
            notes.say("dry run: the index is as it was")
            return
        upgrade(held, name, encoder, plan)
    if corrected and (reembed or side == "stored"):
        notes.say("note: the hubness correction was fitted in the old space and is gone; fit it again")
    notes.say(_line(index))


class _Notes:
    """Messages on standard error; progress only on a terminal."""

    def __init__(self) -> None:
        import sys

        self._live = terminal(sys.stderr)
        self._last = 0.0
        self._shown = False

    def progress(self, what: str, done: int, of: int) -> None:
        """Show how far the work is."""
        if self._live and (monotonic() - self._last > 0.2 or done == of):
            self._last, self._shown = monotonic(), True
            click.echo(f"\r\x1b[K{what} {done:,} of {of:,}", err=True, nl=False)

    def clear(self) -> None:
        """Remove the progress line."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False

    def say(self, message: str) -> None:
        """Print one line."""
        self.clear()
        click.echo(message, err=True)


def _line(folder: Path) -> str:
    """Return one line on an index."""
    from textnorm.retrieval.storage import read_manifest

    meta = read_manifest(folder).meta
    told = f"{folder}: {meta['names']:,} names of {meta['concepts']:,} concepts"
    if meta["encoder"] is None:
        return f"{told}, no vectors"
    return f"{told}, {meta['texts']:,} vectors of {meta['encoder']['identity']}"


def _rows(meta: dict[str, Any], generation: int, size: int) -> list[tuple[str, str]]:
    rows = [
        ("names", f"{meta['names']:,} of {meta['concepts']:,} concepts, {meta['texts']:,} different"),
        ("size", f"{size / 1e6:,.1f} MB, generation {generation}, textnorm {meta['textnorm']}"),
    ]
    linker = meta.get("linker")
    if linker is not None:
        rows.append(("generators", ", ".join(linker["generators"])))
        tuned = linker.get("tuned")
        told = "no"
        if tuned is not None:
            before, after = tuned["rows"][0]["before"]["mrr"], tuned["rows"][0]["after"]["mrr"]
            found = tuned["calibration"]
            told = (
                f"on {tuned['queries']:,} queries: MRR {before:.4f} -> {after:.4f}, "
                f"roll-up {'on' if tuned['roll_up'] else 'off'}, ECE {found['ece']:.4f}, threshold {found['min_p']:g}"
            )
        rows.append(("tuned", told))
        if linker.get("decisions"):
            rows.append(("decisions", f"{linker['decisions']:,}"))
    encoder, dense = meta["encoder"], meta.get("dense")
    if encoder is None or dense is None:
        return [*rows, ("vectors", "none")]
    rows.append(("encoder", f"{encoder['spec']} ({encoder['identity']})"))
    parameters = f", {dense['parameters']}" if dense["parameters"] else ""
    gone = f", {dense['removed']:,} removed" if dense["removed"] else ""
    rows.append(("vectors", f"{dense['count']:,} × {dense['dim']}{gone}; {dense['factory']}{parameters}"))
    correction = dense["correction"]
    told = "none"
    if correction is not None:
        params = ", ".join(f"{name}={value}" for name, value in correction["params"].items())
        told = f"{correction['method']} ({params}){', gated' if dense['gated'] else ''}"
    rows.append(("correction", told))
    if meta.get("upgrade"):
        note = meta["upgrade"]
        told = f"from {note['from']}: {note['map']} map of the {note['side']}, {note['pairs']} pairs"
        rows.append(("upgraded", told))
    return rows


def _report(plan: Upgrade) -> list[str]:
    """Return the table of what a map keeps."""
    side = {"stored": "stored vectors moved", "queries": "queries moved"}[plan.side]
    lines = [f"{plan.kind} map of the {plan.side}, fitted on {plan.pairs} names; on names held back:"]
    width = max(len(kept.measure) for kept in plan.kept)
    columns = f"{'old index':>9}  {side:>21}  {'95 % interval':>15}  {'embedded anew':>13}  kept"
    lines.append(f"{'measure'.ljust(width)}  {'n':>6}  {columns}")
    for kept in plan.kept:
        interval = f"[{kept.interval[0]:.3f}, {kept.interval[1]:.3f}]"
        lines.append(
            f"{kept.measure.ljust(width)}  {kept.n:>6}  {kept.old:>9.3f}  {kept.mapped:>21.3f}  {interval:>15}  "
            f"{kept.new:>13.3f}  {kept.share:.1%}"
        )
    return lines


def _lines(path: str, column: str = "concept_id") -> list[str]:
    """Return the lines of a text, or the values of a column of a table, that hold something.

    Raises:
        DataError: there are none.
    """
    from textnorm.streaming.formats import check_input, detect
    from textnorm.streaming.readers import ReadOptions, read

    check_input(path)
    options = ReadOptions(column=column, advice=f"Save {path} as UTF-8.")
    texts = (text for chunk in read(path, detect(path), options) for text in chunk.texts)
    found = [text.strip() for text in texts if text and text.strip()]
    if not found:
        msg = f"{path}: every line is empty."
        raise DataError(msg)
    return found
