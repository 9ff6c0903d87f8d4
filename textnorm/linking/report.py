"""What ``index tune`` found, for people: tables on a terminal, and a plot in SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, EDGE = 360, 360, 40
#: How the guard calls the weights without tuning.
DEFAULT = "the default"


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the report as lines."""
    lines = [
        f"{report['queries']:,} labelled queries, {report['none']:,} of them with no right concept in the base; "
        f"judged in {report['folds']} parts, none by weights that saw its concepts"
    ]
    if report["unknown"]:
        shown = ", ".join(f"'{concept}'" for concept in report["unknown_first"])
        more = ", …" if report["unknown"] > len(report["unknown_first"]) else ""
        lines.append(f"note: {report['unknown']:,} ids are not in the index: {shown}{more}")
    kinds = [kind for kind in report["rows"][0] if kind not in ("lang", "n")]
    width = max(len("lang"), *(len(row["lang"]) for row in report["rows"]))
    lines.append("MRR (first right)")
    lines.append(f"{'lang'.ljust(width)}  {'n':>6}  " + "  ".join(kind.rjust(max(13, len(kind))) for kind in kinds))
    for row in report["rows"]:
        cells = (f"{row[kind]['mrr']:.4f} ({row[kind]['a1']:.3f})".rjust(max(13, len(kind))) for kind in kinds)
        lines.append(f"{(row['lang'] or '?').ljust(width)}  {row['n']:>6}  " + "  ".join(cells))
    lines.extend(
        f"guard: {lang or 'queries without a language'}: "
        + (f"{name} alone was better and is kept" if name != DEFAULT else "nothing was gained; the default is kept")
        for lang, name in report["kept"].items()
    )
    lines.append(f"roll-up to parents: {'on' if report['roll_up'] else 'off'}")
    if report.get("hubness"):
        lines.extend(report["hubness"])
    lines.append("ablations, MRR (first right) [first ten]:")
    for name, found in report["ablations"].items():
        lines.append(f"  {name}: {found['mrr']:.4f} ({found['a1']:.3f}) [{found['a10']:.3f}]")
    return [*lines, *calibration_lines(report["calibration"])]


def calibration_lines(found: Mapping[str, Any]) -> list[str]:
    """Return what is said of probabilities, with a reliability plot."""
    right = "none" if found["links_right"] is None else f"{found['links_right']:.3f} of them right"
    lines = [
        f"p of the first candidate: ECE {found['ece']:.4f}, Brier {found['brier']:.4f}; "
        f"95 % right at a coverage of {found['coverage_95']:.3f}",
        f"linked at p >= {found['min_p']:g}: {found['linked']:.3f} of the queries, {right}",
    ]
    if "null" in found:
        null = found["null"]
        lines.append(
            f"none of these, {null['n']:,} queries: precision {null['precision']:.3f}, recall {null['recall']:.3f}, "
            f"F1 {null['f1']:.3f}"
        )
    for low, n, p, share in found["bins"]:
        bar = list(("#" * round(share * 40)).ljust(41))
        bar[round(p * 40)] = "|"
        lines.append(f"  {low:.1f}-{low + 0.1:.1f}  {''.join(bar)}  n {n:>5}  p {p:.3f}  right {share:.3f}")
    return lines


def reliability_svg(bins: Sequence[Sequence[float]], title: str = "") -> str:
    """Return a reliability plot: a bar a bin of ``p`` with the share that was right, and the diagonal.

    Args:
        bins: (lower end, count, mean p, share right) of each.
        title: above the plot.
    """
    side = WIDTH - 2 * EDGE

    def x(value: float) -> float:
        return EDGE + value * side

    def y(value: float) -> float:
        return HEIGHT - EDGE - value * side

    top = max((n for _, n, _, _ in bins), default=1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="11">',
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle">{_escaped(title)}</text>',
        f'<rect x="{EDGE}" y="{EDGE}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#888" stroke-dasharray="4"/>',
    ]
    for low, n, p, share in bins:
        shade = 0.25 + 0.6 * n / top
        parts.append(
            f'<rect x="{x(low) + 1:.1f}" y="{y(share):.1f}" width="{side / 10 - 2:.1f}" '
            f'height="{share * side:.1f}" fill="#3465a4" fill-opacity="{shade:.2f}"/>'
        )
        parts.append(f'<circle cx="{x(p):.1f}" cy="{y(share):.1f}" r="3" fill="#cc0000"/>')
        parts.append(f'<text x="{x(low + 0.05):.1f}" y="{y(0) + 14:.1f}" text-anchor="middle">{n:g}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">p (queries a bin)</text>')
    parts.append(f'<text x="12" y="{HEIGHT / 2}" transform="rotate(-90 12 {HEIGHT / 2})">right</text></svg>')
    return "\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
