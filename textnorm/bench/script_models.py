"""Building the models that ship: one recipe a pair, from the shared corpora. Run as a module; see docs/script.md."""

from __future__ import annotations

from pathlib import Path

from textnorm.bench.lt_lexicon import words
from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.model import ScriptModel, Settings
from textnorm.normalizers.script.table import read_table, read_text
from textnorm.normalizers.script.train import Plan, train
from textnorm.resources import rules_dir


def lithuanian(data: Path, *, lexicon: bool = True, agreement: bool = True, lines: int = 24000) -> ScriptModel:
    """Return the model that gives Lithuanian its letters back, trained on the legal acts and our own tables."""
    table = read_table(rules_dir() / "script" / "lithuanian-from-ascii.tsv")
    extra = (
        {word: count for word, count in words(rules_dir() / "script" / "lt").items() if count >= LEAST}
        if lexicon
        else {}
    )
    plan = Plan(
        order=7,
        grams=700_000,
        events=800_000,
        alphabet=60,
        fold=True,
        agreement=agreement,
        noise=(1.0,),
        held=3,
        held_lines=lines,
        settings=Settings(fold=True, adapting=Adapting(rounds=0), margin=3.0),
        allowed=0.001,
        least=3.0,
    )
    return train(read_text(data / "lt" / "text_law.txt.gz"), table, (), plan, extra)


#: Least count of a form of our own tables that is kept.
LEAST = 0.4
