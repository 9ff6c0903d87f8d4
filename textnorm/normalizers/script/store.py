"""A model's folder: a manifest, plain arrays that are memory-mapped, a pipeline, a card and a licence. No pickle.

``model.json`` holds everything readable (arcs, letters, settings, origin) and a hash of each array.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from textnorm.errors import DataError, UsageError
from textnorm.normalizers.script.adapt import Adapting
from textnorm.normalizers.script.channel import Arc, Channel
from textnorm.normalizers.script.charlm import Alphabet, CharLM
from textnorm.normalizers.script.context import Context
from textnorm.normalizers.script.hands import Hands
from textnorm.normalizers.script.keys import Keys
from textnorm.normalizers.script.model import ScriptModel, Settings
from textnorm.normalizers.script.ranker import Ranker
from textnorm.normalizers.script.spelling import Speller
from textnorm.resources import models_dir

FORMAT = 1
MANIFEST, MEMORY = "model.json", "memory.tsv"


def find(name_or_path: str | Path) -> Path:
    """Return the folder of a shipped model's name or of a path.

    Raises:
        UsageError: there is none; names the shipped ones.
    """
    path = Path(name_or_path)
    if (path / MANIFEST).is_file():
        return path
    shipped = models_dir()
    if (shipped / str(name_or_path) / MANIFEST).is_file():
        return shipped / str(name_or_path)
    names = sorted(item.parent.name for item in shipped.glob(f"*/{MANIFEST}"))
    if path.is_dir():
        msg = f"The folder {path} holds no script model: it has no {MANIFEST}."
    else:
        msg = f"There is no script model '{name_or_path}'. Shipped: {', '.join(names) or 'none'}; or give a folder."
    raise UsageError(msg)


def check_free(folder: Path) -> None:
    """Check that a model may be written to a folder.

    Raises:
        UsageError: the folder holds something else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file())):
        msg = f"{folder} exists and is no script model; give another -o."
        raise UsageError(msg)


def save(
    model: ScriptModel, folder: Path, *, name: str, lang: str, about: Mapping[str, Any], card: str, licence: str
) -> None:
    """Write a model; the folder appears whole or not at all.

    Args:
        model: what to write.
        folder: where; a model that lies there is replaced.
        name: of the model and its pipeline.
        lang: ISO 639 code.
        about: what else the manifest should say (origin, figures).
        card: text of ``CARD.md``.
        licence: text of ``LICENSE``.

    Raises:
        UsageError: the folder holds something else.
    """
    check_free(folder)
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    arrays = model.lm.arrays()
    if model.context is not None:
        arrays.update(model.context.arrays())
    if model.ranker is not None:
        arrays["ranker"] = model.ranker.table
    if model.speller is not None:
        arrays["speller"], arrays["speller_whole"] = model.speller.table, model.speller.whole
    for label, array in arrays.items():
        np.save(part / f"{label}.npy", np.ascontiguousarray(array), allow_pickle=False)
    if model.memory:
        rows = ("\t".join([s, t, *(f"{count:g}" for count in n)]) for s, t, n in model.memory.rows())
        (part / MEMORY).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "name": name,
        "lang": lang,
        "letters": model.letters,
        "alphabet": model.lm.alphabet.chars,
        "order": model.lm.order,
        "settings": asdict(model.settings),
        "arrays": {label: _digest(part / f"{label}.npy") for label in sorted(arrays)},
        **({"memory": _digest(part / MEMORY)} if model.memory else {}),
        "about": dict(about),
        "keys": {chr(k): v for k, v in sorted(model.keys.table.items())},
        "arcs": [[arc.source, arc.target, round(arc.prob, 7)] for arc in model.channel.arcs],
    }
    (part / MANIFEST).write_text(_readable(manifest), encoding="utf-8")
    (part / "CARD.md").write_text(card, encoding="utf-8")
    (part / "LICENSE").write_text(licence, encoding="utf-8")
    (part / "pipeline.cfg").write_text(
        f"[textnorm]\nname = {json.dumps(name)}\nlang = {json.dumps(lang)}\n"
        'pipeline = ["script"]\n\n[components]\n\n[components.script]\n'
        '@normalizers = "textnorm.script.v1"\nmodel = "${paths.folder}"\n',
        encoding="utf-8",
    )
    if folder.exists():
        shutil.rmtree(folder)
    part.replace(folder)


def read(name_or_path: str | Path) -> tuple[ScriptModel, dict[str, Any]]:
    """Return a model and its manifest.

    Raises:
        UsageError: there is no such model.
        DataError: its files cannot be used; names the file.
    """
    folder = find(name_or_path)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest.get("format") != FORMAT:
            msg = f"{folder / MANIFEST}: format {manifest.get('format')!r} is not {FORMAT}; train the model again."
            raise DataError(msg)
        arrays: dict[str, npt.NDArray[Any]] = {}
        for label in manifest["arrays"]:
            path = folder / f"{label}.npy"
            try:
                arrays[label] = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                msg = f"{path}: cannot be read ({error}); train or copy the model again."
                raise DataError(msg) from error
        settings = dict(manifest["settings"])
        settings["adapting"] = Adapting(**settings["adapting"])
        channel = Channel([Arc(*arc) for arc in manifest["arcs"]])
        lm = CharLM.of(Alphabet(manifest["alphabet"]), manifest["order"], arrays)
        context = Context.of(arrays) if "context_prints" in arrays else None
        keys = Keys({ord(k): v for k, v in manifest["keys"].items()})
        ranker = Ranker(arrays["ranker"]) if "ranker" in arrays else None
        speller = Speller(arrays["speller"], np.asarray(arrays["speller_whole"])) if "speller" in arrays else None
        model = ScriptModel(
            channel, lm, keys, manifest["letters"], context, Settings(**settings), _memory(folder / MEMORY), ranker,
            speller,
        )  # fmt: skip
        return model, manifest
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        msg = f"{folder / MANIFEST}: {type(error).__name__}: {error}; train or copy the model again."
        raise DataError(msg) from error


def _memory(path: Path) -> Hands | None:
    """Return the words that were remembered, with one column of counts a hand."""
    if not path.is_file():
        return None
    words: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
    hands = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"), 1):
        try:
            source, target, *counts = line.split("\t")
            words.setdefault(source, {})[target] = np.array(counts, dtype=np.float64)
        except ValueError as error:
            msg = f"{path}, line {number}: {error}; train or copy the model again."
            raise DataError(msg) from error
        hands = hands or len(counts)
        if not counts or len(counts) != hands:
            msg = f"{path}, line {number}: {len(counts)} counts, not {hands or 1}; train or copy the model again."
            raise DataError(msg)
    return Hands(words)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _readable(manifest: dict[str, Any]) -> str:
    """Return JSON with one arc a line."""
    arcs = manifest.pop("arcs")
    head = json.dumps(manifest, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(arc, ensure_ascii=False)}" for arc in arcs)
    return f'{head},\n "arcs": [\n{lines}\n ]\n}}\n'
