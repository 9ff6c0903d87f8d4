"""What ``textnorm index`` does to an index folder: ``manifest.json, names, concepts, encoder, dense/…, generators/…``.

The manifest's ``meta`` says what is there: ``names``, ``concepts``, ``texts`` (counts), ``encoder`` (``spec``,
``identity``, ``dim``; null without vectors), ``dense`` (the index of vectors, whose items are the different names) and
``upgrade`` (the last one). Whoever adds parts to the folder chooses names of his own; a change keeps parts and notes
that it does not know.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textnorm import __version__
from textnorm.encoders.protocol import Encoder
from textnorm.errors import DataError, UsageError
from textnorm.linking.check import check_parents
from textnorm.linking.decisions import read_decisions
from textnorm.linking.kb import KnowledgeBase
from textnorm.linking.parts import build_generators, kept_rows, put_decisions, put_generators, read_generators
from textnorm.linking.tables import Names, concepts_of, concepts_table
from textnorm.retrieval.changing import Writer, committing
from textnorm.retrieval.index import FoldedIndex
from textnorm.retrieval.storage import Reader, opening
from textnorm.retrieval.upgrade import Side, Upgrade, apply_upgrade, fit_upgrade, reembed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textnorm.retrieval.correction import HubnessCorrector
    from textnorm.retrieval.tuner import TuneReport

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]
Concepts = dict[str, dict[str, list[str]]]
NONE, STATIC = "none", "static"
DENSE = "dense/"
#: Texts embedded at a time.
BLOCK = 4096
WORK = ".reembed"
#: State of the corrector that fitted the index's correction: its banks, so that new items get a bias.
CORRECTOR = "dense/corrector"


@dataclass
class Opened:
    """An index folder with what a change needs.

    Attributes:
        reader: the manifest.
        names: the names table.
        concepts: the concepts table.
        dense: the vectors, or ``None``.
    """

    reader: Reader
    names: Names
    concepts: Concepts
    dense: FoldedIndex | None

    @property
    def spec(self) -> dict[str, Any]:
        """The manifest's note on the encoder.

        Raises:
            DataError: the index has no vectors.
        """
        found = self.reader.meta.get("encoder")
        if found is None or self.dense is None:
            msg = f"{self.reader.folder}: this index has no vectors (it was built with --encoder none)."
            raise DataError(msg)
        return dict(found)

    def encoder(self) -> Encoder:
        """Return the encoder of queries.

        Raises:
            UsageError: it is not the one that the index was made with; names both.
        """
        spec = self.spec
        own = "encoder" in self.reader.parts
        found = load(self.reader.path("encoder") if own else spec["spec"])
        if found.identity != spec["identity"]:
            msg = (
                f"{self.reader.folder}: the index was made with the encoder '{spec['identity']}', but '{spec['spec']}' "
                f"is now '{found.identity}'. Bring the old model back, or: textnorm index upgrade --to {spec['spec']}"
            )
            raise UsageError(msg)
        return found

    def embed(self, texts: Sequence[str], progress: Progress) -> NDArray[np.float32]:
        """Return the vectors of texts in the space of the stored ones."""
        rows = embed(self.encoder(), texts, progress)
        moved = self.dense.query_map if self.dense is not None else None
        return rows if moved is None else moved(rows)

    def vectors(self) -> NDArray[np.float32]:
        """Return all stored vectors."""
        assert self.dense is not None
        blocks = list(self.dense.blocks())
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dense.dim), np.float32)

    def corrector(self) -> HubnessCorrector | None:
        """Return the corrector of the stored vectors, which knows its banks; ``None`` without correction.

        Raises:
            DataError: the folder has a correction, but not its banks.
        """
        found = self.dense.store.folded if self.dense is not None else None
        if found is None:
            return None
        from textnorm.retrieval.correction import HubnessCorrector

        names = [name for name in self.reader.parts if name.startswith(f"{CORRECTOR}/")]
        if not names:
            msg = f"{self.reader.folder}: the correction's banks are not in the folder, so names cannot be added."
            raise DataError(msg)
        state = {name[len(CORRECTOR) + 1 : -len(".npy")]: self.reader.array(name, mmap=False) for name in names}
        params: dict[str, Any] = dict(found.params)
        return HubnessCorrector.from_state(found.method, state, self.vectors(), **params)


def open_folder(folder: Path) -> Opened:
    """Open an index folder.

    Raises:
        UsageError: there is none.
        DataError: it is damaged, newer, or no index of names.
    """

    def use(reader: Reader) -> Opened:
        if "names.arrow" not in reader.parts:
            msg = f"{folder}: an index without names; 'textnorm index' works on those that it built."
            raise DataError(msg)
        dense = FoldedIndex.read(reader, DENSE) if reader.meta.get("dense") is not None else None
        names = Names.of(reader.table("names.arrow"))
        return Opened(reader, names, concepts_of(reader.table("concepts.arrow")), dense)

    return opening(folder, use)


def load(spec: str | Path) -> Encoder:
    """Open an encoder by name or path."""
    from textnorm.encoders.load import load_encoder

    return load_encoder(spec)


def make_encoder(spec: str, names: Names, say: Say, progress: Progress, concepts: Concepts | None = None) -> Encoder:
    """Return the encoder that ``--encoder`` means; ``static`` is trained on names, parents and attributes."""
    if spec != STATIC:
        return load(spec)
    from textnorm.linking.objective import default_objectives
    from textnorm.linking.train import static_encoder

    if not default_objectives(names.by_concept, concepts or {}):
        say("note: too few concepts have several names to train on; the encoder only weighs n-grams by their rarity")
    return static_encoder(names.by_concept, concepts, card={"texts": "names of an index"}, progress=progress)


def embed(encoder: Encoder, texts: Sequence[str], progress: Progress) -> NDArray[np.float32]:
    """Return one row a text."""
    out = np.empty((len(texts), encoder.dim), np.float32)
    for at in range(0, len(texts), BLOCK):
        out[at : at + BLOCK] = encoder.encode(texts[at : at + BLOCK])
        progress("embedding", min(at + BLOCK, len(texts)), len(texts))
    return out


def build(
    folder: Path,
    names: Names,
    concepts: Concepts,
    *,
    encoder: str,
    factory: str,
    parameters: str,
    say: Say,
    progress: Progress,
    generators: Sequence[str] | None = None,
    decisions: str | None = None,
) -> None:
    """Build an index; one that is there is replaced when the new one is whole."""
    kb = KnowledgeBase(names.rows, concepts)
    table = None if decisions is None else read_decisions(decisions, kb.number)
    found = None if encoder == NONE else make_encoder(encoder, names, say, progress, concepts)
    dense = None
    if found is not None:
        texts = names.texts
        rows = embed(found, texts, progress)
        rows.flags.writeable = False
        dense = FoldedIndex.build(rows, texts, factory=factory, parameters=parameters, encoder_identity=found.identity)
    made = build_generators(kb, generators, encoder=found, index=dense, say=say)
    with committing(folder) as writer:
        _put_tables(writer, names, concepts)
        _put_encoder(writer, encoder, found)
        if dense is not None:
            dense.write(writer, DENSE)
        put_generators(writer, made)
        put_decisions(writer, table)


def add(folder: Path, new: Names, concepts: Concepts, progress: Progress) -> tuple[int, int]:
    """Add names and concepts (a concept's new row replaces its old one); return how many names and texts are new."""
    held = open_folder(folder)
    check_parents({**held.concepts, **concepts}, str(folder))
    known = set(held.names.texts)
    before = Names(list(held.names.rows))
    added = held.names.extend(new.rows)
    texts = [text for text in new.texts if text not in known]
    corrector = None
    if held.dense is not None and texts:
        rows = held.embed(texts, progress)
        corrector = held.corrector()
        if corrector is None:
            held.dense.add(rows, texts)
        else:
            after = corrector.append_gallery(rows)
            held.dense.add(rows, texts, bias=after.bias[-len(texts) :], gate=after.gate)
    _commit(held, {**held.concepts, **concepts}, corrector=corrector, before=before)
    return added, len(texts)


def remove(folder: Path, concepts: set[str], names: set[str]) -> tuple[int, int, int]:
    """Remove the names of ``concepts`` (all if ``names`` is empty), or ``names`` wherever they are (``concepts``
    empty).

    Returns:
        How many rows, texts and whole concepts are gone.

    Raises:
        DataError: a concept or name is not there, or nothing would be left; nothing is removed then.
    """
    held = open_folder(folder)
    for what, wanted, at in (("concept", concepts, 0), ("name", names, 1)):
        unknown = wanted - {row[at] for row in held.names.rows}
        if unknown:
            msg = f"{folder}: there is no {what} '{min(unknown)}' ({len(unknown)} of {len(wanted)} are unknown)."
            raise DataError(msg)
    kept = [row for row in held.names.rows if (concepts and row[0] not in concepts) or (names and row[1] not in names)]
    gone = len(held.names.rows) - len(kept)
    if not gone:
        msg = f"{folder}: no concept named has a name that was named; nothing is removed."
        raise DataError(msg)
    if not kept:
        msg = f"{folder}: this would remove every name; delete the folder instead."
        raise DataError(msg)
    left = Names(kept)
    texts = sorted(set(held.names.texts) - set(left.texts))
    whole = {row[0] for row in held.names.rows} - {row[0] for row in kept}
    before, held.names = held.names, left
    corrector = None
    if held.dense is not None and texts:
        corrector = held.corrector()
        after = None if corrector is None else corrector.remove_gallery(np.isin(held.dense.ids, texts))
        held.dense.remove(texts, gate=None if after is None else after.gate)
    rest = {concept: facts for concept, facts in held.concepts.items() if concept not in whole}
    _commit(held, rest, corrector=corrector, before=before)
    return gone, len(texts), len(whole)


def correct(folder: Path, method: str, params: dict[str, Any], bank: Sequence[str], progress: Progress) -> None:
    """Fit a hubness correction on a bank of queries and fold it into the index."""
    from textnorm.retrieval.correction import HubnessCorrector

    held = open_folder(folder)
    rows = held.embed(list(dict.fromkeys(bank)), progress)
    assert held.dense is not None
    corrector = HubnessCorrector(method, **params)
    held.dense = held.dense.rebuilt(corrector.fit(held.vectors(), rows))
    _commit(held, held.concepts, corrector=corrector)


def tune_correction(
    folder: Path, bank: Sequence[str], labelled: Sequence[tuple[str, list[str]]], say: Say, progress: Progress
) -> TuneReport:
    """Choose a correction on labelled queries and fold it in; the one that is there stays where none is worth it.

    Raises:
        DataError: no labelled query has a concept of the index, or the vectors do not fit.
    """
    from textnorm.retrieval.correction import HubnessCorrector
    from textnorm.retrieval.tuner import tune

    held = open_folder(folder)
    dense = held.dense if held.spec else None  # `spec` says it clearly where there are no vectors
    by_concept, place = held.names.by_concept, {text: i for i, text in enumerate(held.names.texts)}
    known = [(query, [i for i in ids if i in by_concept]) for query, ids in labelled]
    used = [(query, ids) for query, ids in known if ids]
    if not used:
        msg = f"{folder}: none of the {len(labelled)} labelled queries has a concept of this index."
        raise DataError(msg)
    if len(used) < len(labelled):
        say(f"note: {len(labelled) - len(used)} labelled queries have no concept of this index and were left out")
    assert dense is not None
    gallery = dense.vectors(held.names.texts)
    queries = held.embed([query for query, _ in used], progress)
    gold = [sorted({place[name] for i in ids for name in by_concept[i]}) for _, ids in used]
    rows = held.embed(list(dict.fromkeys(bank)), progress)
    report = tune(gallery, queries, gold, rows, gallery)
    if report.method is not None:
        corrector = HubnessCorrector(report.method)
        both = "gallery" in report.method.banks
        held.dense = dense.rebuilt(corrector.fit(held.vectors(), rows, held.vectors() if both else None))
        _commit(held, held.concepts, corrector=corrector)
    return report


def uncorrect(folder: Path) -> None:
    """Take the correction out of the index."""
    held = open_folder(folder)
    if held.dense is not None:
        held.dense = held.dense.rebuilt()
    _commit(held, held.concepts, drop_corrector=True)


def plan_upgrade(held: Opened, encoder: Encoder, *, side: Side, pairs: int, seed: int, progress: Progress) -> Upgrade:
    """Fit a map on a sample of concepts, twice as many texts as ``pairs``, and measure it."""
    assert held.dense is not None
    groups: list[str] = []
    texts: dict[str, None] = {}
    by_concept = held.names.by_concept
    concepts = list(by_concept)
    for i in np.random.default_rng(seed).permutation(len(concepts)):
        for name in by_concept[concepts[i]]:
            if name not in texts:
                texts[name] = None
                groups.append(concepts[i])
        if len(texts) >= 2 * pairs:
            break
    sample = list(texts)
    old, new = held.dense.vectors(sample), embed(encoder, sample, progress)
    return fit_upgrade(old, new, side=side, groups=groups, pairs=pairs, seed=seed)


def upgrade(held: Opened, spec: str, encoder: Encoder, plan: Upgrade) -> None:
    """Change the index so that it answers queries of ``encoder``."""
    assert held.dense is not None
    note = {
        "from": held.spec["identity"],
        "side": plan.side,
        "map": plan.kind,
        "pairs": plan.pairs,
        "kept": [asdict(kept) for kept in plan.kept],
    }
    lost = held.dense.correction is not None and plan.side == "stored"
    held.dense = apply_upgrade(held.dense, plan, encoder.identity)
    _commit(held, held.concepts, encoder=(spec, encoder), upgrade=note, drop_corrector=lost)


def embed_anew(held: Opened, spec: str, encoder: Encoder, progress: Progress) -> None:
    """Embed all names with ``encoder``; what is done survives a stop."""
    assert held.dense is not None
    folder = held.reader.folder / WORK
    texts = held.dense.ids
    blocks = reembed(texts, encoder.encode, encoder.identity, folder, lambda n, of: progress("embedding", n, of))
    rows = np.concatenate(list(blocks)) if texts else np.zeros((0, encoder.dim), np.float32)
    rows.flags.writeable = False
    lost = held.dense.correction is not None
    held.dense = FoldedIndex.build(
        rows,
        texts,
        factory=held.dense.factory,
        parameters=held.dense.parameters,
        encoder_identity=encoder.identity,
    )
    _commit(held, held.concepts, encoder=(spec, encoder), upgrade=None, drop_corrector=lost)
    shutil.rmtree(folder, ignore_errors=True)


def _commit(
    held: Opened,
    concepts: Concepts,
    *,
    encoder: tuple[str, Encoder] | None = None,
    upgrade: dict[str, Any] | None = None,
    corrector: HubnessCorrector | None = None,
    drop_corrector: bool = False,
    before: Names | None = None,
) -> None:
    """Write the changed index; parts and notes of others stay.

    Where names changed, ``before`` is what they were: the generators are brought up to date.
    """
    changed = None
    if before is not None and "linker" in held.reader.meta:
        old = read_generators(held.reader, KnowledgeBase(before.rows, held.concepts), vectors=False)
        kb, kept = KnowledgeBase(held.names.rows, concepts), kept_rows(before, held.names)
        changed = [generator.updated(kb, kept) for generator in old]
    with committing(held.reader.folder, based_on=held.reader.generation) as writer:
        writer.keep(*held.reader.parts)
        writer.meta.update(held.reader.meta)
        # What is derived from the rows is written by those who write the rows.
        writer.drop(*(name for name in writer.parts if name.startswith(DENSE) and name.count("/") == 1))
        if corrector is not None or drop_corrector:
            writer.drop(CORRECTOR)
        if corrector is not None:
            for name, data in corrector.state().items():
                writer.array(f"{CORRECTOR}/{name}.npy", data)
        _put_tables(writer, held.names, concepts)
        if encoder is not None:
            writer.drop("encoder")
            _put_encoder(writer, *encoder)
            writer.meta["upgrade"] = upgrade
        if held.dense is not None:
            held.dense.write(writer, DENSE)
        if changed is not None:
            put_generators(writer, changed, changed=True)


def _put_tables(writer: Writer, names: Names, concepts: Concepts) -> None:
    writer.table("names.arrow", names.table())
    writer.table("concepts.arrow", concepts_table(concepts))
    writer.meta["textnorm"] = __version__
    writer.meta["names"] = len(names.rows)
    writer.meta["texts"] = len(names.texts)
    writer.meta["concepts"] = len({row[0] for row in names.rows})


def _put_encoder(writer: Writer, spec: str, encoder: Encoder | None) -> None:
    """Note the encoder; one that was trained for this index lies in the folder."""
    from textnorm.encoders.static import StaticEncoder

    writer.meta["encoder"] = None
    if encoder is None:
        return
    if isinstance(encoder, StaticEncoder):  # small: the index stays whole when the model's own folder goes
        writer.tree("encoder", encoder.save)
    writer.meta["encoder"] = {"spec": spec, "identity": encoder.identity, "dim": encoder.dim}
