"""What a linker is made of, in an index folder: generators, the model that weighs them, the user's decisions.

The manifest's ``meta["linker"]`` names the generators and says what is tuned; their parts are under
``generators/NAME/``, except the vectors, which are the index's own (``dense/``, ``encoder``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textnorm import registry
from textnorm.errors import DataError, UsageError, choices
from textnorm.linking.calibration import PRIOR, Calibration
from textnorm.linking.decisions import Decisions
from textnorm.linking.features import Model
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.protocol import Generator
from textnorm.retrieval.storage import Reader, opening

if TYPE_CHECKING:
    from textnorm.encoders.protocol import Encoder
    from textnorm.linking.linker import Linker
    from textnorm.linking.tables import Names
    from textnorm.retrieval.changing import Writer
    from textnorm.retrieval.index import FoldedIndex

#: The order in which generators stand; any others come after, by name.
ORDER = ("exact", "lexical", "dense", "mined", "bridge", "abbreviations", "translit")
DENSE = "dense"
MODEL, DECISIONS = "linker/model.json", "linker/decisions.arrow"
#: Version of what is stored of a linker; a reader refuses any other.
VERSION = 1
#: Names that stand for queries where a hubness correction is asked for and no bank was given.
BANK = 2000


def prefix_of(name: str) -> str:
    """Return how the names of a generator's parts begin."""
    return "dense/" if name == DENSE else f"generators/{name}/"


def ordered(names: Sequence[str]) -> list[str]:
    """Return generators in the order in which they stand."""
    return sorted(dict.fromkeys(names), key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def wanted_generators(value: str | None, *, vectors: bool) -> list[str] | None:
    """Return what ``--generators`` names; ``None``: all that apply.

    Raises:
        UsageError: there is no such generator, or ``dense`` without vectors.
    """
    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        registry.generators.origin(name)
    if not names:
        msg = f"--generators names none. {choices('', registry.generators.names())}"
        raise UsageError(msg)
    if DENSE in names and not vectors:
        msg = "--generators names dense, but --encoder none makes no vectors."
        raise UsageError(msg)
    return ordered(names)


def build_generators(
    kb: KnowledgeBase,
    wanted: Sequence[str] | None,
    *,
    encoder: Encoder | None,
    index: FoldedIndex | None,
    say: Callable[[str], None],
) -> list[Generator]:
    """Return the generators for a base.

    Args:
        kb: the base.
        wanted: names; ``None``: all that apply.
        encoder: of the vectors, where there are any.
        index: of the vectors.
        say: takes notes for the user.

    Raises:
        UsageError: none applies.
    """
    found = []
    for name in ordered(registry.generators.names() if wanted is None else wanted):
        settings: dict[str, Any] = {"encoder": encoder, "index": index} if name == DENSE else {}
        made = registry.generators.get(name).build(kb, **settings)  # type: ignore[attr-defined]
        if made is not None:
            found.append(made)
        elif wanted is not None:
            say(f"note: the generator '{name}' does not apply to these names and was left out")
    if not found:
        msg = "None of the generators applies to these names; leave --generators out."
        raise UsageError(msg)
    return found


def put_generators(writer: Writer, generators: Sequence[Generator], *, changed: bool = False) -> None:
    """Write generators, the vectors excepted; what is there of them is replaced.

    Args:
        writer: of the folder.
        generators: all of them; of a changed index all but the vectors.
        changed: whether the index was changed; the list of its generators stays as it was.
    """
    writer.drop("generators")
    for generator in generators:
        if generator.name != DENSE:
            generator.write(writer, prefix_of(generator.name))
    if not changed:
        writer.meta["linker"] = {"version": VERSION, "generators": [generator.name for generator in generators]}


def read_generators(
    reader: Reader, kb: KnowledgeBase, wanted: Sequence[str] | None = None, *, vectors: bool = True
) -> list[Generator]:
    """Return the generators of an index folder.

    Args:
        reader: the manifest.
        kb: the base.
        wanted: names; ``None``: all.
        vectors: whether the dense one, too.

    Raises:
        UsageError: the index lacks one.
        DataError: it was built by a version without generators, or another one.
    """
    note = reader.meta.get("linker")
    if note is None:
        by = reader.meta.get("textnorm", "?")
        msg = f"{reader.folder}: this index was built without generators, by textnorm {by}. Build it again to link."
        raise DataError(msg)
    if note["version"] != VERSION:
        msg = (
            f"{reader.folder}: the index has a linker of format {note['version']}, this textnorm reads {VERSION}. "
            "Build the index again with this textnorm."
        )
        raise DataError(msg)
    known = note["generators"]
    for name in wanted or ():
        if name not in known:
            msg = f"{reader.folder}: the index was built without the generator '{name}'. {choices(name, known)}"
            raise UsageError(msg)
    names = [name for name in known if (wanted is None or name in wanted) and (vectors or name != DENSE)]
    return [registry.generators.get(name).read(reader, prefix_of(name), kb) for name in names]  # type: ignore[attr-defined]


def kept_rows(old: Names, new: Names) -> NDArray[np.int64]:
    """Return the new row of each old name, -1 where it is gone."""
    place = {row[:5]: i for i, row in enumerate(new.rows)}
    return np.fromiter((place.get(row[:5], -1) for row in old.rows), np.int64, len(old.rows))


# -- what is tuned ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tuned:
    """What ``index tune`` learned.

    Attributes:
        model: weights.
        calibration: of ``p``.
        report: figures, for ``index info``; JSON.
    """

    model: Model
    calibration: Calibration
    report: dict[str, Any]


def put_tuned(writer: Writer, tuned: Tuned | None) -> None:
    """Write what was learned; ``None``: forget it."""
    writer.drop("linker/model.json")
    note = dict(writer.meta.get("linker") or {})
    note.pop("tuned", None)
    if tuned is not None:
        content = {"model": tuned.model.to_json(), "calibration": tuned.calibration.to_json()}
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False)
        writer.stream(MODEL, lambda stream: stream.write(text.encode()))
        note["tuned"] = tuned.report
    writer.meta["linker"] = note


def read_tuned(reader: Reader, names: Sequence[str]) -> tuple[Model, Calibration]:
    """Return the model for some of the generators, and the calibration; the defaults without tuning.

    Raises:
        DataError: what is stored is damaged.
    """
    if MODEL not in reader.parts:
        return Model.default(names), PRIOR
    path = reader.path(MODEL)
    try:
        found = json.loads(path.read_bytes())
        model, calibration = Model.of_json(found["model"]), Calibration.of_json(found["calibration"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        msg = f"{path}: what was tuned is damaged. Tune the index again."
        raise DataError(msg) from error
    if list(model.generators) == list(names):
        return model, calibration
    # Weights that were learned together do not hold for a part of them.
    return Model.default(names), PRIOR


def put_decisions(writer: Writer, decisions: Decisions | None) -> None:
    """Write the user's table; ``None`` or an empty one: forget it."""
    writer.drop("linker/decisions.arrow")
    note = dict(writer.meta.get("linker") or {})
    note["decisions"] = len(decisions or ())
    if decisions:
        writer.table(DECISIONS, decisions.arrow())
    writer.meta["linker"] = note


def read_decisions_part(reader: Reader, kb: KnowledgeBase) -> Decisions:
    """Return the user's table; decisions for concepts that are gone are left out."""
    if DECISIONS not in reader.parts:
        return Decisions()
    found = Decisions.of_arrow(reader.table(DECISIONS))
    return Decisions({query: c for query, c in found.table.items() if c is None or c in kb.number})


# -- opening ---------------------------------------------------------------------------------------------------------
def open_linker(folder: Path, wanted: Sequence[str] | None, hubness: str) -> Linker:
    """Open the linker of an index folder; see :meth:`Linker.load`."""
    from textnorm.linking.linker import Linker

    def use(reader: Reader) -> Linker:
        kb = base_of(reader)
        generators = read_generators(reader, kb, wanted)
        if hubness != "auto":
            generators = [corrected(generator, kb, hubness) for generator in generators]
        model, calibration = read_tuned(reader, [generator.name for generator in generators])
        return Linker(kb, generators, model=model, calibration=calibration, decisions=read_decisions_part(reader, kb))

    return opening(folder, use)


def base_of(reader: Reader) -> KnowledgeBase:
    """Return the knowledge base of an index folder.

    Raises:
        DataError: it is no index of names.
    """
    from textnorm.linking.tables import concepts_of

    if "names.arrow" not in reader.parts:
        msg = f"{reader.folder}: an index without names; 'textnorm index build' makes those that link."
        raise DataError(msg)
    columns = [column.to_pylist() for column in reader.table("names.arrow").columns]
    return KnowledgeBase(list(zip(*columns, strict=True)), concepts_of(reader.table("concepts.arrow")))


def corrected(generator: Generator, kb: KnowledgeBase, method: str) -> Generator:
    """Return a generator with another hubness correction, fitted on names in place of queries; ``off``: without.

    Generators without vectors stay as they are.
    """
    change = getattr(generator, "with_correction", None)
    if change is None:
        return generator
    texts = list(dict.fromkeys(kb.texts))
    bank = texts[:: max(1, len(texts) // BANK)]
    found: Generator = change(method, bank)
    return found
