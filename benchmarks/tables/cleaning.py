"""Lines cleaned per CPU-second: unicode beside ftfy and clean-text on the same English text."""

from __future__ import annotations

from data import lines
from peers import measure

from tables import Table, number

TITLE = "Repairing Unicode"
WARM = 500
SYSTEMS = (
    ("textnorm `unicode`", "clean", "ours"),
    ("ftfy `fix_text`", "clean", "ftfy_peer"),
    ("ftfy `fix_and_explain`", "clean, explained", "ftfy_peer"),
    ("clean-text, defaults (lower case, ASCII)", "clean", "clean_text_peer"),
    ("clean-text, repair only", "clean, repair only", "clean_text_peer"),
)


def make() -> Table:
    """Measure."""
    table = Table(["system", "lines a CPU-second", "MB a CPU-second", "again, MB", "lines changed", "MB of memory"])
    found = [line for line in lines("text/en_EWT.txt.gz") or [] if line.strip()]
    if not found:
        table.notes.append("The English text is not among the data.")
        return table
    warm, given = found[:WARM], found[WARM:]
    rates: dict[str, float] = {}
    for label, task, peer in SYSTEMS:
        got = measure(task, peer, given, warm=warm)
        if "skipped" not in got:
            rates[label] = got["bytes"] / 1e6 / got["first"]
        cells = (
            []
            if "skipped" in got
            else [
                f"**{number(got['texts'] / got['first'])}**",
                number(rates[label]),
                number(got["bytes"] / 1e6 / got["best"]),
                f"{got['changed'] / got['texts']:.1%}",
                f"{got['memory']:.0f}",
            ]
        )
        table.add(label, got, cells)
    ours = rates.get(SYSTEMS[0][0])
    for name, part in (("ftfy, the faster call", "ftfy"), ("clean-text, the faster call", "clean-text")):
        others = [rate for label, rate in rates.items() if label.startswith(part)]
        if ours and others:
            table.ratios.append((f"`unicode` / {name}", ours / max(others), 5))
    table.about = [
        "English web text, a line at a time for the peers (they take one text), 200 at a time for textnorm.",
        "First pass over new text, one thread.",
    ]
    table.notes += [
        "They do not do the same: ftfy also straightens curly quotes and unpacks ligatures by default, which `unicode` "
        "does only when asked, hence more changed lines; textnorm makes edits with offsets.",
    ]
    return table
