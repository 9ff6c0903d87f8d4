"""``textnorm pipelines``."""

from __future__ import annotations

import json

import click


@click.command("pipelines")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a pipeline.")
def command(as_json: bool) -> None:
    """List the built-in pipelines, one line each: name, language, what it does."""
    from textnorm.config import builtin_names, find, read

    rows: list[tuple[str, str, str, list[str]]] = []
    for name in builtin_names():
        settings = read(find(name), {}).settings
        rows.append((name, settings.get("lang") or "any", settings.get("description", ""), settings["pipeline"]))
    if as_json:
        for name, lang, text, components in rows:
            click.echo(json.dumps({"name": name, "lang": lang, "description": text, "components": components}))
        return
    width = max(len(row[0]) for row in rows)
    for name, lang, text, _ in rows:
        click.echo(f"{name.ljust(width)}  {lang.ljust(3)}  {text}")
