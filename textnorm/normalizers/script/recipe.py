"""What a model is made of, and making it: files in, a model's folder out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textnorm.errors import DataError
from textnorm.normalizers.script import store
from textnorm.normalizers.script.counting import Plan
from textnorm.normalizers.script.model import Settings
from textnorm.normalizers.script.noise import Noise
from textnorm.normalizers.script.table import Table, read_pairs, read_table, read_text
from textnorm.normalizers.script.train import train

#: Bytes of an n-gram or an event, and of the rest of a folder.
EACH, REST = 5.0, 1.5e6


@dataclass
class Recipe:
    """What a model is made of.

    Attributes:
        name: of the model.
        lang: ISO 639 code.
        mapping: table of letters.
        texts: files of right text.
        pairs: files of pairs.
        fold: whether words are read in lower case.
        order: longest n-gram of characters.
        megabytes: largest size of the folder.
        licence: licence of the text, in a word.
        seed: of the synthetic noise.
    """

    name: str
    lang: str
    mapping: Path | None = None
    texts: Sequence[Path] = ()
    pairs: Sequence[Path] = ()
    fold: bool = False
    order: int = 6
    megabytes: float = 9.0
    licence: str = ""
    seed: int = 13


def make(recipe: Recipe, folder: Path, *, say: Callable[[str], None] = lambda line: None) -> list[str]:
    """Train the model of a recipe, write its folder, and return lines that sum it up.

    Raises:
        DataError: a file cannot be used; names file and line.
        UsageError: the folder holds something else.
    """
    begun = time.process_time()
    store.check_free(folder)
    table: Table = read_table(recipe.mapping) if recipe.mapping is not None else {}
    pairs: list[tuple[str, str]] = []
    for path in recipe.pairs:
        found, apart = read_pairs(path)
        pairs.extend(found)
        if apart:
            shown = ", ".join(map(str, apart[:5])) + (" …" if len(apart) > 5 else "")
            say(f"note: {path}: left out {len(apart)} pairs whose sides do not align (lines {shown})")
    lines: list[str] = []
    for path in recipe.texts:
        lines.extend(read_text(path))
    if recipe.texts and not any(map(str.strip, lines)):
        msg = f"{', '.join(map(str, recipe.texts))}: the corpus is empty; a model needs right text, one line each."
        raise DataError(msg)
    lines.extend(clean for _, clean in pairs)
    room = (recipe.megabytes * 1e6 - REST) / EACH
    plan = Plan(
        order=recipe.order,
        grams=int(room * 0.55),
        events=int(room * 0.45),
        fold=recipe.fold,
        seed=recipe.seed,
        settings=Settings(fold=recipe.fold),
    )
    say(f"training on {len(lines)} lines and {len(pairs)} pairs …")
    try:
        model = train(lines, table, pairs, plan)
    except DataError as error:
        msg = f"{', '.join(map(str, (*recipe.texts, *recipe.pairs)))}: {error}"
        raise DataError(msg) from error
    seconds = time.process_time() - begun
    characters = sum(map(len, lines))
    about = {
        "trained on": f"{len(lines)} lines, {characters} characters, {len(pairs)} pairs",
        "licence of the text": recipe.licence or "not given",
        "files": ", ".join(
            path.name for path in (*recipe.texts, *recipe.pairs, *([recipe.mapping] if recipe.mapping else []))
        ),
    }
    store.save(
        model,
        folder,
        name=recipe.name,
        lang=recipe.lang,
        about=about,
        card=_card(recipe, about, model.settings),
        licence=_LICENCE.format(name=recipe.name, licence=recipe.licence or "not given"),
    )
    size = sum(path.stat().st_size for path in folder.iterdir())
    return [
        f"{folder}: {size / 1e6:.1f} MB, trained in {seconds:.0f} CPU-seconds on {characters / 1e6:.2f} M characters"
    ]


def noisy_lines(
    model: str, file: Path, level: float, *, consistent: bool, counted: Literal["letters", "all"], seed: int
) -> Iterator[str]:
    """Yield ``noisy<TAB>clean`` for each line of a file, each clean line once.

    Raises:
        UsageError: there is no such model.
        DataError: a mapping table cannot be used.
    """
    if model.endswith(".tsv"):
        arcs = [(s, t, n) for (s, t), n in read_table(Path(model)).items()]
    else:
        read, _ = store.read(model)
        arcs = [(a.source, a.target, a.prob) for a in read.channel.arcs if a.prob > 1e-3]
    noise = Noise.of_arcs(arcs, level, consistent=consistent, counted=counted, seed=seed)
    for line in dict.fromkeys(read_text(file)):
        if line.strip() and "\t" not in line:
            yield f"{noise(line)}\t{line}"


def _card(recipe: Recipe, about: dict[str, str], settings: Settings) -> str:
    lines = [f"# {recipe.name}", "", "A script model of textnorm (`textnorm script info`).", ""]
    lines += ["| | |", "|---|---|", f"| language | {recipe.lang} |"]
    lines += [f"| {key} | {value} |" for key, value in about.items()]
    lines += [
        f"| order of the character model | {recipe.order} |",
        f"| margin of the gate | {settings.margin:.2f} nats |",
    ]
    return "\n".join(lines) + "\n"


_LICENCE = """The model {name} holds counts of words and of character n-grams of the text it was trained on.
Licence of that text: {licence}.
"""
