"""``textnorm bench``."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("bench")
@click.argument("name", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the data [default: $TEXTNORM_DATA].")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures here.")
def command(name: str | None, data: Path | None, out: Path | None) -> None:
    """Measure on data and print the table; without NAME, list the benchmarks."""
    from textnorm import __version__
    from textnorm.errors import UsageError
    from textnorm.registry import benchmarks

    if name is None:
        for known in benchmarks.names():
            click.echo(known)
        return
    run = benchmarks.get(name)
    if out is not None and not out.parent.is_dir():
        msg = f"There is no folder {out.parent} for --json."
        raise UsageError(msg)
    report = run(data)
    for line in report.lines():
        click.echo(line)
    if out is not None:
        part = out.with_name(out.name + ".part")
        part.write_text(json.dumps(report.payload(__version__), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(out)
