"""Phrases in running text beside their peers, the size of a large book, and the Lithuanian book on its own terms.

``python benchmarks/phrases.py [--json FILE]`` needs ``TEXTNORM_DATA`` for the text; flashtext is measured where it is
installed. Every engine works on the same text and phrases in one run; time is CPU time, the best of three passes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pickle
import random
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ahocorasick
import regex

from textnorm import __version__
from textnorm.bench.phrases import load_suite, ours, perturb, phrases_folder, score
from textnorm.bench.report import Report, Row, data_folder, need, share
from textnorm.normalizers.phrasebook import make_phrasebook
from textnorm.normalizers.phrasebook.book import Book, PhraseClass
from textnorm.normalizers.phrasebook.errors import Located
from textnorm.normalizers.phrasebook.expand import Generator
from textnorm.normalizers.phrasebook.fallback import Nearest
from textnorm.normalizers.phrasebook.matcher import Matcher
from textnorm.normalizers.phrasebook.normalizer import PhrasebookNormalizer
from textnorm.normalizers.phrasebook.phrases import PhraseMatcher, is_boundary
from textnorm.normalizers.phrasebook.template import Text
from textnorm.normalizers.phrasebook.tokens import strip_marks
from textnorm.resources import rules_dir

CHARACTERS, PHRASES = 600_000, 10_000
#: The slow engines see less text; speeds are per character, so they compare.
FEW = 20_000
ROOT = Path(__file__).resolve().parents[1]
BOOK = rules_dir("phrasebooks") / "lt-house.yaml"
FILLERS = ("na", "em", "hmm", "prašau", "gerai", "tai", "žinai", "būk geras", "eee")


def text_and_phrases(text: str) -> tuple[str, list[str], set[str]]:
    """Return 600,000 characters and 10,000 phrases: half (returned apart) are one to three
    words of the text, half never occur.
    """
    text = (text * (CHARACTERS // len(text) + 1))[:CHARACTERS]
    words = re.findall(r"\w+", text.casefold())
    rng = random.Random(0)
    phrases: set[str] = set()
    while len(phrases) < PHRASES // 2:
        i, n = rng.randrange(len(words) - 3), rng.choice((1, 2, 3))
        phrases.add(" ".join(words[i : i + n]))
    real = set(phrases)
    while len(phrases) < PHRASES:
        phrases.add(rng.choice(words) + rng.choice("qxw") + rng.choice(words))
    return text, sorted(phrases), real


def best(work: Callable[[], Any], passes: int = 3) -> tuple[float, Any]:
    """Return the CPU seconds of the fastest pass and what it returned."""
    spent, result = float("inf"), None
    for _ in range(passes):
        before = time.process_time()
        result = work()
        spent = min(spent, time.process_time() - before)
    return spent, result


def aho_all(phrases: list[str]) -> Callable[[str], list[tuple[int, int]]]:
    """Return pyahocorasick with all hits, a boundary check in Python and leftmost-longest."""
    automaton = ahocorasick.Automaton()
    for phrase in phrases:
        automaton.add_word(phrase, len(phrase))
    automaton.make_automaton()

    def find(text: str) -> list[tuple[int, int]]:
        folded, hits = text.casefold(), []
        size = len(folded)
        for last, length in automaton.iter(folded):
            start = last - length + 1
            if (start and folded[start - 1].isalnum()) or (last + 1 < size and folded[last + 1].isalnum()):
                continue
            hits.append((start, -last - 1))
        hits.sort()
        reach, found = 0, []
        for start, end in hits:
            if start >= reach:
                found.append((start, -end))
                reach = -end
        return found

    return find


def aho_long(phrases: list[str]) -> Callable[[str], list[tuple[int, int]]]:
    """Return pyahocorasick's own ``iter_long`` with a boundary check: fast, but the shorter phrase is lost."""
    automaton = ahocorasick.Automaton()
    for phrase in phrases:
        automaton.add_word(phrase, len(phrase))
    automaton.make_automaton()

    def find(text: str) -> list[tuple[int, int]]:
        folded = text.casefold()
        hits = ((last - length + 1, last + 1) for last, length in automaton.iter_long(folded))
        return [hit for hit in hits if is_boundary(folded, hit[0]) and is_boundary(folded, hit[1])]

    return find


def replacing(report: Report, text: str, phrases: list[str]) -> None:
    """Measure finding 10,000 phrases in 600,000 characters."""
    engines: dict[str, tuple[Callable[[], Callable[[str], Any]], int]] = {
        "textnorm": (lambda: PhraseMatcher(dict.fromkeys(phrases, 1)).find, CHARACTERS),
        "textnorm, diacritics folded": (
            lambda: PhraseMatcher(dict.fromkeys(phrases, 1), diacritics=True).find,
            CHARACTERS,
        ),
        "pyahocorasick, all hits + boundary check": (lambda: aho_all(phrases), CHARACTERS),
        "pyahocorasick, iter_long + boundary check": (lambda: aho_long(phrases), CHARACTERS),
        "regex, named list": (
            lambda: regex.compile(r"\b\L<phrases>\b", regex.IGNORECASE, phrases=phrases).findall,
            FEW,
        ),
    }
    if find_spec("flashtext") is not None:
        engines["flashtext"] = (lambda: _flashtext(phrases), CHARACTERS)
    else:
        report.notes.append("flashtext is not installed.")
    spans: dict[str, Any] = {}
    for name, (make, size) in engines.items():
        before = time.process_time()
        find = make()
        report.add(Row("replacing", "lt", f"{name}: build CPU s", time.process_time() - before, len(phrases)))
        part = text[:size]
        spent, found = best(lambda find=find, part=part: find(part), 3 if size == CHARACTERS else 1)
        spans[name] = [(hit[0], hit[1]) for hit in found] if name.startswith(("text", "pya")) else found
        report.add(Row("replacing", "lt", f"{name}: million characters per CPU s", size / spent / 1e6, len(found)))
    same = spans["textnorm"] == spans["pyahocorasick, all hits + boundary check"]
    report.notes.append(f"textnorm and pyahocorasick with all hits find {'the same' if same else 'DIFFERENT'} spans.")


def _flashtext(phrases: list[str]) -> Callable[[str], Any]:
    from flashtext import KeywordProcessor

    keywords = KeywordProcessor()
    for phrase in phrases:
        keywords.add_keyword(phrase)
    return lambda text: keywords.extract_keywords(text, span_info=True)


def sizes(report: Report, phrases: list[str], real: set[str]) -> None:
    """Measure the memory and the size on disk of a book of 10,000 phrases in 5,000 classes."""
    # Made-up words represent real phrases, so that no representative stands inside another class.
    made_up = [phrase for phrase in phrases if phrase not in real]
    pairs = list(zip(made_up, sorted(real), strict=True))
    lines = ["language: lt", "classes:", *(f"  {json.dumps(a)}: [{json.dumps(b)}]" for a, b in pairs)]
    report.add(Row("book of 10,000 phrases", "", "YAML, kB", len("\n".join(lines).encode()) / 1e3, len(phrases)))
    book = Book("large")
    for a, b in pairs:
        book.classes[a] = PhraseClass(Located(a), (Located(b),), (Text(b),))
    before = time.process_time()
    PhrasebookNormalizer(book)
    report.add(Row("book of 10,000 phrases", "", "compile CPU s", time.process_time() - before, len(phrases)))
    tracemalloc.start()
    made = PhrasebookNormalizer(book)
    traced = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    automaton = made.phrases._automaton.get_stats()["total_size"]
    report.add(Row("book of 10,000 phrases", "", "memory, MB", (traced + automaton) / 1e6, len(phrases)))
    packed = len(pickle.dumps(made.phrases._automaton))
    report.add(Row("book of 10,000 phrases", "", "automaton, MB on disk", packed / 1e6, len(phrases)))


def lithuanian(report: Report, news: str) -> None:
    """Measure the Lithuanian book: generated sentences, kept-back ones, both perturbed, text of another domain."""
    nlp = make_phrasebook(str(BOOK))
    matcher = nlp.matcher
    generator = Generator(matcher)
    numbers = [i for i in generator.templates() if generator.count_template(i)]
    rng = random.Random(5)
    made = [generator.draw(rng.choice(numbers), rng) for _ in range(1500)]
    sets: dict[str, list[tuple[str, str, Any]]] = {
        "generated": [(p.text, p.frame, {k: v for k, v in p.slots.items() if v is not None}) for p in made],
        "kept back": list(kept_back()),
    }
    for name, rows in sets.items():
        for kind, change in PERTURBED.items():
            changed = [(change(text, rng), frame, slots) for text, frame, slots in rows]
            changed = [row for row, old in zip(changed, rows, strict=True) if kind == "as it is" or row[0] != old[0]]
            frames = both = silent = 0
            for text, frame, slots in changed:
                found = matcher.match(text)
                right = [m.frame for m in found] == [frame]
                frames += right
                both += right and slots_right(found[0].values, slots, kind)
                silent += not found
            label = f"lt-house, {name}, {kind}"
            report.add(share(label, "lt", "intent", frames, len(changed)))
            report.add(share(label, "lt", "intent_and_slots", both, len(changed)))
            report.add(share(label, "lt", "abstained", silent, len(changed)))
    sentences = [s for line in news.splitlines() for s in re.split(r"(?<=[.!?])\s+", line.strip()) if len(s) > 3]
    spent, hits = best(lambda: sum(bool(matcher.match(s)) for s in sentences), 1)
    report.add(share("lt-house, news sentences", "lt", "false accept", hits, len(sentences)))
    report.add(Row("lt-house, news sentences", "lt", "sentences_per_cpu_s", len(sentences) / spent, len(sentences)))
    nearest(report, matcher, sentences)


def nearest(report: Report, matcher: Matcher, sentences: list[str]) -> None:
    """Measure the fallback: calibration on trials that did not fit it, and what it accepts of another domain."""
    near = Nearest.fit(matcher)
    features, right = near.trials(1000, 99)
    p = near.probabilities(features)
    label = "lt-house, fallback, perturbed phrasings"
    sure = p >= near.min_p
    report.add(share(label, "lt", "right at p >= 0.8", int(right[sure].sum()), int(sure.sum())))
    report.add(share(label, "lt", "answered at p >= 0.8", int(sure.sum()), len(p)))
    bins = [(p >= lo / 10) & (p < (lo + 1) / 10) for lo in range(10)]
    error = sum(b.sum() / len(p) * abs(p[b].mean() - right[b].mean()) for b in bins if b.any())
    report.add(Row(label, "lt", "expected calibration error", float(error), len(p)))
    hits = sum(near(s) is not None for s in sentences if not matcher.match(s))
    report.add(share("lt-house, fallback, news sentences", "lt", "false accept", hits, len(sentences)))


def ablation(report: Report, data: Path) -> None:
    """Measure what each later try brings: Latvian perturbed, all tries on, and the one in question off."""
    folder = phrases_folder(data)
    suite = load_suite(folder, "lv")
    for kind, setting in (("diacritics dropped", "fold"), ("fillers", "fillers"), ("case endings", "lemmas")):
        cases = perturb(suite, kind)
        for state in (True, False):
            _, slots, _ = score(ours(folder, suite, **{setting: state}), cases)
            name = f"lv, {kind}, {setting} {'on' if state else 'off'}"
            report.add(share(name, "lv", "intent_and_slots", slots, len(cases)))


def kept_back() -> Iterator[tuple[str, str, Any]]:
    """Yield (sentence, frame, slots) of the phrasings that were written before the book."""
    for line in (ROOT / "tests/phrasebook/lt_kept_back.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        text, frame, slots = line.split("\t")
        yield text, frame, json.loads(slots)


def slots_right(got: dict[str, Any], wanted: dict[str, Any], kind: str) -> bool:
    """Whether all wanted slots are there; free text is compared without diacritics where they were dropped."""
    if kind != "diacritics dropped":
        return all(got.get(name) == value for name, value in wanted.items())
    return all(strip_marks(str(got.get(name)).lower()) == strip_marks(str(v).lower()) for name, v in wanted.items())


def drop_marks(text: str, rng: random.Random) -> str:
    """Return a sentence without diacritics."""
    return "".join(c if c.isascii() else strip_marks(c.lower()) for c in text)


def add_filler(text: str, rng: random.Random) -> str:
    """Return a sentence with a word of hesitation or politeness at its beginning, its end or inside."""
    words = text.split()
    words.insert(rng.choice((0, len(words), rng.randrange(len(words) + 1))), rng.choice(FILLERS))
    return " ".join(words)


def spell_numbers(text: str, rng: random.Random) -> str:
    """Return a sentence with its whole numbers in words, in any case."""
    from textnorm.languages.lt.cardinals import cardinal
    from textnorm.languages.lt.grammar import CASES

    def say(found: re.Match[str]) -> str:
        return f" {cardinal(int(found[0]), rng.choice(CASES[:6]))} "

    return " ".join(re.sub(r"(?<![\d:.,])\d{1,3}(?![\d:.,]| val| d\.| min)", say, text).split())


PERTURBED: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda text, rng: text,
    "diacritics dropped": drop_marks,
    "fillers": add_filler,
    "spoken numbers": spell_numbers,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=["replacing", "size", "lithuanian", "ablation"])
    options = parser.parse_args()
    (path,) = need(data_folder(None), ["lt/text_news.txt.gz"])
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        news = stream.read()
    report = Report("phrases-text")
    text, phrases, real = text_and_phrases(news)
    if options.only in (None, "replacing"):
        replacing(report, text, phrases)
    if options.only in (None, "size"):
        sizes(report, phrases, real)
    if options.only in (None, "lithuanian"):
        lithuanian(report, news)
    if options.only in (None, "ablation"):
        ablation(report, data_folder(None))
    for line in report.lines():
        print(line)
    if options.json:
        options.json.write_text(json.dumps(report.payload(__version__), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
