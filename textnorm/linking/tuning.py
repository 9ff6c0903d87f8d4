"""``index tune``: learn on labelled queries, and note what was learned in the index folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textnorm.linking.labelled import Labelled
from textnorm.linking.parts import Tuned, base_of, put_tuned, read_decisions_part, read_generators
from textnorm.linking.tune import Outcome, dev_of, tune
from textnorm.retrieval.changing import committing
from textnorm.retrieval.storage import Reader, opening

Progress = Callable[[str, int, int], None]


def tune_folder(folder: Path, rows: Sequence[Labelled], progress: Progress, *, dry_run: bool = False) -> Outcome:
    """Learn on labelled queries; the index changes as a whole, when all is done.

    Args:
        folder: of the index.
        rows: labelled queries.
        progress: called with what is done, how much, and of how much.
        dry_run: leave the index as it is.

    Raises:
        UsageError: there is no index.
        DataError: the index has no generators, or too few queries have a concept of it.
    """

    def use(reader: Reader) -> tuple[Reader, Outcome]:
        from textnorm.linking.linker import Linker

        kb = base_of(reader)
        linker = Linker(kb, read_generators(reader, kb), decisions=read_decisions_part(reader, kb))
        return reader, tune(linker, dev_of(rows, linker), progress)

    reader, found = opening(folder, use)
    if not dry_run:
        with committing(folder, based_on=reader.generation) as writer:
            writer.keep(*reader.parts)
            writer.meta.update(reader.meta)
            put_tuned(writer, Tuned(found.model, found.calibration, found.report))
    return found


def forget(folder: Path) -> None:
    """Take what was learned out of an index."""
    reader = opening(folder, lambda found: found)
    with committing(folder, based_on=reader.generation) as writer:
        writer.keep(*reader.parts)
        writer.meta.update(reader.meta)
        put_tuned(writer, None)
