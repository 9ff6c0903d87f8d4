"""Lithuanian cardinals per CPU-second beside num2words, and where the two differ."""

from __future__ import annotations

import random

from peers import measure

from tables import Table, number

TITLE = "Lithuanian cardinals"
COUNT = 20_000


def make() -> Table:
    """Measure."""
    table = Table(["system", "numbers a CPU-second", "first ten thousand", "MB of memory"])
    rng = random.Random(0)
    given = [str(rng.randrange(10 ** rng.randrange(1, 10))) for _ in range(COUNT)]
    small = [str(n) for n in range(10_000)]
    rates: dict[str, float] = {}
    said: dict[str, list[str]] = {}
    for label, peer in (("textnorm, nominative masculine", "ours"), ("num2words", "num2words_peer")):
        got = measure("numerals", peer, given, warm=["1"])
        agreed = measure("numerals, all", peer, small, warm=["1"])
        if "skipped" not in got:
            rates[label], said[label] = got["texts"] / got["first"], agreed.get("all", [])
        table.add(label, got, [] if "skipped" in got else [f"**{number(rates[label])}**", "", f"{got['memory']:.0f}"])
    if len(said) == 2:
        (ours, one), (theirs, two) = said.items()
        same = sum(a == b for a, b in zip(one, two, strict=True))
        for row in table.rows:
            row[2] = f"{same / len(one):.2%} alike"
        table.ratios.append((f"{ours.split(',')[0]} / {theirs}", rates[ours] / rates[theirs], 0))
        table.notes += [f"{n}: {a} / {b}" for n, (a, b) in enumerate(zip(one, two, strict=True)) if a != b][:2]
    table.about = [
        f"{COUNT:,} random numbers of one to nine digits, each asked for once. num2words has one case and gender;",
        "textnorm has seven cases, two genders, pronominal and collective forms.",
    ]
    return table
