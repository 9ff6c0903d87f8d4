"""Building the models that ship, one recipe a pair: ``python -m textnorm.bench.script_models --data DIR [NAME...]``.

What may ship: counts learned from Wikipedia and the Zaza-Gorani corpus (CC BY-SA), from official legal acts, and from
our own tables. No text may ship for Sorani and Kurmanji, so their models are the bare channel.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textnorm.bench.lt_lexicon import words
from textnorm.bench.report import data_folder, need
from textnorm.normalizers.script import store
from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.counting import Plan
from textnorm.normalizers.script.model import ScriptModel, Settings
from textnorm.normalizers.script.table import Table, read_table, read_text
from textnorm.normalizers.script.train import bare, train
from textnorm.resources import models_dir, rules_dir

Kind = Literal["text", "bare", "lt"]
#: Least count of a form of our own Lithuanian tables that is kept.
LEAST = 0.4
#: Prior count of a digraph spelling against that of a bare letter.
DIGRAPH = 0.03
#: Every how manieth clean sentence of the pairs is for testing.
TEST = 8


@dataclass(frozen=True)
class Pair:
    """A language in another script, and what there is of it.

    Attributes:
        lang: ISO 639-3 code.
        script: whose letters it is written in.
        table: mapping table.
        corpus: text, under ``script/perso``, or ``""``.
        pairs: synthetic pairs, under ``script/synth``, or ``""``.
        source: where text and pairs come from; empty where none may ship.
    """

    lang: str
    script: str
    table: str
    corpus: str = ""
    pairs: str = ""
    source: str = ""

    @property
    def name(self) -> str:
        """Name of the model and of its pipeline."""
        return f"script-{self.lang}-from-{self.script}"


_GORANI = "Zaza-Gorani corpus (S. Ahmadi, 2020), CC BY-SA 4.0"
PAIRS = (
    Pair("azb", "persian", "azeri-from-persian", "wordlist/azbwiki-20221201_wordlist.txt", "azb_AzeriTurkish-Persian",
         "words and sentences of South Azerbaijani Wikipedia (December 2022), CC BY-SA"),
    Pair("glk", "persian", "gilaki-from-persian", "corpus/glkwiki-20221201.txt.gz", "glk_Gilaki-Persian",
         "Gilaki Wikipedia (December 2022), CC BY-SA"),
    Pair("mzn", "persian", "mazanderani-from-persian", "wordlist/mznwiki-20221201_wordlist.txt", "",
         "words of Mazanderani Wikipedia (December 2022), CC BY-SA"),
    Pair("hac", "persian", "gorani-from-persian", "corpus/hac_arb_all.txt.gz", "hac_Gorani-Persian", _GORANI),
    Pair("hac", "arabic", "gorani-from-arabic", "corpus/hac_arb_all.txt.gz", "hac_Gorani-Arabic", _GORANI),
    Pair("hac", "sorani", "gorani-from-sorani", "corpus/hac_arb_all.txt.gz", "hac_Gorani-Kurdish", _GORANI),
    Pair("kas", "urdu", "kashmiri-from-urdu", "corpus/kswiki-20221201.txt.gz", "kas_Kashmiri-Urdu",
         "Kashmiri Wikipedia (December 2022), CC BY-SA"),
    Pair("snd", "urdu", "sindhi-from-urdu", "wordlist/sdnwiki-20221201_wordlist.txt", "snd_Sindhi-Urdu",
         "words and sentences of Sindhi Wikipedia (December 2022), CC BY-SA"),
    Pair("ckb", "arabic", "kurdish-from-arabic"),
    Pair("ckb", "persian", "kurdish-from-persian"),
    Pair("kmr", "arabic", "kurdish-from-arabic"),
    Pair("kmr", "persian", "kurdish-from-persian"),
)  # fmt: skip


def table_of(name: str) -> Table:
    """Return one of our mapping tables."""
    return read_table(rules_dir() / "script" / f"{name}.tsv")


def material(pair: Pair, data: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the lines and the pairs that there are of a language."""
    lines: list[str] = []
    pairs: list[tuple[str, str]] = []
    if pair.corpus:
        lines = read_text(*need(data, [f"script/perso/{pair.corpus}"]))
    if pair.pairs:
        sides = need(data, [f"script/synth/{pair.pairs}.tr.src", f"script/synth/{pair.pairs}.tr.trg"])
        source, target = (read_text(path) for path in sides)
        pairs = [(s, t) for s, t in zip(source, target, strict=True) if s.strip() and t.strip()]
    return lines, pairs


def plan_of(**changes: object) -> Plan:
    """Return the plan for a language in another script."""
    return Plan(**{"grams": 700_000, "events": 700_000, **changes})  # type: ignore[arg-type]


def build(pair: Pair, data: Path) -> ScriptModel:
    """Train one of the models that ship."""
    table = table_of(pair.table)
    if not pair.source:
        return bare(table)
    lines, pairs = material(pair, data)
    return train([*lines, *(target for _, target in pairs)], table, pairs, plan_of())


def lithuanian(data: Path, **changes: object) -> ScriptModel:
    """Return the model that gives Lithuanian its letters back, trained on the legal acts and our own tables."""
    settings = Settings(fold=True, width=12, adapting=Adapting(rounds=0, clean=4.0))
    plan = Plan(
        order=7, grams=700_000, events=800_000, alphabet=60, fold=True, agreement=True, noise=(1.0,), held=5,
        held_lines=15_000, settings=settings, allowed=0.001, least=3.0,
    )  # fmt: skip
    extra: Mapping[str, float] = {w: n for w, n in words(rules_dir() / "script" / "lt").items() if n >= LEAST}
    for key, value in changes.items():
        if key == "extra":
            extra = value  # type: ignore[assignment]
        else:
            setattr(plan, key, value)
    lines = read_text(*need(data, ["lt/text_law.txt.gz"]))
    # Few write sh for š, and names and loanwords hold such letters by right.
    digraphs = dict.fromkeys(table_of("lithuanian-digraphs"), DIGRAPH)
    return train(lines, {**table_of("lithuanian-from-ascii"), **digraphs}, (), plan, extra)


def _write(
    model: ScriptModel, name: str, lang: str, kind: Literal["text", "bare", "lt"], source: str, seconds: float
) -> None:
    about = {
        "trained on": source or "no text: the mapping table alone",
        "training": f"{seconds:.0f} CPU-seconds" if source else "none",
        "licence": {"text": "CC BY-SA 4.0", "bare": "Apache-2.0", "lt": "Apache-2.0"}[kind],
        "retrain": "python -m textnorm.bench.script_models --data DATA " + name,
    }
    card = [f"# {name}", "", *(f"- {key}: {value}" for key, value in about.items()), "", _CARDS[kind], "", _FIGURES]
    licence = {"text": _SHARE_ALIKE.format(name=name, source=source), "bare": _APACHE, "lt": _APACHE}[kind]
    store.save(
        model, models_dir() / name, name=name, lang=lang, about=about, card="\n".join(card) + "\n", licence=licence
    )


def main(names: Sequence[str], data: Path) -> None:
    """Build the models called ``names``, or all."""
    for pair in PAIRS:
        if not names or pair.name in names:
            begun = time.process_time()
            model = build(pair, data)
            _write(
                model, pair.name, pair.lang, "text" if pair.source else "bare", pair.source, time.process_time() - begun
            )
            print(pair.name, f"{time.process_time() - begun:.0f} CPU-s", flush=True)  # noqa: T201
    if not names or "lt-diacritics" in names:
        begun = time.process_time()
        model = lithuanian(data)
        source = "Lithuanian legal acts (official texts), and our own tables of common words"
        _write(model, "lt-diacritics", "lt", "lt", source, time.process_time() - begun)
        print("lt-diacritics", f"{time.process_time() - begun:.0f} CPU-s", flush=True)  # noqa: T201


_CARDS = {
    "text": """Counts of words and of character n-grams; no sentence of the text is kept. The channel was learned from
our mapping table and from synthetic pairs of the same text.""",
    "bare": """No text of this language may ship, so this model knows no words: it replaces letters that the language
does not have and leaves alone those that it has. With text of your own it becomes a full one: `textnorm script train
--mapping MAP.tsv --text CORPUS -o MODEL`, with the table from `rules/script`.""",
    "lt": "Counts of words, neighbours and character n-grams; no sentence of the text is kept. News text was not used.",
}
_FIGURES = "Figures and how to reproduce them: `docs/script.md`, `textnorm bench script`."
_SHARE_ALIKE = """{name}

This folder holds counts learned from: {source}.
It is licensed under the Creative Commons Attribution-ShareAlike 4.0 International licence (CC BY-SA 4.0):
https://creativecommons.org/licenses/by-sa/4.0/legalcode

Attribution: the authors of the text named above. What was changed: the text was counted; words and character n-grams
with their frequencies are all that is left of it.
"""
_APACHE = "Licensed under the Apache License 2.0, like the package: see LICENSE at the top of the distribution.\n"

if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    main(given.names, data_folder(given.data))
