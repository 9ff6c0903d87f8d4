"""A written form taken apart: its words without quotes, articles and possessives, and the parts of a person's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from textnorm.normalizers.coref.fold import fold
from textnorm.normalizers.coref.tables import Key, NameTables

_HYPHENS = frozenset("-‐‑–")
_POSSESSIVE = ("'s", "’s", "'", "’")
_GROUP = frozenset(("&", "and", "ir", "et"))
_EDGES = '"“”„«»‘‚,;:!?()[]{}…*_ \t\r\n'


class PersonName(NamedTuple):
    """The parts of a person's name, folded.

    Attributes:
        titles: honorifics in front, in order.
        core: given names and surname; empty for a bare title.
        address: whether a form of address (Mr, Mrs …) is among the titles.
        gender: ``m``, ``f`` or ``""``, told by titles, else by the given name.
        sure: whether titles tell the gender.
        generation: ``jr``, ``sr``, ``iii`` … or ``""``.
    """

    titles: Key
    core: Key
    address: bool
    gender: str
    sure: bool
    generation: str


@dataclass(slots=True)
class Shape:
    """The words of a form.

    Attributes:
        words: as written, without punctuation, articles, possessive endings.
        key: the same, folded; for an inflected language lemmas stand here.
        owned: words before a possessive inside the form (``Virginia 's Tax Code``: 1), 0 where there is none.
    """

    words: tuple[str, ...]
    key: Key
    owned: int = 0


def clean_words(words: Sequence[str]) -> list[str]:
    """Join words that the input splits at hyphens; take off quotes, punctuation and possessive endings."""
    out: list[str] = []
    joining = False
    for raw in words:
        if raw in _HYPHENS:
            joining = bool(out)
            continue
        word = raw.strip(_EDGES)
        if word in _POSSESSIVE or not word or word == ".":
            continue
        if word.endswith(("'s", "’s")) and len(word) > 2:
            word = word[:-2]
        elif word.endswith(("s'", "s’")):
            word = word[:-1]
        if joining or (out and out[-1][-1] in _HYPHENS and len(out[-1]) > 1):
            out[-1] = f"{out[-1]}{'' if out[-1][-1] in _HYPHENS else '-'}{word}"
            joining = False
        else:
            out.append(word)
    return out


def _owned(words: Sequence[str]) -> int:
    for i, word in enumerate(words[:-1]):
        if word in _POSSESSIVE:
            return len(clean_words(words[:i]))
        if word.endswith(("'s", "’s")):
            return len(clean_words(words[: i + 1]))
    return 0


class Shaper:
    """Takes forms of one language apart; remembers what it has seen.

    Args:
        tables: of the language.
    """

    #: Forms remembered; a bound, so that long runs do not grow.
    LIMIT = 65536
    #: Words of a form that is taken apart; a longer one is no name that has short forms.
    LONGEST = 24

    def __init__(self, tables: NameTables) -> None:
        self.tables = tables
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._persons: dict[tuple[Key, tuple[str, ...]], PersonName] = {}

    @cached_property
    def _weak(self) -> frozenset[str]:
        role = self.tables.role
        return role("article") | role("determiner")

    @cached_property
    def exclusive(self) -> frozenset[str]:
        """Titles that one person does not bear together, as Miss and Mrs."""
        return self.tables.role("exclusive_title")

    def shape(self, words: tuple[str, ...]) -> Shape:
        """Return the words of a form; the whole form where nothing would be left."""
        known = self._shapes.get(words)
        if known is not None:
            return known
        kept = clean_words(words) or [w for w in words if w.strip()] or [""]
        at = 0
        adjective = self.tables.role("adjective")
        while at < len(kept) - 1:
            low = fold(kept[at])
            if kept[at][-1] == ".":
                break  # an initial: A. Stone
            if low not in self._weak and not (low in adjective and kept[at][0].islower()):
                break
            at += 1
        kept = kept[at:]
        owned = max(0, _owned(words) - at)
        key = tuple([fold(w) for w in kept])
        if len(kept) > self.LONGEST:
            kept, key, owned = [" ".join(kept)], (" ".join(key),), 0  # opaque: equal or not
        made = Shape(tuple(kept), key, owned if owned < len(kept) else 0)
        if len(self._shapes) >= self.LIMIT:
            self._shapes.clear()
        self._shapes[words] = made
        return made

    def person(self, shape: Shape) -> PersonName:
        """Return a form read as a person's name."""
        memo = (shape.key, shape.words)
        known = self._persons.get(memo)
        if known is None:
            known = self._person(shape)
            if len(self._persons) >= self.LIMIT:
                self._persons.clear()
            self._persons[memo] = known
        return known

    def _person(self, shape: Shape) -> PersonName:
        honorific, given = self.tables.honorific, self.tables.given
        if not _GROUP.isdisjoint(shape.key[1:-1]) or shape.owned:
            return PersonName(
                (), (" ".join(shape.key),), False, "", False, ""
            )  # several persons, or something of theirs: opaque
        key, words = list(shape.key), list(shape.words)
        generation = ""
        while len(key) > 1:
            kind = honorific.get(key[-1], ("", ""))[0]
            if kind == "generation":
                generation = {"junior": "jr", "senior": "sr"}.get(key[-1], key[-1])
            elif kind != "post" or words[-1].islower():
                break
            key.pop()
            words.pop()
        if "of" in key[1:]:
            # "Governor of Virginia", "Gordon of Auchleuchries", "Henry of Navarre": what follows is a place.
            cut = key.index("of", 1)
            key, words = key[:cut], words[:cut]
        last = -1
        for i, word in enumerate(key):
            kind = honorific.get(word, ("", ""))[0]
            if kind in ("address", "role") and (word not in given or (i == 0 and len(key) > 1)):
                if i and i == len(key) - 1 and key[0] in given:
                    break  # Rick Dean, Grace Pope: a surname
                last = i
        front, core = key[: last + 1], key[last + 1 :]
        titles = tuple([w for w in front if w in honorific])
        adjective = self.tables.role("adjective")
        while len(core) > 1 and (core[0] in adjective or words[last + 1].islower()) and core[0] not in given:
            if core[0] in self.tables.role("particle"):
                break
            core = core[1:]
            last += 1
        gender = next((honorific[w][1] for w in titles if honorific[w][1]), "")
        sure = bool(gender)
        if not gender and len(core) > 1:
            gender = given.get(core[0], "")
        address = any(honorific[w][0] == "address" for w in titles)
        return PersonName(titles, tuple(core), address, gender, sure, generation)


def initials(key: Iterable[str], skip: frozenset[str]) -> str:
    """Return the first letters of the words that ``skip`` does not hold; parts of hyphenated words count."""
    return "".join(part[0] for word in key if word not in skip for part in word.split("-") if part)
