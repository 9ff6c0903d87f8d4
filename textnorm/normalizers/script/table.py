"""Mapping tables and pairs: reading and checking the two files that a language community writes."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from pathlib import Path

from textnorm.errors import DataError
from textnorm.normalizers.script.align import belong

#: Word for "nothing" in a mapping table.
NOTHING = "NULL"
#: Longest cell of a mapping table, in characters.
LONGEST = 3
#: Header that a mapping table may have.
HEADER = ("source_char", "target_char")
#: Header that a file of pairs may have.
PAIRS_HEADER = ("noisy", "clean")
Table = dict[tuple[str, str], float]


def read_table(path: Path) -> Table:
    """Return the arcs ``(source, target)`` of a mapping table, each with a prior count of one.

    A line is ``source<TAB>target[<TAB>more targets]``: what the writer typed and what it may stand for, at most three
    characters each; ``NULL`` is nothing; lines that begin with ``# `` are comments. A target equal to its source says
    that the letter is also right as it is.

    Raises:
        DataError: the file breaks these rules or has a loop (a stands for b and b for a); names file and line.
    """
    arcs: Table = {}
    lines: dict[tuple[str, str], int] = {}
    for number, line in _lines(path):
        cells = [unicodedata.normalize("NFC", cell) for cell in line.split("\t")]
        if number == 1 and tuple(cells[:2]) == HEADER:
            continue
        while len(cells) > 1 and not cells[-1]:
            cells.pop()
        if len(cells) < 2:
            raise _error(path, number, "a mapping needs two columns, the letter that was typed and what it stands for")
        for cell in cells:
            if not cell:
                raise _error(path, number, f"an empty column; write {NOTHING} for nothing")
            if cell != NOTHING and len(cell) > LONGEST:
                what = f"unknown column {cell!r}: letters are at most {LONGEST} characters long"
                hint = f"; the only header is {'<TAB>'.join(HEADER)}" if number == 1 else ""
                raise _error(path, number, what + hint)
        source = "" if cells[0] == NOTHING else cells[0]
        for cell in cells[1:]:
            target = "" if cell == NOTHING else cell
            if not source and not target:
                raise _error(path, number, "nothing cannot stand for nothing")
            if (source, target) in lines:
                raise _error(path, number, f"{cells[0]} to {cell} stands in line {lines[source, target]} already")
            lines[source, target] = number
            arcs[source, target] = 1.0
    if not arcs:
        msg = f"{path}: no mappings; write one a line: letter<TAB>what it stands for."
        raise DataError(msg)
    _refuse_loops(path, lines)
    return arcs


def _refuse_loops(path: Path, lines: dict[tuple[str, str], int]) -> None:
    after: dict[str, list[str]] = {}
    for source, target in lines:
        if source and target and source != target:
            after.setdefault(source, []).append(target)
    done: set[str] = set()
    for start in after:
        path_now: list[str] = []
        todo = [(start, 0)]
        while todo:
            node, depth = todo.pop()
            del path_now[depth:]
            if node in path_now:
                loop = [*path_now[path_now.index(node) :], node]
                steps = [lines[a, b] for a, b in pairwise(loop)]
                what = f"a loop: {' → '.join(loop)} (lines {', '.join(map(str, steps))}); take one of them out"
                raise _error(path, steps[-1], what)
            if node in done:
                continue
            path_now.append(node)
            following = after.get(node, ())
            if not following:
                done.add(node)
            todo.extend((n, depth + 1) for n in following)
        done.add(start)


def read_pairs(path: Path) -> tuple[list[tuple[str, str]], list[int]]:
    """Return pairs ``(noisy, clean)`` and the numbers of the lines that lack a side or whose sides do not align.

    Raises:
        DataError: a line has more than two columns, or fewer than half of the lines are pairs; names file and line.
    """
    pairs: list[tuple[str, str]] = []
    apart: list[int] = []
    for number, line in _lines(path):
        cells = line.split("\t")
        if number == 1 and tuple(cells) == PAIRS_HEADER:
            continue
        if len(cells) == 1 or not cells[0].strip() or not cells[1].strip():
            apart.append(number)  # a side is missing
            continue
        if len(cells) > 2:
            raise _error(path, number, f"expected noisy<TAB>clean, found {len(cells)} columns")
        pair = (unicodedata.normalize("NFC", cells[0]), unicodedata.normalize("NFC", cells[1]))
        if len(pair[0].split()) > 2 and not belong(*pair):
            apart.append(number)
        else:
            pairs.append(pair)
    if not pairs and not apart:
        msg = f"{path}: no pairs; write one a line: noisy<TAB>clean."
        raise DataError(msg)
    if len(apart) > len(pairs):
        first = f"; the first is line {apart[0]}" if apart else ""
        msg = f"{path}: {len(apart)} of {len(apart) + len(pairs)} pairs do not align{first}; expected noisy<TAB>clean."
        raise DataError(msg)
    return pairs, apart


def read_text(path: Path) -> list[str]:
    """Return the lines of a text file (``.gz`` too).

    Raises:
        DataError: it is not UTF-8.
    """
    import gzip

    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
                return file.read().split("\n")
        return path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 at byte {error.start}."
        raise DataError(msg) from error
    except (OSError, EOFError) as error:
        msg = f"{path}: cannot be read: {error}."
        raise DataError(msg) from error


def _lines(path: Path) -> list[tuple[int, str]]:
    return [
        (number, line.rstrip("\r").removeprefix("\ufeff"))
        for number, line in enumerate(read_text(path), 1)
        if line.strip() and not line.startswith("# ")
    ]


def _error(path: Path, number: int, what: str) -> DataError:
    return DataError(f"{path}, line {number}: {what}.")
