"""A made-up language for tests: it writes ł, ś, ä and au, and its neighbour writes l, s, a or nothing, and o."""

from __future__ import annotations

import random

import pytest

MAP = "l\tł\ns\tś\na\tä\no\tau\nNULL\tä\n"
WORDS = [
    "łanä",
    "lana",
    "śelä",
    "sela",
    "tauren",
    "kor",
    "meśtäri",
    "mestari",
    "piłka",
    "hauśe",
    "räni",
    "lotu",
    "ta",
    "ja",
]


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """A folder with a mapping table and a text of the language."""
    folder = tmp_path_factory.mktemp("toy")
    draw = random.Random(3)
    lines = [" ".join(draw.choices(WORDS, k=8)) + "." for _ in range(400)]
    (folder / "map.tsv").write_text(MAP, encoding="utf-8")
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def model(toy):
    """A model of the made-up language."""
    from textnorm.normalizers.script.recipe import Recipe, make

    make(Recipe(name="toy", lang="qtt", mapping=toy / "map.tsv", texts=[toy / "text.txt"]), toy / "model")
    return toy / "model"
