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


def tune_hubness(folder: Path, rows: Sequence[Labelled], progress: Progress) -> list[str]:
    """Choose a hubness correction of the vectors, or none, on labelled queries; fold it in.

    Returns:
        The report, a line each; the first says what was chosen.

    Raises:
        UsageError: there is no index.
        DataError: the index has no vectors.
    """
    from textnorm.linking.folder import tune_correction, uncorrect

    notes: list[str] = []
    # One half of the queries is the bank, without its answers; a method is chosen and judged on the other.
    known = [(row.query, list(row.ids)) for row in rows[1::2] if row.ids]
    report = tune_correction(folder, [row.query for row in rows[::2]], known, notes.append, progress)
    if report.method is None:
        uncorrect(folder)
    return [*report.lines(), *notes]


def tune_folder(
    folder: Path,
    rows: Sequence[Labelled],
    progress: Progress,
    *,
    dry_run: bool = False,
    hubness: Sequence[str] = (),
) -> Outcome:
    """Learn on labelled queries; the index changes as a whole, when all is done.

    Args:
        folder: of the index.
        rows: labelled queries.
        progress: called with what is done, how much, and of how much.
        dry_run: leave the index as it is.
        hubness: what :func:`tune_hubness` told; goes into the report.

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
    if hubness:
        found.report["hubness"] = list(hubness)
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
