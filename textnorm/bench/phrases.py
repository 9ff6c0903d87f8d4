"""``bench phrases``: Home Assistant's books on their own tests, as they are and perturbed, beside hassil.

Layout of the data: ``phrases/sentences/<language>/*.yaml`` and ``phrases/tests/<language>/*.yaml`` with lists of names in
``_fixtures.yaml``; the folder ``phrases`` itself will do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textnorm.bench.report import Report, Row, data_folder, need, share
from textnorm.errors import DataError, UsageError

#: Passes over the sentences whose time is taken, after one that fills the caches.
PASSES = 3
#: Sentences that hassil is timed on: it needs several milliseconds for each.
PEER_TIMED = 250


@dataclass(frozen=True)
class Case:
    """One sentence of the tests.

    Attributes:
        text: the sentence.
        frame: the intent it must get.
        slots: the slots it must get; a list of values allows any of them.
        context: given with the sentence.
        lists: number of the set of names it is matched with.
        whole: whether these are all slots; tests of one slot combination name only its own.
    """

    text: str
    frame: str
    slots: Mapping[str, Any]
    context: Mapping[str, Any]
    lists: int
    whole: bool = True


@dataclass
class Suite:
    """The tests of one language.

    Attributes:
        language: its code.
        cases: the sentences.
        fixtures: the sets of names: those of ``_fixtures.yaml``, then of every file that has its own.
    """

    language: str
    cases: list[Case]
    fixtures: list[Mapping[Any, Any]]


def phrases_folder(data: Path | None) -> Path:
    """Return the folder with ``sentences`` and ``tests``."""
    folder = data_folder(data)
    if (folder / "sentences").is_dir():
        return folder
    (found,) = need(folder, ["phrases"])
    if not (found / "sentences").is_dir():
        msg = f"{found} holds no 'sentences': the layout is sentences/<language>/*.yaml, tests/<language>/*.yaml."
        raise UsageError(msg)
    return found


def load_suite(folder: Path, language: str) -> Suite:
    """Read the tests of a language.

    Raises:
        UsageError: there are none.
        DataError: a test names no intent.
    """
    from textnorm.normalizers.phrasebook.load import plain
    from textnorm.normalizers.phrasebook.yamlio import read_yaml

    (tests,) = need(folder, [f"tests/{language}"])
    shared = tests / "_fixtures.yaml"
    fixtures: list[Mapping[Any, Any]] = [read_yaml(shared) if shared.exists() else {}]
    cases: list[Case] = []
    for path in sorted(tests.rglob("*.yaml")):
        if path == shared:
            continue
        page = read_yaml(path)
        own = any(key in page for key in ("areas", "floors", "entities")) or path.parent != tests
        if own:
            fixtures.append(page)
        for test in page.get("tests") or []:
            wanted = test.get("intent") or {"name": path.parent.name, "slots": test.get("slots") or {}}
            if not isinstance(wanted, Mapping) or "name" not in wanted:
                msg = f"{path}: a test names no intent: {test.get('sentences')}"
                raise DataError(msg)
            for text in test["sentences"]:
                slots, context = plain(wanted.get("slots") or {}), plain(wanted.get("context") or {})
                number = len(fixtures) - 1 if own else 0
                whole = path.parent == tests
                cases.append(Case(str(text), str(wanted["name"]), slots, context, number, whole))
    return Suite(language, cases, fixtures)


def right(case: Case, frame: str | None, slots: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return whether the intent is right, and whether intent and all slots are."""
    if frame != case.frame:
        return False, False
    same = all(name in slots and _same(slots[name], wanted) for name, wanted in case.slots.items())
    return True, same and (not case.whole or set(slots) == set(case.slots))


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return value == wanted or any(_same(value, one) for one in wanted)
    if isinstance(wanted, str) and isinstance(value, str):
        return " ".join(value.split()).casefold() == " ".join(wanted.split()).casefold()
    return bool(value == wanted)


Answer = Callable[[Case], tuple[str | None, Mapping[str, Any]]]


def ours(folder: Path, suite: Suite, **settings: Any) -> Answer:
    """Return what answers cases with our matcher."""
    from textnorm.normalizers.phrasebook.compile import compile_book
    from textnorm.normalizers.phrasebook.fixtures import fixture_lists
    from textnorm.normalizers.phrasebook.load import load_book

    matchers = []
    for fixtures in suite.fixtures:
        book = load_book(folder, language=suite.language)
        for name, value in settings.items():
            setattr(book.settings, name, value)
        matchers.append(compile_book(book, lists=fixture_lists(fixtures)))

    def answer(case: Case) -> tuple[str | None, Mapping[str, Any]]:
        found = matchers[case.lists].match(case.text, case.context)
        return (found[0].frame, found[0].values) if len(found) == 1 else (None, {})

    return answer
