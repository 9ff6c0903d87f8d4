"""Histograms of depth: one line of blocks for a terminal, an SVG for a page."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

Depths = NDArray[np.float64]
BLOCKS = " ▁▂▃▄▅▆▇█"
#: Colours that differ in lightness, too (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 320, 56, 40, 16, 48


def edges(all_depths: Sequence[Depths], bins: int) -> NDArray[np.float64]:
    """Return the edges of bins that hold all depths; where all are equal, a bin round them."""
    lo = min(float(depths.min()) for depths in all_depths)
    hi = max(float(depths.max()) for depths in all_depths)
    if hi - lo < 1e-9:
        lo, hi = lo - 0.005, hi + 0.005
    return np.linspace(lo, hi, bins + 1)


def line(depths: Depths, bounds: NDArray[np.float64]) -> str:
    """Return a histogram of one line; a bin that holds anything shows."""
    counts = np.histogram(depths, bounds)[0]
    heights = np.where(counts > 0, np.maximum(1, np.round(8 * counts / counts.max())), 0)
    return "".join(BLOCKS[int(height)] for height in heights)


def svg(series: Sequence[tuple[str, Depths]], bins: int = 48) -> str:
    """Return an SVG page with the share of texts by depth, one outline a corpus."""
    bounds = edges([depths for _, depths in series], bins)
    shares = [np.histogram(depths, bounds)[0] / len(depths) for _, depths in series]
    top = max(float(share.max()) for share in shares)
    lo, hi = float(bounds[0]), float(bounds[-1])
    inner, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + inner * (value - lo) / (hi - lo)

    def y(share: float) -> float:
        return TOP + height * (1 - share / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape('Depth of ' + ' and '.join(name for name, _ in series))}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for value in np.linspace(bounds[0], bounds[-1], 6):
        parts.append(f'<line x1="{x(value):.1f}" y1="{TOP}" x2="{x(value):.1f}" y2="{TOP + height}" stroke="#e5e5e5"/>')
        parts.append(_label(x(value), TOP + height + 18, f"{value:.3f}", "middle"))
    for share in np.linspace(0, top, 4):
        parts.append(
            f'<line x1="{LEFT}" y1="{y(share):.1f}" x2="{WIDTH - RIGHT}" y2="{y(share):.1f}" stroke="#e5e5e5"/>'
        )
        parts.append(_label(LEFT - 6, y(share) + 4, f"{100 * share:.1f} %", "end"))
    parts.append(_label(LEFT + inner / 2, HEIGHT - 8, "depth (outlying on the left, typical on the right)", "middle"))
    for i, ((name, depths), share) in enumerate(zip(series, shares, strict=True)):
        colour = COLOURS[i % len(COLOURS)]
        points = [(x(bounds[0]), y(0))]
        for k, value in enumerate(share):
            points += [(x(bounds[k]), y(value)), (x(bounds[k + 1]), y(value))]
        points.append((x(bounds[-1]), y(0)))
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(
            f'<polygon points="{path}" fill="{colour}" fill-opacity="0.25" stroke="{colour}" stroke-width="1.5"/>'
        )
        middle = x(float(np.median(depths)))
        parts.append(
            f'<line x1="{middle:.1f}" y1="{TOP}" x2="{middle:.1f}" y2="{TOP + height}" stroke="{colour}" '
            'stroke-dasharray="4 3"/>'
        )
        parts.append(f'<rect x="{LEFT}" y="{8 + 14 * i}" width="10" height="10" fill="{colour}"/>')
        parts.append(_label(LEFT + 16, 17 + 14 * i, f"{name} ({len(depths):,} texts, dashed: median)", "start"))
    return "\n".join([*parts, "</svg>", ""])


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333333">{escape(text)}</text>'
