"""Makes the pictures of docs/tour.md from what the program does: ``python docs/pictures/make.py [NAME...]``.

Each is an SVG of a few kilobytes, text in a monospaced font, so that an offset is a place. ``speed`` is drawn from the
table in docs/benchmarks.md, ``ablation`` by training classifiers; the others need only the core and take a second.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

CELL, LINE, MARGIN = 8.4, 18, 16
#: Of Okabe and Ito: told apart by people who see colours differently.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#555555")
SENTENCE = "Nuo 2015 m. sausio 1 d. moka 21 Eur už 3 kg."
DAMAGED = "Kaina\u00a015\u202fEur, atvyko 3 sveÄ\u008diai."
ANNOTATED = "Rašykite vardas@example.lt arba skambinkite tel. 8 600 00000 iki penktadienio."


def text(x: float, y: float, content: str, colour: str = "#222", size: int = 14, anchor: str = "start") -> str:
    """Return a text element; monospaced, spaces kept."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="{anchor}" '
        f'xml:space="preserve">{escape(content)}</text>'
    )


def picture(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """Return the whole SVG on a white ground, so that it reads on a dark page."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" role="img"><title>{escape(title)}</title>'
    )
    ground = f'<rect width="{width:.0f}" height="{height:.0f}" rx="6" fill="#fff"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def place(offset: int) -> float:
    """Return where a code point stands."""
    return MARGIN + CELL * offset


def grid(content: str, y: float) -> list[str]:
    """Return a text with every word at its own place, whatever the font's width."""
    return [text(place(m.start()), y, m[0]) for m in re.finditer(r"\S+", content)]


# -- the pictures ------------------------------------------------------------------------------------------------------
def reading() -> str:
    """A sentence, its reading, and which edit leads from where to where."""
    from textnorm import load

    out = load("lt-speech")(SENTENCE)
    parts: list[str] = []
    half = out.text.rfind(" ", 0, len(out.text) // 2 + 6) + 1
    lines = [(0, half, 150.0), (half, len(out.text), 230.0)]
    labels = list(dict.fromkeys(edit.label for edit in out.edits))
    for edit in out.edits:
        colour = COLOURS[labels.index(edit.label) % len(COLOURS)]
        a, b = place(edit.start), place(edit.end)
        parts.append(
            f'<rect x="{a - 2:.1f}" y="30" width="{b - a + 4:.1f}" height="24" rx="4" fill="{colour}" opacity=".18"/>'
        )
        parts.append(text((a + b) / 2, 22, edit.label, colour, 11, "middle"))
        start, end = out.to_normalized(edit.start, edit.end)
        for first, last, y in lines:
            c, d = max(start, first), min(end, last)
            if c >= d:
                continue
            left, right = place(c - first), place(d - first)
            parts.append(
                f'<rect x="{left - 2:.1f}" y="{y - 16}" width="{right - left + 4:.1f}" height="22" rx="4" '
                f'fill="{colour}" opacity=".18"/>'
            )
            middle = (left + right) / 2
            parts.append(
                f'<path d="M{(a + b) / 2:.1f} 54 C{(a + b) / 2:.1f} 95 {middle:.1f} 95 {middle:.1f} {y - 16}" '
                f'fill="none" stroke="{colour}" stroke-width="1.4" opacity=".7"/>'
            )
    parts += grid(SENTENCE, 47)
    for first, last, y in lines:
        parts += grid(out.text[first:last], y)
    width = place(max(half, len(out.text) - half, len(SENTENCE))) + MARGIN
    return picture(width, 252, parts, "A sentence, its reading, and the edits between")


def pipeline() -> str:
    """What each component of a pipeline makes of a text, and the one list of edits that is left."""
    from textnorm import load
    from textnorm.edits import Normalized

    nlp = load("lt-speech")
    shown, rows = DAMAGED, [("source", DAMAGED)]
    for label, component in nlp.components:
        shown = component([shown]).apply([shown])[0]
        rows.append((f"after {label}", shown))
    out: Normalized = nlp(DAMAGED)
    rows += [
        (f"edit {e.start:>2}–{e.end:<2}", f"{visible(DAMAGED[e.start : e.end])} → {e.replacement}  {e.label}")
        for e in out.edits
    ]
    parts: list[str] = []
    for i, (label, content) in enumerate(rows):
        y = 34 + 26 * i + (12 if label.startswith("edit") else 0)
        parts += [text(MARGIN, y, label, COLOURS[0] if i < 3 else COLOURS[6], 12), text(150, y, visible(content))]
    wide = max(len(visible(content)) for _, content in rows)
    return picture(150 + CELL * wide + MARGIN, 34 + 26 * len(rows) + 8, parts, "A pipeline and its composed edits")


def visible(content: str) -> str:
    """Return a text whose odd spaces and controls can be seen."""
    return "".join(c if c.isprintable() else "␣" if c.isspace() else "·" for c in content)


def annotations() -> str:
    """Spans that two annotators found, under the text, by offset."""
    from textnorm import load

    quality = load("corpus-annotate", overrides={"textnorm.pipeline": ["quality", "pii"]})
    edits = quality(ANNOTATED).edits
    parts = grid(ANNOTATED, 34)
    for i, edit in enumerate(sorted(edits, key=lambda e: e.start - e.end)):
        y, colour = 48 + 26 * i, COLOURS[i % len(COLOURS)]
        a, b = place(edit.start), place(edit.end)
        parts.append(f'<rect x="{a:.1f}" y="{y}" width="{b - a:.1f}" height="18" rx="3" fill="{colour}"/>')
        said = {"QUALITY": lambda v: f"score {v['score']}"}.get(edit.label, lambda v: str(v["code"]))(edit.value)
        inside = b - a > CELL * (len(edit.label) + len(said) + 4) * 0.8
        parts.append(text(a + 5 if inside else b + 6, y + 13, f"{edit.label} {said}", "#fff" if inside else colour, 11))
    return picture(place(len(ANNOTATED)) + MARGIN, 56 + 26 * len(edits), parts, "Annotations lie beside the text")


def duplicates() -> str:
    """How likely a pair of a given similarity becomes a candidate, for some thresholds."""
    from textnorm.dedup.signature import cut_bands

    width, height, left, bottom = 560.0, 300.0, 60.0, 250.0
    parts = axes(left, bottom, width - 20, 30)
    parts.append(text(left + 14, 46, "threshold: bands × values", "#222", 12))
    for k, threshold in enumerate((0.5, 0.7, 0.8, 0.9)):
        bands, rows = cut_bands(threshold, 128)
        points = []
        for i in range(101):
            s = i / 100
            p = 1 - (1 - s**rows) ** bands
            points.append(f"{left + s * (width - 20 - left):.1f},{bottom - p * (bottom - 30):.1f}")
        colour = COLOURS[k]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(text(left + 14, 64 + 18 * k, f"{threshold}: {bands} × {rows}", colour, 12))
    parts.append(text((left + width) / 2, height - 12, "Jaccard similarity of two texts", "#222", 12, "middle"))
    parts.append(text(left, 20, "chance that they are compared", "#222", 12))
    return picture(width, height, parts, "Bands of MinHash: similarity and the chance to be a candidate")


def axes(left: float, bottom: float, right: float, top: float) -> list[str]:
    """Return axes from 0 to 1."""
    parts = [f'<path d="M{left} {top} V{bottom} H{right}" fill="none" stroke="#888"/>']
    for i in range(0, 11, 2):
        share = i / 10
        parts.append(text(left + share * (right - left), bottom + 16, f"{share:.1f}", "#666", 11, "middle"))
        parts.append(text(left - 6, bottom - share * (bottom - top) + 4, f"{share:.1f}", "#666", 11, "end"))
    return parts


def ablation() -> str:
    """Accuracy on the original, the normalized and both, of our made tickets."""
    from textnorm.ablation.study import Settings, study

    rows = [line.split("\t") for line in (ROOT / "corpora/ablation/tickets.tsv").read_text("utf-8").split("\n")[1:-1]]
    settings = Settings("unicode", {}, switches="none", folds=3)
    report = study([row[0] for row in rows], [row[1] for row in rows], settings)
    left, right = 130.0, 560.0
    parts = []
    low = 0.6
    for i in range(5):
        share = low + i * 0.1
        x = left + (share - low) / (1 - low) * (right - left)
        parts += [f'<path d="M{x:.1f} 24 V130" stroke="#ddd"/>', text(x, 148, f"{share:.1f}", "#666", 11, "middle")]
    for i, variant in enumerate(report["variants"]):
        value, lo, hi = (left + (max(low, v) - low) / (1 - low) * (right - left) for v in variant["accuracy"])
        y, colour = 44 + 34 * i, COLOURS[i]
        parts.append(text(MARGIN, y + 5, variant["name"], colour, 13))
        parts.append(f'<path d="M{lo:.1f} {y} H{hi:.1f}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{value:.1f}" cy="{y}" r="5" fill="{colour}"/>')
    parts.append(
        text((left + right) / 2, 168, "accuracy with its 95 % interval, 240 made tickets", "#222", 12, "middle")
    )
    return picture(right + 30, 180, parts, "textnorm ablate: original, normalized, both")


def speed() -> str:
    """Sentences a CPU-second, on a logarithmic scale, as docs/benchmarks.md has them."""
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    table = page.partition("## Reading out")[2].partition("| bar |")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")][
        1:
    ]
    shown = [(f"{row[2].replace('`', '')} ({row[0]})", float(row[3].strip("*").replace(",", ""))) for row in rows]
    left, right = 330.0, 700.0
    top = math.ceil(math.log10(max(value for _, value in shown)))
    parts = []
    for power in range(top + 1):
        x = left + power / top * (right - left)
        parts += [
            f'<path d="M{x:.1f} 20 V{26 + 24 * len(shown)}" stroke="#ddd"/>',
            text(x, 42 + 24 * len(shown), f"{10**power:,}", "#666", 11, "middle"),
        ]
    for i, (label, value) in enumerate(shown):
        y = 24 + 24 * i
        colour = COLOURS[0] if label.startswith("textnorm") else COLOURS[6]
        width = max(1.0, math.log10(value) / top * (right - left))
        parts.append(text(left - 8, y + 13, label, colour, 12, "end"))
        parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="17" fill="{colour}" opacity=".8"/>')
        parts.append(text(left + width + 5, y + 13, f"{value:,.0f}" if value >= 100 else f"{value:.1f}", "#222", 11))
    parts.append(text((left + right) / 2, 62 + 24 * len(shown), "sentences a CPU-second", "#222", 12, "middle"))
    return picture(right + 60, 74 + 24 * len(shown), parts, "Sentences read out per CPU-second")


PICTURES: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (reading, pipeline, annotations, duplicates, ablation, speed)
}


def main() -> None:
    """Write the pictures named, or all."""
    for name in sys.argv[1:] or PICTURES:
        (HERE / f"{name}.svg").write_text(PICTURES[name](), encoding="utf-8")


if __name__ == "__main__":
    main()
