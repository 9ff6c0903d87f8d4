"""Building the word lexicons that ship: ``python -m textnorm.bench.lexicon_models --data DIR``.

``models/lexicon-esco`` is mined from ESCO's public occupation labels in Lithuanian, German, Spanish and Polish against
English, both ways. It holds words with weights, no labels.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import defaultdict
from pathlib import Path

from textnorm.bench.report import data_folder, need
from textnorm.linking.generators.folding import fold_names
from textnorm.linking.lexicon.mine import MineSettings, Pair, mine
from textnorm.linking.lexicon.shipped import write
from textnorm.resources import models_dir

NAME = "lexicon-esco"
HUB = "en"
#: Folders of ``titles/melo`` that hold all labels of a language; their queries are not read.
SETS = {
    "de": "deu_q_de_c_de",
    "en": "ltu_q_lt_c_en",
    "es": "esp_q_es_c_es",
    "lt": "ltu_q_lt_c_lt",
    "pl": "pol_q_pl_c_pl",
}
SETTINGS = MineSettings(choice=2.0, least=0.1, most=6)


def labels(data: Path, lang: str) -> dict[str, list[str]]:
    """Return the folded labels of a language by concept, each once."""
    folder = f"titles/melo/{SETS[lang]}"
    tables: list[list[tuple[str, str]]] = []
    for path in need(data, [f"{folder}/concept_mapping.tsv.gz", f"{folder}/corpus_elements.tsv.gz"]):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            cells = (line.rstrip("\n").split("\t") for line in lines)
            tables.append([(row[0], row[1]) for row in cells])
    concept, names = dict(tables[0]), tables[1]
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for (element, _), text in zip(names, fold_names([name for _, name in names]), strict=True):
        if element.split("_")[1] == lang:
            found[concept[element]][text] = None
    return {uri: list(texts) for uri, texts in found.items()}


def pairs(source: dict[str, list[str]], target: dict[str, list[str]]) -> list[Pair]:
    """Return all pairs of labels of one concept; those of a source label have a weight of 1 together."""
    return [
        (one, other, 1 / len(target[uri]))
        for uri, names in source.items()
        if uri in target
        for one in names
        for other in target[uri]
    ]


def main(data: Path) -> None:
    """Build the lexicon."""
    begun = time.process_time()
    folder = models_dir() / NAME
    folder.mkdir(parents=True, exist_ok=True)
    of = {lang: labels(data, lang) for lang in SETS}
    sizes = {}
    for lang in sorted(SETS.keys() - {HUB}):
        for one, other in ((lang, HUB), (HUB, lang)):
            table = mine(one, pairs(of[one], of[other]), SETTINGS)
            write(table, folder / f"{one}-{other}.tsv")
            sizes[f"{one}-{other}"] = len((folder / f"{one}-{other}.tsv").read_text(encoding="utf-8").splitlines())
    about = {"format": 1, "name": NAME, "units": sizes, "settings": vars(SETTINGS), "source": SOURCE}
    (folder / "card.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "CARD.md").write_text(CARD, encoding="utf-8")
    (folder / "LICENSE").write_text(LICENCE, encoding="utf-8")
    print(NAME, sizes, f"{time.process_time() - begun:.0f} CPU-s")  # noqa: T201


SOURCE = "ESCO occupation and ISCO group labels in de, en, es, lt and pl, as in the MELO benchmark's label banks"
CARD = f"""# {NAME}

Which words of German, Lithuanian, Polish and Spanish stand for which words of English in the names of occupations, and
the other way round: `lt-en.tsv` has a unit, then its translations as `word:weight`, folded (no case, no accents).

- mined from: {SOURCE}
- how: IBM model 1 on pairs of labels of one concept (`textnorm/linking/lexicon`)
- what is left out: translations below 0.1; no label is kept
- not read: queries and annotations of the benchmark
- licence: reuse with attribution, see LICENSE
- build again: python -m textnorm.bench.lexicon_models --data DATA

Used by the generator `mined` where a base has no names in the query's language. Figures: `docs/linking.md`.
"""
LICENCE = f"""{NAME}

This folder holds weights of words, computed from labels of ESCO, the European Skills, Competences, Qualifications and
Occupations classification of the European Commission.

This service uses the ESCO classification of the European Commission. © European Union. Reuse is authorised, provided
the source is acknowledged and changes are stated (Commission Decision 2011/833/EU of 12 December 2011 on the reuse of
Commission documents).

What was changed: the labels were cut into words and counted; words with weights are all that is left of them. The label
banks were taken from the MELO benchmark (Avature, MIT licence). Apart from the attribution above, our part of this
folder is licensed under the Apache License 2.0, like the package.
"""

if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    main(data_folder(parser.parse_args().data))
