"""The component: sentences to their canonical form and frame, phrases in running text to their representatives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textnorm.edits import Edit, Edits, EditsBuilder
from textnorm.errors import ConfigError
from textnorm.normalizers.phrasebook.book import Book
from textnorm.normalizers.phrasebook.canonical import Canonical
from textnorm.normalizers.phrasebook.classes import Classes
from textnorm.normalizers.phrasebook.compile import compile_book
from textnorm.normalizers.phrasebook.fixtures import read_lists
from textnorm.normalizers.phrasebook.load import load_book
from textnorm.normalizers.phrasebook.matcher import Match
from textnorm.normalizers.phrasebook.network import Scope, spellings
from textnorm.normalizers.phrasebook.phrases import PhraseMatcher
from textnorm.normalizers.phrasebook.template import Slot, walk
from textnorm.normalizers.phrasebook.tokens import TOKEN, fold, strip_marks
from textnorm.protocols import Scope as TextScope

FRAME, NEAREST, PHRASE, UNKNOWN, AMBIGUOUS = "FRAME", "NEAREST", "PHRASE", "UNKNOWN", "AMBIGUOUS"

#: Code points of the longest text that is matched as a sentence; phrases are replaced in text of any length.
LONGEST = 4000


class PhrasebookNormalizer:
    """Normalizes by a phrasebook.

    A text that a frame matches gets one edit: its canonical sentence, the frame and its slots in the value (an
    annotation where the text is canonical already). In any other text the variants of the book's classes are replaced
    by their representatives; where the book has frames, words that it does not know are marked.

    Args:
        book: the book.
        lists: lists that are not in the book.
        fallback: what finds the nearest phrasing of a text that no frame matches, or ``None``.
        source: arguments of :func:`make_phrasebook`, from which a copy is made in another process.

    Raises:
        BookError: the book cannot be compiled.
    """

    name = "textnorm.phrasebook.v1"
    version = "1"
    scope: TextScope = "text"

    def __init__(
        self,
        book: Book,
        *,
        lists: Mapping[str, Any] | None = None,
        fallback: Any = None,
        source: Mapping[str, Any] | None = None,
    ) -> None:
        self.book = book
        self.matcher = compile_book(book, lists=lists)
        self.languages = (book.language,) if book.language else ()
        self.fingerprint = book.fingerprint
        self.fallback = fallback
        self._source = dict(source or {})
        self._canonical = Canonical(self.matcher)
        self.phrases = PhraseMatcher(self._variants(), diacritics=False) if book.settings.phrases else PhraseMatcher({})

    def __reduce__(self) -> tuple[Any, ...]:
        if not self._source:
            msg = "A phrasebook normalizer can be copied to another process only if make_phrasebook made it."
            raise TypeError(msg)
        return _again, (self._source,)

    def __repr__(self) -> str:
        return f"PhrasebookNormalizer({self.book.name!r}: {len(self.book.frames)} frames)"

    def _variants(self) -> dict[str, tuple[str, str]]:
        """Return variant → (representative, rule) of all classes; slots stand only in frames."""
        classes = Classes(self.book)
        scope = Scope(self.book, None, self.matcher.language.word_forms)
        made: dict[str, tuple[str, str]] = {}
        for name, entry in self.book.classes.items():
            for text, node in zip(entry.variants, entry.nodes, strict=True):
                tree = classes.unfold(node, (name,))
                if any(isinstance(part, Slot) for part in walk(tree)):
                    continue
                for way in spellings(tree, scope, text):
                    if way.strip():
                        made.setdefault(" ".join(way.split()), (str(name), f"phrases.{name}"))
        for name in self.book.classes:
            # A representative stays as it is; it stands here so that no part of it is replaced.
            made[str(name)] = (str(name), "")
        return made

    def __call__(self, texts: Sequence[str]) -> Edits:
        """Return the edits of each text."""
        builder = EditsBuilder()
        for text in texts:
            builder.add_row(self.edits(text))
        return builder.build()

    def edits(self, text: str, context: Mapping[str, Any] | None = None) -> list[Edit]:
        """Return the edits of one text; ``context`` is what blocks may require."""
        found = self.match(text, context) if self.book.blocks else []
        if len(found) == 1:
            return self._sentence(text, found[0])
        if found:
            start, end = _span(text)
            value = {"frames": [{"frame": m.frame, "slots": described(m)} for m in found]}
            return [Edit(start, end, None, AMBIGUOUS, "phrases.ambiguous", found[0].confidence, value)]
        if self.book.blocks and self.fallback is not None and len(text) <= LONGEST:
            nearest = self._nearest(text)
            if nearest is not None:
                return [nearest]
        made = list(self._phrases(text))
        if self.book.blocks and self.book.settings.unknown:
            made += self._unknown(text, made)
        return made

    def answer(self, text: str, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``phrases match`` prints of a text: frame, slot values, normalized text, edits."""
        edits = self.edits(text, context)
        value = edits[0].value if edits and edits[0].label in (FRAME, NEAREST) else None
        slots = {} if value is None else {name: slot["value"] for name, slot in value["slots"].items()}
        row = Edits.from_rows([edits])
        return {
            "text": text,
            "frame": None if value is None else value["frame"],
            "slots": slots,
            "text_norm": row.apply([text])[0],
            "edits": [{"source": text[e.start : e.end], **e.to_dict()} for e in row.row(0)],
        }

    def match(self, text: str, context: Mapping[str, Any] | None = None) -> list[Match]:
        """Return the frame of a text; none where there is none, several where they tie.

        A text of more than `LONGEST` code points is no sentence: a free-text slot would make its cost quadratic.
        """
        return self.matcher.match(text, context) if len(text) <= LONGEST else []

    def canonical(self, match: Match) -> str:
        """Return the canonical sentence of a match."""
        return self._canonical(match)

    def _sentence(self, text: str, match: Match) -> list[Edit]:
        start, end = _span(text)
        said = self._canonical(match)
        replacement = None if not said or said == text[start:end] else said
        value = {"frame": match.frame, "slots": described(match)}
        return [Edit(start, end, replacement, FRAME, f"phrases.{match.frame}", match.confidence, value)]

    def _nearest(self, text: str) -> Edit | None:
        """Return the nearest phrasing as an edit, ``None`` where nothing is near enough."""
        near = self.fallback(text)
        if near is None:
            return None
        start, end = _span(text)
        value = {"frame": near.frame, "slots": near.slots, "nearest": near.phrasing, "p": near.p}
        return Edit(start, end, None, NEAREST, "phrases.nearest", near.p, value)

    def _phrases(self, text: str) -> Iterator[Edit]:
        for start, end, (representative, rule) in self.phrases.find(text):
            if rule and text[start:end] != representative:
                yield Edit(start, end, representative, PHRASE, rule)

    def _unknown(self, text: str, done: list[Edit]) -> Iterator[Edit]:
        """Yield a mark for each run of words that the book does not know; for the text where it knows them all."""
        known, stripped = self.matcher.vocabulary, self.matcher.folded_vocabulary
        runs: list[list[int]] = []
        joins = False
        for token in TOKEN.finditer(text):
            word = fold(token[0])
            if word in known or strip_marks(word) in stripped or any(e.start <= token.start() < e.end for e in done):
                joins = False
                continue
            if joins:
                runs[-1][1] = token.end()
            else:
                runs.append([token.start(), token.end()])
            joins = True
        for start, end in runs:
            yield Edit(start, end, None, UNKNOWN, "phrases.unknown")
        start, end = _span(text)
        if not runs and start < end and not done:
            yield Edit(start, end, None, UNKNOWN, "phrases.no_frame")

    def describe(self, rule: str) -> str:
        """Return what is known about a rule id."""
        name = rule.removeprefix("phrases.")
        for block in self.book.blocks:
            if block.frame == name:
                return f"the frame {name} ({block.where})"
        if name in self.book.classes:
            return f"another way to say '{name}' ({self.book.classes[name].representative.where})"
        return {
            "unknown": "the book does not know these words",
            "no_frame": "the book knows the words, but no frame has them in this order",
            "ambiguous": "several frames match equally well",
            "nearest": "no frame matches; this is the nearest phrasing",
        }.get(name, "")


def described(match: Match) -> dict[str, Any]:
    """Return a match's slots as JSON has them: value and, where it was said, text and span."""
    return {
        name: {"value": slot.value}
        if slot.start < 0
        else {"value": slot.value, "text": slot.text, "start": slot.start, "end": slot.end}
        for name, slot in match.slots.items()
    }


def _span(text: str) -> tuple[int, int]:
    """Return from the first to the last token of a text; signs of punctuation round it stay."""
    first = TOKEN.search(text)
    if first is None:
        return 0, 0
    last = deque(TOKEN.finditer(text, first.start()), maxlen=1)[0]
    return first.start(), last.end()


def _again(source: Mapping[str, Any]) -> PhrasebookNormalizer:
    return make_phrasebook(**source)


def make_phrasebook(
    book: str,
    *,
    language: str | None = None,
    lists: str | None = None,
    fallback: str | None = None,
    min_p: float = 0.8,
) -> PhrasebookNormalizer:
    """Return the component registered as ``textnorm.phrasebook.v1``.

    Args:
        book: a book's file or folder.
        language: which language, where the folder has several.
        lists: a YAML file with lists that are not in the book.
        fallback: ``ngrams``, or an encoder's name or path: texts that no frame matches go to the nearest phrasing.
        min_p: probability below which the fallback abstains.

    Raises:
        UsageError: the path is no book.
        BookError: the book cannot be used; names file and line.
        ConfigError: ``min_p`` is no probability.
    """
    if not 0 <= min_p <= 1:
        msg = f"The option 'min_p' is a probability, not {min_p}."
        raise ConfigError(msg)
    source = {"book": book, "language": language, "lists": lists, "fallback": fallback, "min_p": min_p}
    made = PhrasebookNormalizer(
        load_book(book, language=language),
        lists=read_lists(Path(lists)) if lists is not None else None,
        source=source,
    )
    if fallback is not None:
        from textnorm.normalizers.phrasebook.fallback import Nearest

        made.fallback = Nearest.fit(made.matcher, encoder=fallback, min_p=min_p)
    return made
