"""``textnorm index check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from textnorm.commands.common import QUARANTINED


def base_options(command: Any) -> Any:
    """Add ``--format`` and ``--lang``, which say how NAMES are read."""
    form = click.option(
        "--format",
        "form",
        metavar="FORMAT",
        help="Of NAMES: table, obo, skos, esco, esco-occupations, esco-skills [default: by ending and content].",
    )
    lang = click.option("--lang", metavar="CODE", help="Language of the names that state none.")
    return form(lang(command))


@click.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAMES...")
@click.option("--concepts", metavar="FILE", help="Table: concept_id and perhaps parents, types, attributes.")
@base_options
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report here.")
@click.option("--shown", type=click.IntRange(min=0), default=5, show_default=True, help="Shared names to show.")
def check_base(
    names: tuple[str, ...], concepts: str | None, form: str | None, lang: str | None, out: Path | None, shown: int
) -> None:
    """Read NAMES as build does and report what they hold and what is odd; nothing is written.

    Exit code 1: build would stop, the message says where. 3: build would go on, but something was left out or is odd.
    """
    from textnorm.linking.check import look
    from textnorm.linking.readers import read_base
    from textnorm.streaming.formats import check_output

    if out is not None:
        check_output(str(out), [*names, *([concepts] if concepts else [])])
    base = read_base(names, concepts, form=form, lang=lang)
    found = look(base.names, base.concepts, base.warnings)
    for line in (*found.lines(shown), *(f"note: {note}" for note in base.notes)):
        click.echo(line)
    if out is not None:
        held = {
            **{label.replace(" ", "_"): number for label, number in found.counts.items()},
            "languages": dict(found.langs.most_common()),
            "kinds": dict(found.kinds.most_common()),
            "shared": [{"name": name, "concepts": ids} for name, ids in found.shared],
            "nameless": found.nameless,
            "warnings": found.warnings,
            "notes": base.notes,
        }
        part = out.with_name(out.name + ".part")
        part.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(out)
    if found.warnings:
        raise SystemExit(QUARANTINED)
