"""``bench phrases``: Home Assistant's books on their own tests, as they are and perturbed, beside hassil.

Layout of the data: ``phrases/sentences/<language>/*.yaml`` and ``phrases/tests/<language>/*.yaml`` with lists of names
in ``_fixtures.yaml``; the folder ``phrases`` itself will do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textnorm.bench.report import Report, Row, data_folder, need, share
from textnorm.errors import DataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from textnorm.normalizers.phrasebook.book import Book
    from textnorm.normalizers.phrasebook.book import SlotList as BookList
    from textnorm.normalizers.phrasebook.matcher import Matcher

#: Passes over the sentences whose time is taken, after one that fills the caches.
PASSES = 3
#: Sentences that hassil is timed on: it needs several milliseconds for each.
PEER_TIMED = 250
FIXTURE_LISTS = ("area", "floor", "name")
#: Words of politeness and hesitation by language; some the books skip, others they do not know.
FILLERS = {
    "en": ("please", "um", "uh", "well", "okay", "hey", "so", "now then"),
    "lv": ("lūdzu", "nu", "ē", "hmm", "klau", "labi"),
    "et": ("palun", "noh", "ee", "hmm", "kuule", "olgu"),
}
#: Singular case endings by declension, from the grammars: what a slot's word may be changed into.
ENDINGS = {
    "lv": (("a", "as", "ai", "u", "ā"), ("is", "ī", "im", "i"), ("e", "es", "ei", "ē"), ("s", "am", "u", "ā")),
    "et": (("a", "as", "ast", "ale"), ("i", "is", "ist", "ile"), ("u", "us", "ust", "ule"), ("e", "es", "est", "ele")),
}


@dataclass(frozen=True)
class Case:
    """One sentence of the tests.

    Attributes:
        language: of the sentence.
        text: the sentence.
        frame: the intent it must get.
        slots: the slots it must get; a list of values allows any of them.
        context: given with the sentence.
        lists: number of the set of names it is matched with.
        whole: whether these are all slots; tests of one slot combination name only its own.
    """

    language: str
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
    fixtures: list[Mapping[Any, Any]] = [(read_yaml(shared) or {}) if shared.exists() else {}]
    cases: list[Case] = []
    for path in sorted(tests.rglob("*.yaml")):
        if path == shared:
            continue
        page = read_yaml(path)
        if not isinstance(page, Mapping):
            continue  # an empty file
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
                cases.append(Case(language, str(text), str(wanted["name"]), slots, context, number, whole))
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

    matchers: dict[int, Matcher] = {}
    for number in sorted({case.lists for case in suite.cases}):
        book = load_book(folder, language=suite.language)
        for name, value in settings.items():
            setattr(book.settings, name, value)
        matchers[number] = compile_book(book, lists=fixture_lists(suite.fixtures[number]))

    def answer(case: Case) -> tuple[str | None, Mapping[str, Any]]:
        found = matchers[case.lists].match(case.text, case.context)
        return (found[0].frame, found[0].values) if len(found) == 1 else (None, {})

    return answer


def peer(folder: Path, suite: Suite) -> Answer:
    """Return what answers cases with hassil, given the same books, the same lists and its best-match rule.

    Raises:
        MissingExtraError: hassil is not installed.
    """
    try:
        from hassil.intents import Intents, SlotList, TextSlotList
        from hassil.recognize import recognize_best
    except ImportError as error:
        feature, package = "The comparison", "hassil"
        raise MissingExtraError(feature, package, "dev") from error
    from textnorm.normalizers.phrasebook.fixtures import fixture_lists
    from textnorm.normalizers.phrasebook.load import load_book
    from textnorm.normalizers.phrasebook.network import build

    book = load_book(folder, language=suite.language)
    book.lists = {**book.lists, **fixture_lists(suite.fixtures[0])}
    for name in ("area", "floor", "name"):
        book.lists.setdefault(name, next(iter(fixture_lists({"areas": [{"name": "-"}]}).values())))
    # hassil raises where a sentence uses a rule that the book lacks; what we leave out is left out there, too.
    lacking = {error.where for error in build(book).left_out}
    intents = Intents.from_dict(_as_hassil(book, lacking))
    lists: list[dict[str, SlotList]] = [
        {
            name: TextSlotList.from_tuples(
                [(str(v.text), v.out, dict(v.context or {})) for v in one.values], allow_template=False, name=name
            )
            for name, one in fixture_lists(fixtures).items()
        }
        for fixtures in suite.fixtures
    ]
    empty = TextSlotList(name=None, values=[])

    def answer(case: Case) -> tuple[str | None, Mapping[str, Any]]:
        given = {**dict.fromkeys(("area", "floor", "name"), empty), **lists[case.lists]}
        found = recognize_best(
            case.text,
            intents,
            slot_lists=given,
            intent_context=dict(case.context),
            language=suite.language,
            best_slot_name="name",
        )
        if found is None:
            return None, {}
        return found.intent.name, {name: entity.value for name, entity in found.entities.items()}

    return answer


def _as_hassil(book: Book, lacking: set[str]) -> dict[str, Any]:
    """Return a book as the dictionary that hassil reads."""
    intents: dict[str, Any] = {}
    for block in book.blocks:
        body: dict[str, Any] = {
            "sentences": [str(s) for s in block.sentences if s.where not in lacking],
            "slots": block.slots,
            "requires_context": block.requires,
            "excludes_context": block.excludes,
            "expansion_rules": {name: str(text) for name, (text, _) in block.rules.items()},
        }
        if block.keywords is not None:
            body["required_keywords"] = sorted(block.keywords)
        data = intents.setdefault(block.frame, {"data": []})["data"]
        if block.offers:
            demand = {key: {"slot": slot} for key, slot in block.offers.items()}
            data.append({**body, "requires_context": {**block.requires, **demand}})
        data.append(body)
    return {
        "language": book.language,
        "intents": intents,
        "lists": {name: _list_as_hassil(one) for name, one in book.lists.items() if name not in FIXTURE_LISTS},
        "expansion_rules": {name: str(text) for name, (text, _) in book.rules.items()},
        "skip_words": [str(text) for text, _ in book.skip],
    }


def _list_as_hassil(one: BookList) -> dict[str, Any]:
    if one.kind == "wildcard":
        return {"wildcard": True}
    if one.kind == "range":
        span: dict[str, Any] = {"from": one.start, "to": one.stop, "step": one.step}
        if one.fractions:
            span["fractions"] = one.fractions
        return {"range": span}
    return {"values": [{"in": str(v.text), "out": v.out, "context": dict(v.context or {})} for v in one.values]}


# -- perturbing ------------------------------------------------------------------------------------------------------
def without_diacritics(case: Case, rng: random.Random) -> str:
    """Return the sentence with the marks of its letters dropped."""
    from textnorm.normalizers.phrasebook.tokens import strip_marks

    return "".join(strip_marks(c.lower()) if not c.isascii() else c for c in case.text)


def with_filler(case: Case, rng: random.Random) -> str:
    """Return the sentence with a word of politeness or hesitation before, behind or inside."""
    words = case.text.split()
    known = FILLERS.get(case.language)
    if known is None or not words:
        return case.text
    filler = rng.choice(known)
    words.insert(rng.choice((0, 0, len(words), rng.randrange(len(words) + 1))), filler)
    return " ".join(words)


def with_ending(case: Case, rng: random.Random) -> str:
    """Return the sentence with another case ending on a word that fills a slot; the same where none can be changed."""
    said = [v for value in case.slots.values() for v in (value if isinstance(value, list) else [value])]
    wanted = {word.casefold() for value in said if isinstance(value, str) for word in value.split()}
    parts = case.text.split()
    places = []
    for i, word in enumerate(parts):
        if word.casefold() in wanted:
            ends = next((row for row in ENDINGS.get(case.language, ()) if word.endswith(row)), None)
            if ends is not None:
                places.append((i, ends))
    if not places:
        return case.text
    i, row = rng.choice(places)
    old = max((e for e in row if parts[i].endswith(e)), key=len)
    parts[i] = parts[i][: len(parts[i]) - len(old)] + rng.choice([e for e in row if e != old])
    return " ".join(parts)


PERTURBED: dict[str, Callable[[Case, random.Random], str]] = {
    "diacritics dropped": without_diacritics,
    "fillers": with_filler,
    "case endings": with_ending,
}


def perturb(suite: Suite, kind: str) -> list[Case]:
    """Return the cases of a suite that a perturbation changes; seeded."""
    rng = random.Random(f"{suite.language} {kind}")
    made = ((case, PERTURBED[kind](case, rng)) for case in suite.cases)
    changed = [replace(case, text=text) for case, text in made if text != case.text]
    if kind != "case endings":
        return changed
    # Another form of a name is another way to write the same name: any of them is right.
    alike = _alike(suite.fixtures)
    return [replace(case, slots={k: _widened(v, alike) for k, v in case.slots.items()}) for case in changed]


def _alike(fixtures: Sequence[Mapping[Any, Any]]) -> dict[str, list[str]]:
    """Return, for each way to write a name of the fixtures, all ways to write it."""
    from textnorm.normalizers.phrasebook.fixtures import fixture_lists

    groups: dict[str, list[str]] = {}
    for one in fixtures:
        for key in ("areas", "floors", "entities"):
            for entry in one.get(key) or ():
                for made in fixture_lists({key: [entry]}).values():
                    ways = [str(value.out) for value in made.values]
                    for way in ways:
                        groups.setdefault(way.casefold(), []).extend(ways)
    return groups


def _widened(wanted: Any, alike: Mapping[str, list[str]]) -> Any:
    values = wanted if isinstance(wanted, list) else [wanted]
    more = [way for value in values if isinstance(value, str) for way in alike.get(value.casefold(), ())]
    return [*values, *more] if more else wanted


# -- measuring -------------------------------------------------------------------------------------------------------
def score(answer: Answer, cases: Sequence[Case]) -> tuple[int, int, int]:
    """Return how many intents are right, how many intents with all slots, and how many cases got no answer."""
    intents = slots = silent = 0
    for case in cases:
        frame, values = answer(case)
        one, both = right(case, frame, values)
        intents, slots, silent = intents + one, slots + both, silent + (frame is None)
    return intents, slots, silent


def timed(answer: Answer, cases: Sequence[Case], passes: int) -> tuple[float, list[float]]:
    """Return sentences per CPU-second and the CPU seconds of each sentence, caches filled."""
    spent: list[float] = []
    begun = time.process_time()
    for _ in range(passes):
        for case in cases:
            before = time.process_time()
            answer(case)
            spent.append(time.process_time() - before)
    return len(spent) / max(time.process_time() - begun, 1e-9), spent


def run(data: Path | None) -> Report:
    """Measure intent and slots on the books' own tests, as they are and perturbed, and the speed, beside hassil."""
    folder = phrases_folder(data)
    report = Report("phrases")
    tests = folder / "tests"
    languages = sorted(p.name for p in (folder / "sentences").iterdir() if p.is_dir() and (tests / p.name).is_dir())
    with_peer = find_spec("hassil") is not None
    spent = [0.0, 0.0]
    for language in languages:
        suite = load_suite(folder, language)
        for k, speed in enumerate(_measure(report, "own tests", suite, suite.cases, folder, with_peer)):
            spent[k] += len(suite.cases) / speed
        for kind in PERTURBED:
            changed = perturb(suite, kind)
            if changed:
                _measure(report, kind, suite, changed, folder, with_peer)
    if with_peer and all(spent):
        report.add(Row("own tests", "all", "speed over hassil", spent[1] / spent[0]))
    if not with_peer:
        report.notes.append("hassil is not installed: pip install hassil puts it beside ours.")
    report.notes.append(
        "intent, intent_and_slots, abstained: share of sentences. Speed is on the own tests, one process, CPU time; "
        f"first pass: no cache filled. hassil is timed on {PEER_TIMED} of them, evenly spread, after one pass."
    )
    return report


def _measure(report: Report, kind: str, suite: Suite, cases: list[Case], folder: Path, with_peer: bool) -> list[float]:
    """Add the rows of one set of cases; return sentences per CPU-second, ours and then hassil's."""
    makers: dict[str, Callable[[], Answer]] = {"": lambda: ours(folder, suite)}
    if with_peer:
        makers["hassil "] = lambda: peer(folder, suite)
    speeds: dict[str, float] = {}
    for who, make in makers.items():
        answer = make()
        before = time.process_time()
        intents, slots, silent = score(answer, cases)
        first = len(cases) / max(time.process_time() - before, 1e-9)
        for measure, hits in (("intent", intents), ("intent_and_slots", slots), ("abstained", silent)):
            report.add(share(kind, suite.language, who + measure, hits, len(cases)))
        if kind != "own tests":
            continue
        sample = cases[:: max(1, len(cases) // PEER_TIMED)] if who else cases
        speed, spent = timed(answer, sample, 1 if who else PASSES)
        speeds[who] = speed
        spent.sort()
        at = {"p50": 0.5, "p99": 0.99}
        report.add(Row(kind, suite.language, f"{who}sentences_per_cpu_s", speed, len(spent)))
        report.add(Row(kind, suite.language, f"{who}sentences_per_cpu_s first pass", first, len(cases)))
        for name, share_ in at.items():
            ms = 1e3 * spent[min(len(spent) - 1, int(share_ * len(spent)))]
            report.add(Row(kind, suite.language, f"{who}cpu_ms {name}", ms, len(spent)))
    if len(speeds) == 2:
        report.add(Row(kind, suite.language, "speed over hassil", speeds[""] / speeds["hassil "], len(cases)))
    return list(speeds.values())
