"""``textnorm rules``."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from textnorm.normalizers.nsw import NswNormalizer
    from textnorm.rules.coverage import Coverage
    from textnorm.rules.pack import Rule

DEFAULT_PACK = "lt"
#: Lines of each part of a coverage report.
SHOWN = 20

_pack = click.argument("pack", default=DEFAULT_PACK)
_domain = click.option("--domain", metavar="DOMAIN", help="Kind of text [default: the pack's first].")


def _component(pack: str, overlays: tuple[str, ...] = (), domain: str | None = None) -> NswNormalizer:
    from textnorm.normalizers.nsw import make_nsw

    return make_nsw(pack, overlays=overlays, domain=domain)


@click.group("rules", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List, check, show and measure the rules of a PACK: a language code ('lt') or a folder with a pack.toml."""
    if context.invoked_subcommand is None:
        context.invoke(list_rules, pack=DEFAULT_PACK, domain=None)


@command.command("list")
@_pack
@_domain
def list_rules(pack: str, domain: str | None) -> None:
    """List the rules in the order in which they are tried: priority, class, id, first example."""
    rules = _component(pack, domain=domain).pack.rules
    width = max(len(rule.id) for rule in rules)
    for rule in rules:
        example = f"{rule.examples[0][0]} → {rule.examples[0][1]}" if rule.examples else rule.note
        click.echo(f"{rule.priority:5}  {rule.label:8}  {rule.id.ljust(width)}  {example}")


@command.command("check")
@_pack
@click.option("--overlay", "overlays", multiple=True, metavar="FILE.toml", help="Rules laid over the PACK.")
def check_rules(pack: str, overlays: tuple[str, ...]) -> int:
    """Run every example and counter-example of the PACK in its domains; exit code 1 where one does not hold."""
    from textnorm.rules.check import check_pack, checked

    first = _component(pack, overlays)
    domains = first.pack.domains[1:]
    failed = examples = 0
    rules: set[str] = set()
    for nsw in (first, *(_component(pack, overlays, domain) for domain in domains)):
        failures = check_pack(nsw.pack, nsw.engine)
        for failure in failures:
            where = f"domain {nsw.pack.domain}: " if domains else ""
            click.echo(where + str(failure), err=True)
        failed += len(failures)
        rules.update(rule.id for rule in checked(nsw.pack))
        examples += sum(len(rule.examples) + len(rule.counterexamples) for rule in checked(nsw.pack))
    of = f" in {len(domains) + 1} domains" if domains else ""
    click.echo(f"{first.pack.code}: {len(rules)} rules{of}, {examples} examples and counter-examples, {failed} failed.")
    return 1 if failed else 0


@command.command("show")
@click.argument("rule")
@_pack
def show_rule(rule: str, pack: str) -> None:
    """Show one RULE: where it stands, its pattern, the forms derived for scanning, its reading and examples."""
    found = _find(rule, pack)
    for name, value in _rows(found):
        click.echo(f"{name.ljust(15)} {value}")


def _find(rule: str, pack: str) -> Rule:
    """Return a rule of the pack, in whatever domain it is."""
    first = _component(pack).pack
    others = (_component(pack, domain=domain).pack for domain in first.domains[1:])
    for known in (found for each in chain([first], others) for found in each.rules):
        if known.id == rule:
            return known
    return first.rule(rule)


def _rows(rule: Rule) -> list[tuple[str, str]]:
    rows = [
        ("id", rule.id),
        ("file", rule.source),
        ("class", rule.label),
        ("priority", str(rule.priority)),
        ("action", rule.action),
        ("pattern", rule.pattern),
        ("scanned as", rule.derived.head),
        ("reading", rule.template or "(the text stays)"),
        ("context", "the reading depends on what surrounds it" if rule.context else "none"),
    ]
    rows += [("domains", ", ".join(rule.domain))] if rule.domain else []
    rows += [("note", rule.note)] if rule.note else []
    rows += [("example", f"{text} → {reading}") for text, reading in rule.examples]
    rows += [("does not fire", text) for text in rule.counterexamples]
    return rows


@command.command("coverage")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--pack", default=DEFAULT_PACK, show_default=True, help="A language code or a folder.")
@click.option("--column", default="text", show_default=True, help="Column (field) with the text.")
@click.option("--overlaps", is_flag=True, help="Also count which rules lose to which; slow.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def coverage(files: tuple[str, ...], pack: str, column: str, overlaps: bool, as_json: bool) -> None:
    """Run the PACK over FILEs: how often each rule fires, which never do, and what stays unread.

    \b
    textnorm rules coverage corpora/lt/article.txt
    """  # noqa: D301 - click reads the escape
    from textnorm.rules.coverage import Coverage
    from textnorm.streaming.formats import check_input, detect
    from textnorm.streaming.readers import ReadOptions, read

    for file in files:
        check_input(file)
    nsw = _component(pack)
    # A rule that keeps its span makes no edit, so nothing here can count it.
    report = Coverage(tuple(rule.id for rule in nsw.pack.rules if rule.action != "keep"))
    for file in files:
        for chunk in read(file, detect(file), ReadOptions(column=column)):
            report.add(nsw.engine, [text for text in chunk.texts if text is not None], overlaps=overlaps)
    click.echo(_as_json(report) if as_json else _as_text(report, overlaps))


def _as_json(report: Coverage) -> str:
    return json.dumps(
        {
            "texts": report.texts,
            "characters": report.characters,
            "changed": report.changed,
            "fired": dict(report.fired.most_common()),
            "abstained": dict(report.abstained.most_common()),
            "silent": report.silent,
            "unread": dict(report.unread.most_common(SHOWN)),
            "unread_total": report.unread.total(),
            "competing": [[*pair, count] for pair, count in report.competing.most_common()],
        },
        ensure_ascii=False,
    )


def _as_text(report: Coverage, overlaps: bool) -> str:
    lines = [
        f"{report.texts} texts, {report.characters} characters, {report.changed} texts changed, "
        f"{report.fired.total()} readings, {report.abstained.total()} abstentions, "
        f"{report.unread.total()} tokens with digits left.",
        "",
        "Rules that fired:",
    ]
    for rule, count in (report.fired + report.abstained).most_common():
        samples = " | ".join(report.samples[rule])
        lines.append(f"{count:8}  {rule:32}  {samples}")
    lines += ["", f"Rules that never fired ({len(report.silent)}):", "  " + (", ".join(report.silent) or "none")]
    lines += ["", f"Left with digits (the {SHOWN} commonest):"]
    lines += [f"{count:8}  {token}" for token, count in report.unread.most_common(SHOWN)] or ["  nothing"]
    if overlaps:
        lines += ["", "Rules that won over others:"]
        lines += [f"{n:8}  {won} over {lost}" for (won, lost), n in report.competing.most_common(SHOWN)] or ["  none"]
    return "\n".join(lines)
