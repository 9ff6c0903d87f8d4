"""``textnorm link``."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from textnorm.commands.common import QUARANTINED, Notes
from textnorm.errors import UsageError
from textnorm.streaming.formats import KINDS, STDIO, Format, Kind, check_input, check_output, detect

METHODS = ("auto", "off", "is", "dis", "dual-is", "dual-dis", "csls", "nnn", "centering")


@click.command("link")
@click.argument("index", type=click.Path(path_type=Path), metavar="INDEX")
@click.argument("queries", default=STDIO, metavar="[QUERIES]")
@click.option("-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="Candidates a query at most.")
@click.option("-o", "--output", default=STDIO, metavar="OUT", help="Output file; its ending decides its format.")
@click.option("--column", default="query", show_default=True, help="Column (field) with the query, in all but text.")
@click.option("--context-column", metavar="C", default="context", show_default=True, help="Column with its context.")
@click.option("--lang", metavar="CODE", help="Language of all queries; by default that in the column lang.")
@click.option("--min-p", type=click.FloatRange(0, 1), metavar="P", help="Link only at this probability or more.")
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="Link as many as this share of right links allows; needs a tuned index.",
)
@click.option("--types", multiple=True, metavar="T", help="Only answers of this type, or below this concept.")
@click.option(
    "--granularity",
    type=click.Choice(["auto", "leaf", "group"]),
    default="auto",
    show_default=True,
    help="Roll scores up to parents: auto: as tuned, without where untuned; leaf: not; group: yes.",
)
@click.option("--decisions", metavar="FILE", help="Table (query, concept_id) that always wins; an empty id is none.")
@click.option("--generators", metavar="LIST", help="Generators that serve; by default all that the index has.")
@click.option("--hubness", type=click.Choice(METHODS), default="auto", show_default=True, help="Correction of vectors.")
@click.option("--rerank", type=click.Path(path_type=Path), metavar="MODEL", help="Re-ranker of 'train reranker'.")
@click.option("--why", type=click.Choice(["short", "full"]), default="short", show_default=True, help="Reasons.")
@click.option("--from", "source", type=click.Choice(KINDS), help="Format of the queries, whatever their file's ending.")
@click.option("--overwrite-columns", is_flag=True, help="Replace columns that have the names of the new ones.")
def command(
    index: Path,
    queries: str,
    k: int,
    output: str,
    column: str,
    context_column: str,
    lang: str | None,
    min_p: float | None,
    precision: float | None,
    types: tuple[str, ...],
    granularity: str,
    decisions: str | None,
    generators: str | None,
    hubness: str,
    rerank: Path | None,
    why: str,
    source: Kind | None,
    overwrite_columns: bool,
) -> int:
    """Link QUERIES, or lines of standard input, to the concepts of an INDEX.

    \b
    textnorm link INDEX queries.tsv -o links.jsonl
    echo "sr. java developer" | textnorm link INDEX -k 3

    QUERIES are lines of text, or a table (.tsv, .jsonl, .parquet) with 'query' and perhaps 'id', 'lang', 'context',
    'attributes' (joined by '|'). Out come JSON Lines, one a query, in order: the concept or null, its probability, and
    the candidates with reasons. An output .tsv or .parquet has the rows that came in with QUERY_link_id,
    QUERY_link_name, QUERY_link_p and QUERY_link_candidates beside them.
    """  # noqa: D301 - click reads the escape
    if min_p is not None and precision is not None:
        msg = "--min-p and --precision exclude each other: both set the threshold."
        raise UsageError(msg)
    if rerank is not None and precision is not None:
        msg = "--rerank and --precision exclude each other: the index was tuned on its own p; use --min-p."
        raise UsageError(msg)
    given = detect(queries)
    form = given if source is None else Format(source, given.codec)
    target = detect(output)
    if target.kind == "text":
        if target.named:
            msg = f"{output}: links are no plain text; name a file .jsonl, .tsv or .parquet."
            raise UsageError(msg)
        target = Format("jsonl", target.codec)
    if target.kind == "parquet" and output == STDIO:
        msg = "Parquet cannot be written to standard output; name a file."
        raise UsageError(msg)
    others = [decisions] if decisions else []
    for path in (queries, *others):
        check_input(path)
    check_output(output, [queries, *others])

    from textnorm.linking.decisions import read_decisions
    from textnorm.linking.linker import Granularity, Linker
    from textnorm.linking.parts import wanted_generators
    from textnorm.linking.stream import LinkOptions, link_file
    from textnorm.linking.structure import types_of

    wanted = wanted_generators(generators, vectors=True)
    linker = Linker.load(index, generators=wanted, hubness=hubness)
    if precision is not None:
        min_p = linker.calibration.threshold(precision)
        if min_p is None:
            told = "the index is not tuned" if not linker.calibration.curve[0] else "no threshold reaches it"
            msg = f"--precision {precision:g}: {told}. See: textnorm index tune {index} --dev DEV.tsv"
            raise UsageError(msg)
    linker = linker.with_options(
        min_p=min_p, types=tuple(types_of(types)), granularity=cast("Granularity", granularity)
    )
    if decisions:
        linker.decisions = linker.decisions | read_decisions(decisions, linker.kb.number)
    if rerank is not None:
        from textnorm.linking.rerank import load_reranker

        linker.reranker = load_reranker(rerank)
    notes = Notes()
    options = LinkOptions(column, context_column, lang, k, full=why == "full", overwrite_columns=overwrite_columns)
    tally = link_file(linker, queries, form, output, target, options, notes.say)
    notes.clear()
    if tally.quarantined:
        notes.say(f"{tally.quarantined} of {tally.rows} rows quarantined: they have no link")
        return QUARANTINED
    return 0
