"""The page of ``textnorm explain --html``: source and reading side by side, every edit marked in both.

One self-contained HTML document. It has no script and loads nothing, and a content security policy says so to the
browser, so that a text that holds markup can do no harm even to a browser with a fault. What reacts to the pointer, the
keyboard or a check box does it by ``:has()``; a browser without it still shows both texts and the table of edits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import category, name

import regex

from textnorm import __version__
from textnorm.commands.common import grammar_of
from textnorm.commands.explain_style import STYLE, class_rules, pair_rules

if TYPE_CHECKING:
    from textnorm.edits import Edit, Normalized
    from textnorm.pipeline import Pipeline

#: Edits below this confidence are flagged for a second look.
LOW = 0.8
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
NO_CLASS = "no class"
HEADS = ("place", "source", "reading", "class", "rule", "confidence", "why")
#: Short names that editors and the Unicode charts use; everything else that cannot be seen is shown by its number.
SHORT = {
    "\0": "NUL",
    "\t": "TAB",
    "\n": "↵",
    "\r": "CR",
    " ": "·",
    "\x7f": "DEL",
    "\x85": "NEL",
    "\xa0": "NBSP",
    "\xad": "SHY",
    "\u061c": "ALM",
    "\u200b": "ZWSP",
    "\u200c": "ZWNJ",
    "\u200d": "ZWJ",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u2028": "LSEP",
    "\u2029": "PSEP",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "LRO",
    "\u202e": "RLO",
    "\u202f": "NNBSP",
    "\u2060": "WJ",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
    "\ufe0e": "VS15",
    "\ufe0f": "VS16",
    "\ufeff": "BOM",
}
#: What leaves no trace on a page, and a combining mark that has lost its base to the element before.
UNSEEN = regex.compile(r"(?V1)\A\p{M}|[\p{C}\p{Z}\p{DI}\u2800--\x20]")
UNSEEN_OR_SPACE = regex.compile(r"(?V1)\A\p{M}|[\p{C}\p{Z}\p{DI}\u2800]")
VARIATION = frozenset(map(chr, range(0xFE00, 0xFE10)))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One edit with what the page says about it."""

    k: int
    edit: Edit
    source: str
    tone: int
    reasons: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)

    @property
    def low(self) -> bool:
        return self.edit.confidence < LOW

    @property
    def kind(self) -> str:
        if self.edit.replacement is None:
            return "note"
        if not self.edit.replacement:
            return "del"
        return "sub" if self.source else "ins"


def render(results: Sequence[Normalized], nlp: Pipeline, *, title: str = "textnorm explain") -> str:
    """Return an HTML document that shows what ``nlp`` did to each text, and why.

    The same input gives the same page: it holds neither time nor host.

    Args:
        results: ``n`` texts with their edits, in order; empty texts without edits are only counted.
        nlp: the pipeline they come from; asked for its identity and for what it knows about its rules.
        title: title of the page.

    Returns:
        The document. Whatever the texts hold, it can be encoded as UTF-8.
    """
    counts = Counter(edit.label for result in results for edit in result.edits)
    # The most frequent classes get the colours that lie furthest apart.
    labels = sorted(counts, key=lambda label: (-counts[label], label))
    tones = {label: i for i, label in enumerate(labels)}
    entries = [_entries(result, tones, nlp) for result in results]
    longest = max(map(len, entries), default=0)
    body = [
        part
        for i, (result, row) in enumerate(zip(results, entries, strict=True), start=1)
        if result.source or row
        for part in _article(i, result, row, nlp.lang)
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f'<meta name="generator" content="textnorm {escape(__version__)}">',
            f"<title>{_attribute(title)}: {_attribute(nlp.name)}</title>",
            f"<style>\n{STYLE}{class_rules(len(labels))}{pair_rules(longest)}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#texts">Skip to the texts</a>',
            *_header(results, entries, nlp, title),
            *_legend(labels, counts),
            '<main id="texts">',
            '<div class="heads" aria-hidden="true"><span>Source</span><span>Reading</span></div>',
            *(body or ['<p class="nothing">There is no text to show.</p>']),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


# -- text ------------------------------------------------------------------------------------------------------------
def _text(text: str, *, edited: bool = False) -> str:
    """Return a text as HTML in which every character can be seen.

    Args:
        text: any string, lone surrogates included.
        edited: whether it stands in an edit; then a stretch of spaces is dotted, and joiners are always shown.
    """
    pattern = UNSEEN_OR_SPACE if edited and text.isspace() else UNSEEN
    parts: list[str] = []
    at = 0
    for m in pattern.finditer(text):
        if not edited and _shapes(text, m.start()):
            continue
        parts += escape(text[at : m.start()]), _box(m[0])
        at = m.end()
    parts.append(escape(text[at:]))
    return "".join(parts)


def _shapes(text: str, i: int) -> bool:
    """Whether a joiner or variation selector shapes its neighbours (emoji, Arabic, Indic), which a box would undo."""
    if i == 0 or not (text[i] in "\u200c\u200d" or text[i] in VARIATION):
        return False
    before, after = category(text[i - 1]), category(text[i + 1]) if i + 1 < len(text) else ""
    if text[i] in VARIATION:
        return before in ("So", "Sm", "Lo")
    return before in ("So", "Sk", "Lo", "Mn", "Mc") and after in ("So", "Lo")


def _box(char: str) -> str:
    """Return a labelled box for one character, with the character itself inside, so that it is copied along."""
    code = ord(char)
    label = "◌" + char if category(char)[0] == "M" and char not in SHORT else SHORT.get(char, f"U+{code:04X}")
    title = escape(f"U+{code:04X} {name(char, '')}".rstrip())
    if char == "\n":
        return f'<span class="inv" data-l="{label}" title="{title}"></span>\n'
    # HTML has no way to write these: https://html.spec.whatwg.org/multipage/parsing.html#preprocessing-the-input-stream
    lost = category(char) == "Cs" or (category(char) == "Cc" and char != "\t") or _noncharacter(code)
    return f'<span class="inv" data-l="{escape(label)}" title="{title}">{"" if lost else char}</span>'


def _noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _attribute(text: str) -> str:
    """Return a text for where no element may stand; what cannot be seen is written as ``[U+00A0]``."""
    return escape(UNSEEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", text))


def _confidence(value: float) -> str:
    # Cut, not rounded: 0.799 is flagged as below 0.8 and must not read 0.80.
    return f"{round(value * 1000) // 10 / 100:.2f}"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


# -- edits -----------------------------------------------------------------------------------------------------------
def _entries(result: Normalized, tones: dict[str, int], nlp: Pipeline) -> list[_Entry]:
    entries: list[_Entry] = []
    for k, edit in enumerate(result.edits):
        known = nlp.describe(edit.rule)
        entry = _Entry(k, edit, result.source[edit.start : edit.end], tones[edit.label], [known] if known else [])
        _tell(edit.value, entry)
        entries.append(entry)
    return entries


def _tell(value: Any, entry: _Entry) -> None:
    """Add what an edit's value says: its reason and alternatives in words, anything else as JSON."""
    if value is None:
        return
    if not isinstance(value, dict):
        entry.reasons.append(json.dumps(value, ensure_ascii=False))
        return
    rest = dict(value)
    if isinstance(rest.get("merged"), list):  # of composed edits
        for part in rest.pop("merged"):
            _tell(part, entry)
    if rest.get("abstained") is True:
        del rest["abstained"]
        entry.reasons.append("abstained")
    if isinstance(rest.get("why"), str):
        entry.reasons.append(rest.pop("why"))
    entry.reasons.extend(grammar_of(rest))
    if isinstance(rest.get("alternatives"), list):
        found = rest.pop("alternatives")
        entry.alternatives.extend(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in found)
    if rest:
        entry.reasons.append(json.dumps(rest, ensure_ascii=False, sort_keys=True))


Span = tuple[int, int, _Entry]


def _spans(result: Normalized, entries: Sequence[_Entry]) -> tuple[list[Span], list[Span]]:
    """Return where each edit stands in the source and in the reading, code points."""
    blocks = result.blocks
    source: list[Span] = []
    reading: list[Span] = []
    b = 0
    for entry in entries:
        start, end = entry.edit.start, entry.edit.end
        source.append((start, end, entry))
        if entry.edit.replacement is None:
            reading.append((*blocks.span(start, end), entry))
        else:
            reading.append((blocks.t0[b], blocks.t1[b], entry))
            b += 1
    return source, reading


def _marked(text: str, spans: Sequence[Span], tag: str) -> str:
    """Return a text with its edits as ``<mark>`` elements.

    Annotations may cross. An element that another one cuts is closed and opened again; only its first piece has the id
    and takes the focus, so that every edit is met once.
    """
    parts: list[str] = []
    stack: list[Span] = []
    empty = [span for span in spans if span[0] == span[1]]
    # The longer outside, and of two as long the annotation.
    full = sorted(
        (span for span in spans if span[0] < span[1]), key=lambda s: (s[0], -s[1], s[2].edit.replacement is not None)
    )
    # At one place: what ends there, then what is empty there (in the order of the edits), then what begins.
    places = sorted({0, len(text), *(p for a, b, _ in spans for p in (a, b))})
    e = f = at = 0
    for place in places:
        if at < place:
            parts.append(_text(text[at:place], edited=bool(stack)))
            at = place
        reopen: list[Span] = []
        while any(span[1] == place for span in stack):
            span = stack.pop()
            parts.append("</mark>")
            if span[1] > place:
                reopen.append(span)
        for span in sorted(reopen, key=lambda s: -s[1]):  # what ends first is inside, and is not cut again
            parts.append(_mark(span[2], tag, first=False))
            stack.append(span)
        while e < len(empty) and empty[e][0] == place:
            parts.append(_mark(empty[e][2], tag, first=True, empty=True) + "</mark>")
            e += 1
        while f < len(full) and full[f][0] == place:
            parts.append(_mark(full[f][2], tag, first=True))
            stack.append(full[f])
            f += 1
    return "".join(parts)


def _mark(entry: _Entry, tag: str, *, first: bool, empty: bool = False) -> str:
    names = f"k{entry.k} c{entry.tone} {entry.kind}{' low' if entry.low else ''}{' void' if empty else ''}"
    if not first:
        return f'<mark class="{names} more">'
    return f'<mark class="{names}" id="{tag}-{entry.k}" tabindex="0" aria-describedby="d{tag[1:]}-{entry.k}">'


# -- parts of the page -----------------------------------------------------------------------------------------------
def _header(
    results: Sequence[Normalized], entries: Sequence[Sequence[_Entry]], nlp: Pipeline, title: str
) -> Iterator[str]:
    edits = sum(map(len, entries))
    low = sum(entry.low for row in entries for entry in row)
    empty = sum(not result.source and not result.edits for result in results)
    changed = sum(result.changed for result in results)
    facts = [f"textnorm {__version__}", *(f"{part} {version}" for part, version in nlp.versions.items())]
    figures = [
        (len(results), "text" if len(results) == 1 else "texts", f"{empty} empty" if empty else ""),
        (changed, "changed", ""),
        (edits, "edit" if edits == 1 else "edits", ""),
        (low, "to check", f"confidence below {LOW:g}"),
    ]
    yield "<header>"
    yield f'<p class="eyebrow">{_text(title)}</p>'
    yield f"<h1>{_text(nlp.name)}</h1>"
    if nlp.description:
        yield f'<p class="about">{_text(nlp.description)}</p>'
    yield '<ul class="figures">'
    for n, what, note in figures:
        small = f" <small>{note}</small>" if note else ""
        yield f"<li><b>{n:,}</b> {what}{small}</li>"
    yield "</ul>"
    yield f'<p class="facts">{" · ".join(map(_text, facts))} · <code>{escape(nlp.fingerprint[:12])}</code></p>'
    yield "</header>"


def _legend(labels: Sequence[str], counts: Counter[str]) -> Iterator[str]:
    if not labels:
        return
    yield '<section class="legend" aria-label="Classes of edits">'
    yield "<ul>"
    for i, label in enumerate(labels):
        yield (
            f'<li><label class="chip c{i}"><input type="checkbox" id="f{i}" checked> '
            f"{_text(label) or NO_CLASS} <b>{counts[label]:,}</b></label></li>"
        )
    yield "</ul>"
    yield '<p class="switches">'
    yield '<label><input type="checkbox" id="tables" checked> tables</label>'
    yield '<label><input type="checkbox" id="same" checked> unchanged texts</label>'
    yield '<label><input type="checkbox" id="check"> only what is to check</label>'
    yield "</p>"
    yield '<p class="key">'
    yield '<span><mark class="del">deleted</mark></span>'
    yield '<span><mark class="ins void"></mark> inserted here</span>'
    yield '<span><mark class="note">marked, not changed</mark></span>'
    yield '<span><mark class="low">to check</mark></span>'
    yield '<span><span class="inv" data-l="NBSP"></span> a character that cannot be seen</span>'
    yield "</p>"
    yield '<p class="how">Point at an edit, or step through them with Tab, to see its rule and its reason.</p>'
    yield "</section>"


def _article(i: int, result: Normalized, entries: Sequence[_Entry], lang: str | None) -> Iterator[str]:
    source, reading = _spans(result, entries)
    low = sum(entry.low for entry in entries)
    state = "edited" if entries else "same"
    said = _count(len(entries), "edit") if entries else "unchanged"
    flag = f' · <span class="flag">{low:,} to check</span>' if low else ""
    code = escape(lang or "")
    yield f'<article class="t {state}{" unsure" if low else ""}" id="t{i}">'
    yield f'<h2><a href="#t{i}">{i}</a> <span>{said}{flag}</span></h2>'
    yield '<div class="pair">'
    for what, text, spans in (("source", result.source, source), ("reading", result.text, reading)):
        marked = _marked(text, spans, f"{what[0]}{i}")
        about = f'role="group" aria-label="{what} of text {i}" lang="{code}" dir="auto"'
        yield f'<div class="pane {what}" {about}>{marked}</div>'
    yield "</div>"
    if entries:
        yield '<div class="tips">'
        for entry in entries:
            yield _tip(i, entry, code)
        yield "</div>"
        yield from _table(i, entries, code)
    yield "</article>"


def _change(entry: _Entry, code: str) -> tuple[str, str]:
    """Return source and reading of one edit, in words where there is nothing to see."""
    new = entry.edit.replacement
    before = f'<span lang="{code}">{_text(entry.source, edited=True)}</span>' if entry.source else ""
    if new is None:
        return before or "<i>a place</i>", "<i>marked, not changed</i>"
    after = f'<span lang="{code}">{_text(new, edited=True)}</span>' if new else "<i>deleted</i>"
    return before or "<i>inserted</i>", after


def _reasons(entry: _Entry, code: str) -> Iterator[str]:
    for reason in entry.reasons:
        yield f"<p>{_text(reason)}</p>"
    if entry.alternatives:
        also = ", ".join(f'<span lang="{code}">{_text(x, edited=True)}</span>' for x in entry.alternatives)
        yield f'<p class="also">or: {also}</p>'


def _tip(i: int, entry: _Entry, code: str) -> str:
    before, after = _change(entry, code)
    edit = entry.edit
    flag = ' <span class="flag">to check</span>' if entry.low else ""
    return (
        f'<div class="tip k{entry.k} c{entry.tone}" role="tooltip" id="d{i}-{entry.k}">'
        f'<p class="head"><span class="chip">{_text(edit.label) or NO_CLASS}</span> <code>{_text(edit.rule)}</code> '
        f"<span>{_confidence(edit.confidence)}</span>{flag}</p>"
        f'<p class="change">{before} <span class="to">→</span> {after}</p>'
        f"{''.join(_reasons(entry, code))}</div>"
    )


def _table(i: int, entries: Sequence[_Entry], code: str) -> Iterator[str]:
    yield '<div class="edits"><table>'
    yield f'<caption class="vh">Edits of text {i}</caption>'
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for entry in entries:
        edit = entry.edit
        before, after = _change(entry, code)
        sure = _confidence(edit.confidence)
        flag = ' <span class="flag" title="to check">?</span>' if entry.low else ""
        yield (
            f'<tr class="k{entry.k} c{entry.tone}{" low" if entry.low else ""}" id="e{i}-{entry.k}">'
            f'<td class="place"><a href="#s{i}-{entry.k}">{edit.start}–{edit.end}</a></td>'
            f'<td class="before">{before}</td><td class="after">{after}</td>'
            f'<td class="label"><span class="chip">{_text(edit.label) or NO_CLASS}</span></td>'
            f'<td class="rule"><code>{_text(edit.rule)}</code></td>'
            f'<td class="sure"><span class="bar" style="--p:{edit.confidence:.3f}"></span>{sure}{flag}</td>'
            f'<td class="why">{"".join(_reasons(entry, code))}</td></tr>'
        )
    yield "</tbody></table></div>"
