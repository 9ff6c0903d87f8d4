"""What the phrasebook tests share: books written in a test, compiled."""

from __future__ import annotations

from pathlib import Path

from textnorm.normalizers.phrasebook.compile import compile_book
from textnorm.normalizers.phrasebook.load import load_book
from textnorm.resources import rules_dir

LT_HOUSE = rules_dir("phrasebooks") / "lt-house.yaml"
KEPT_BACK = Path(__file__).parent / "lt_kept_back.tsv"


def load(tmp_path, text, **options):
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return load_book(path, **options)


def matcher(tmp_path, text, **options):
    return compile_book(load(tmp_path, text), **options)


def of(*sentences, lists="", rules="", skip=(), language="en", settings=""):
    """Return a book of one frame ``F``."""
    quoted = "\n".join(f"      - '{sentence}'" for sentence in sentences)
    return (
        f"language: {language}\nsettings: {{{settings}}}\nlists: {{{lists}}}\nexpansion_rules: {{{rules}}}\n"
        f"skip_words: {list(skip)}\nintents:\n  F:\n    sentences:\n{quoted}\n"
    )


def answer(made, text, context=None):
    """Return (frame, slot values) of a sentence, ``None`` where nothing or several match."""
    found = made.match(text, context)
    return (found[0].frame, found[0].values) if len(found) == 1 else None
