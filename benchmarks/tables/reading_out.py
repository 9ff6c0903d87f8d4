"""Sentences read out per CPU-second: lt-speech beside peers of Lithuanian, and of English text as dense in numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence

from data import lines
from peers import measure

from tables import Table, number

TITLE = "Reading out"
LITHUANIAN = {"news": "lt/text_news.txt.gz", "law": "lt/text_law.txt.gz"}
ENGLISH = "text/en_EWT.txt.gz"
TEXTS, WARM = {"news": 1200, "law": 6000, "english": 1200}, 300
PEERS = {
    "news": (
        ("textnorm `lt-speech`", "lt", "ours"),
        ("phonology_engine", "lt", "phonology_engine_peer"),
        ("espeak-ng", "lt", "espeak_peer"),
    ),
    "english": (
        ("NeMo-text-processing", "en", "nemo_peer"),
        ("wetext", "en", "wetext_peer"),
        ("espeak-ng", "en", "espeak_peer"),
        ("textnorm `lt-speech` on English", "en", "ours"),
    ),
}
PEERS["law"] = PEERS["news"]


def density(texts: Sequence[str]) -> float:
    """Return the share of tokens (between blanks) that hold a digit."""
    tokens = [token for text in texts for token in text.split()]
    return sum(any(map(str.isdigit, token)) for token in tokens) / max(1, len(tokens))


def as_dense(texts: Sequence[str], wanted: float, size: int, rng: random.Random) -> list[str]:
    """Return ``size`` texts in random order whose density is that wanted, as nearly as they allow."""
    pool = [text for text in texts if text.strip()]
    rng.shuffle(pool)
    pools = {with_digit: [t for t in pool if any(map(str.isdigit, t)) == with_digit] for with_digit in (True, False)}
    out: list[str] = []
    digits = tokens = 0
    while len(out) < size and (pools[True] or pools[False]):
        need = (digits / tokens if tokens else 0.0) < wanted
        source = pools[need] or pools[not need]
        text = source.pop()
        out.append(text)
        digits += sum(any(map(str.isdigit, token)) for token in text.split())
        tokens += len(text.split())
    return out


def make() -> Table:
    """Measure."""
    table = Table(
        [
            "text",
            "tokens with digits",
            "system",
            "sentences a CPU-second",
            "MB a CPU-second",
            "again, sentences",
            "changed",
            "failed",
            "MB of memory",
        ]
    )
    rng = random.Random(0)
    texts: dict[str, tuple[list[str], list[str]]] = {}
    for name, file in LITHUANIAN.items():
        found = [line for line in lines(file, 3_000_000) or [] if len(line) > 20]
        rng.shuffle(found)
        if found:
            texts[name] = (found[WARM : WARM + TEXTS[name]], found[:WARM])
    english = [line for line in lines(ENGLISH) or [] if line.strip()]
    if "news" in texts and english:
        matched = as_dense(english, density(texts["news"][0]), TEXTS["english"] + WARM, rng)
        rng.shuffle(matched)
        texts["english"] = (matched[WARM:], matched[:WARM])
    rates: dict[tuple[str, str], float] = {}
    for name, (given, warm) in texts.items():
        share = f"{density(given):.1%}"
        for label, task, peer in PEERS[name]:
            got = measure(task, peer, given, warm=warm[:20] if peer == "nemo_peer" else warm)
            if "skipped" in got:
                table.add(label, got, [])
                continue
            rate = got["texts"] / got["first"]
            rates[name, peer] = rate
            table.versions[got["package"]] = got["version"]
            again = number(got["texts"] / got["best"]) if got["best"] < got["first"] else "–"
            changed = f"{got['changed'] / got['texts']:.0%} of {got['texts']}"
            if got.get("crashed"):
                table.notes.append(
                    f"{label} crashes within the {len(given):,} sentences of {name}; fewer were given to it."
                )
            speed = number(got["bytes"] / 1e6 / got["first"])
            last = [again, changed, str(got["errors"]), f"{got['memory']:.0f}"]
            table.rows.append([name, share, label, f"**{number(rate)}**", speed, *last])
    for name in ("news", "law"):
        for peer, label in (("phonology_engine_peer", "phonology_engine"), ("espeak_peer", "espeak-ng, its library")):
            if (name, peer) in rates and (name, "ours") in rates:
                table.ratios.append((f"`lt-speech` / {label}, {name}", rates[name, "ours"] / rates[name, peer], 6))
    for peer, label, wanted in (("nemo_peer", "NeMo", 1000.0), ("wetext_peer", "wetext", 0.0)):
        if ("english", peer) in rates and ("news", "ours") in rates:
            table.ratios.append(
                (
                    f"`lt-speech` on Lithuanian / {label} on English as dense",
                    rates["news", "ours"] / rates["english", peer],
                    wanted,
                )
            )
    table.about = [
        "Each system reads the same sentences in a process of its own, one thread. The first pass over text that is",
        "new to it counts (*again*: the best of two more passes over the same text, where a memo serves). English",
        "sentences are drawn so that as many tokens hold a digit as in the Lithuanian news. A slow system is cut off",
        "after 20 CPU-seconds; its rate is of what it did.",
    ]
    table.notes += [
        "phonology_engine returns capitals and, here, no stress; it drops or mangles what it does not "
        "know (*m.* becomes *EM*) and fails on characters outside Windows-1257.",
        "espeak-ng is called as a C library in the process, not as a command. It goes on to phonemes and cannot stop "
        "before, and it inflects nothing: another task, and much less of the language.",
        "textnorm has **no English pack**: its row on English text is the Lithuanian pack scanning it (and reading "
        "digits in Lithuanian), a measure of speed only.",
        "No system but textnorm returns edits; its time includes making, composing and applying them.",
    ]
    return table
