"""What the site needs besides its pages (mkdocs.yml): every option, and files that pages link to outside this folder.

``options.md`` is made from the commands themselves when the site is built, so it cannot be out of date. A link that
leads out of ``docs/`` (``../benchmarks/README.md``) becomes a page or file under ``project/``.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
OUTSIDE = "project"


# -- every option ------------------------------------------------------------------------------------------------------
def options_page() -> str:
    """Return a page with all commands and their options, as ``--help`` says them."""
    sys.path.insert(0, str(ROOT))
    import click

    from textnorm.cli import main

    lines = ["# Every option", "", "Made from the commands themselves; `textnorm COMMAND --help` says the same."]
    with click.Context(main, info_name="textnorm") as context:
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            if command is not None:
                lines += _command(command, f"textnorm {name}", 2)
    return "\n".join(lines) + "\n"


def _command(command: Any, name: str, level: int) -> Iterator[str]:
    import click

    yield from ("", f"{'#' * level} `{name}`", "", _prose(command.help or command.short_help or ""), "")
    with click.Context(command, info_name=name) as context:
        yield f"`{name} {' '.join(command.collect_usage_pieces(context))}`"
        rows = [record for p in command.get_params(context) if (record := p.get_help_record(context)) is not None]
        if rows:
            yield from ("", "| option | |", "|---|---|")
            yield from (f"| `{_cell(option)}` | {_cell(text)} |" for option, text in rows)
        if isinstance(command, click.Group):
            for part in command.list_commands(context):
                found = command.get_command(context, part)
                if found is not None:
                    yield from _command(found, f"{name} {part}", level + 1)


def _prose(text: str) -> str:
    """Return help text as Markdown; a paragraph that click must not wrap is a block of code."""
    out = []
    for paragraph in text.split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            out.append("```\n" + paragraph.replace("\b", "").strip("\n") + "\n```")
        else:
            out.append(re.sub(r"([<>_*])", r"\\\1", " ".join(paragraph.split())))
    return "\n\n".join(out)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


# -- links out of the folder -------------------------------------------------------------------------------------------
def linked(text: str, place: str) -> Iterator[str]:
    """Yield the files (paths from the root) outside ``docs/`` that a page links to; ``place`` is the page's folder."""
    for _, target, _ in LINK.findall(FENCE.sub("", text)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path = posixpath.normpath(posixpath.join(place, target))
        if not path.startswith(("docs/", "..")) and (ROOT / path).is_file():
            yield path


def relinked(text: str, source: str, target: str, known: set[str]) -> str:
    """Return a page whose links lead where their files lie in the site.

    Args:
        text: the page.
        source: its path from the root of the project.
        target: its path in the site.
        known: paths, from the root of the project, that are in the site beside ``docs/``.
    """

    def link(match: re.Match[str]) -> str:
        label, path, anchor = match[1], match[2], match[3] or ""
        if "://" in path or path.startswith("mailto:"):
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if file.startswith("docs/"):
            there = file.removeprefix("docs/")
        elif file in known:
            there = f"{OUTSIDE}/{file}"
        else:
            return label  # a folder, or a file that the site does not carry
        return f"[{label}]({posixpath.relpath(there, posixpath.dirname(target) or '.')}{anchor})"

    parts = re.split(f"({FENCE.pattern})", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


# -- what mkdocs calls -------------------------------------------------------------------------------------------------
def on_config(config: Any) -> Any:
    """Add the pages that the navigation forgets."""

    def pages(items: list[Any]) -> Iterator[str]:
        for item in items:
            value = next(iter(item.values())) if isinstance(item, dict) else item
            yield from pages(value) if isinstance(value, list) else (value,)

    named = set(pages(config["nav"]))
    forgotten = sorted(path.name for path in Path(config["docs_dir"]).glob("*.md") if path.name not in named)
    if forgotten:
        config["nav"].append({"More": forgotten})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the page of options and the files outside ``docs/``."""
    from mkdocs.structure.files import File, InclusionLevel

    files.append(File.generated(config, "options.md", content=options_page()))
    found: set[str] = set()
    todo = [(file.content_string, "docs") for file in files if file.src_uri.endswith(".md")]
    while todo:
        text, place = todo.pop()
        for path in linked(text, place):
            if path not in found:
                found.add(path)
                if path.endswith(".md"):
                    todo.append(((ROOT / path).read_text(encoding="utf-8"), posixpath.dirname(path)))
    config["extra"]["outside"] = sorted(found)
    for path in sorted(found):
        made = File.generated(config, f"{OUTSIDE}/{path}", abs_src_path=str(ROOT / path))
        made.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(made)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Rewrite the links of a page."""
    target = page.file.src_uri
    # A file's name stands behind the language of a fence; the theme shows it as a title.
    markdown = re.sub(r"^```(\w+) ([\w.-]+\.\w+)$", r'```\1 title="\2"', markdown, flags=re.MULTILINE)
    inside = target.startswith(f"{OUTSIDE}/")
    source = target.removeprefix(f"{OUTSIDE}/") if inside else f"docs/{target}"
    return relinked(markdown, source, target, set(config["extra"]["outside"]))
