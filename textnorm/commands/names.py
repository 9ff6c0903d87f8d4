"""``textnorm names``."""

from __future__ import annotations

import json
from collections import Counter
from typing import NoReturn

import click

from textnorm.errors import DataError, UsageError
from textnorm.streaming.formats import STDIO, Codec, check_input, check_output, detect


@click.command("names")
@click.argument("file", default=STDIO, metavar="[FILE.jsonl]")
@click.option("-o", "--output", default=STDIO, metavar="OUT.jsonl", help="Output file.")
@click.option("--lang", default="auto", show_default=True, help="Language of all documents; auto looks at each.")
@click.option(
    "--tables",
    multiple=True,
    metavar="PATH",
    help="Own tables of names (a folder or file), laid over the built-in ones.",
)
@click.option("--off", multiple=True, metavar="SIEVE", help="Leave a sieve out (docs/names.md lists them).")
@click.option("--evidence", is_flag=True, help="Add confidence and evidence to every cluster.")
def command(file: str, output: str, lang: str, tables: tuple[str, ...], off: tuple[str, ...], evidence: bool) -> int:
    """Bring the written forms of each name of a document together, stand-off.

    \b
    textnorm names docs.jsonl -o out.jsonl
    echo '{"id": "a", "text": "Dr. Ada Stone spoke. Stone left."}' | textnorm names

    In: one JSON object a line with 'text' or 'tokens', and perhaps 'mentions' (start, end, type; code points or
    tokens) and 'lang'. Out: the same objects with 'clusters' (canonical, type, mentions). Without 'mentions' names
    are found by capital letters.
    """  # noqa: D301 - click reads the escape
    for path in (file, output):
        if detect(path).named and detect(path).kind != "jsonl":
            msg = f"{path}: 'names' reads and writes JSON Lines (.jsonl, also .gz and .zst)."
            raise UsageError(msg)
    check_input(file)
    check_output(output, [file])

    from textnorm.normalizers.coref.engine import NameResolver
    from textnorm.normalizers.coref.records import NAMED, output_clusters, resolve_record
    from textnorm.streaming.files import blocks, reading, writing

    resolver = NameResolver(lang, overlays=tables, off=off)
    unknown: Counter[str] = Counter()
    label = "standard input" if file == STDIO else file
    number = 0
    codec = _codec(file)
    with reading(file, codec) as source, writing(output, _codec(output)) as target:
        for block in blocks(source, label):
            out: list[bytes] = []
            for line in block.split(b"\n"):
                number += 1
                if not line.strip():
                    continue
                record = _parsed(line, label, number)
                found = resolve_record(record, resolver, _where(label, number, record))
                unknown.update(found.unknown)
                if found.crossing:
                    shown = ", ".join(f"[{a[0]}, {a[1]}) and [{b[0]}, {b[1]})" for a, b in found.crossing[:NAMED])
                    click.echo(
                        f"warning: {_where(label, number, record)}: mentions overlap without one lying in the other: "
                        f"{shown}; each is kept as a name of its own",
                        err=True,
                    )
                out.append(_written(line, record, output_clusters(found, full=evidence)))
            if block.endswith(b"\n"):
                number -= 1
            if out:
                target.write(b"\n".join(out) + b"\n")
    if unknown:
        shown = ", ".join(f"'{tag}' ({count})" for tag, count in unknown.most_common(NAMED))
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        click.echo(f"warning: unknown types count as 'other': {shown}{more}", err=True)
    return 0


def _codec(path: str) -> Codec:
    return detect(path).codec


def _where(label: str, number: int, record: object) -> str:
    name = record.get("id") if isinstance(record, dict) else None
    return f"{label}, line {number}" + (f" (id {name!r})" if name is not None else "")


def _parsed(line: bytes, label: str, number: int) -> dict[str, object]:
    try:
        record: dict[str, object] = json.loads(line, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        msg = f"{label}, line {number}: not UTF-8 at byte {error.start}."
        raise DataError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{label}, line {number}: no JSON: {error}."
        raise DataError(msg) from error
    return record


def _no_number(word: str) -> NoReturn:
    msg = f"{word} is no number in JSON"
    raise ValueError(msg)


def _written(line: bytes, record: dict[str, object], clusters: list[dict[str, object]]) -> bytes:
    """Return a line with its clusters behind its own bytes; clusters that it has already are replaced."""
    if "clusters" not in record:
        return line.rstrip()[:-1] + b', "clusters": ' + _json(clusters) + b"}"
    return _json({**record, "clusters": clusters})


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot hold
        return json.dumps(value).encode()
