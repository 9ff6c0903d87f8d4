"""Types without a model: what a form is made of, what stands beside it, and what else the document says.

Evidence adds up by type. A form has one type in a document (one sense per discourse: Gale, Church & Yarowsky 1992)
unless the input gives types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from textnorm.normalizers.coref.inflector import Inflector
from textnorm.normalizers.coref.shape import Shape, Shaper, initials
from textnorm.normalizers.coref.tables import Key
from textnorm.normalizers.coref.things import is_acronym, shortened

#: Points for evidence. Above `SURE` a type is certain enough to be handed on to shorter forms.
TITLE, GIVEN, TABLE, HEAD, SHAPE, WEAK = 4.0, 3.0, 4.0, 3.0, 1.0, 0.5
SURE = 2.5
_QUOTES = frozenset('„“”"«')
#: Mentions of a form whose neighbours are looked at.
LOOK = 12
#: Mentions of a word alone from which on it is taken for the person whose full name begins with it. Short of that, the
#: first word of two capitalised ones is too often a town's or a firm's.
OFTEN = 4

Votes = dict[str, float]


class Guesser:
    """Guesses the types of the forms of a document.

    Args:
        shaper: of the document's language.
        inflector: of the same language.
    """

    def __init__(self, shaper: Shaper, inflector: Inflector) -> None:
        self.shaper = shaper
        self.tables = shaper.tables
        self._key = inflector.key
        role = shaper.tables.role
        self._place_cue, self._place_before = role("place_cue"), role("place_before")
        self._person_before, self._person_after = role("person_before"), role("person_after")
        self._org_before, self._org_after = role("org_before"), role("org_after")
        self._place_first = role("place_first")
        self._article, self._connector = role("article"), role("connector")
        self._place_end, self._other_end = tuple(role("place_ending")), tuple(role("other_ending"))
        self._person_end = tuple(role("person_key_ending"))
        self._quoted = next(iter(role("quoted")), "")
        self._own: dict[tuple[Key, tuple[str, ...]], Votes] = {}

    def _word(self, word: str) -> str:
        return self._key(word)

    def own(self, shape: Shape) -> Votes:
        """Return what a form says of itself."""
        memo = (shape.key, shape.words)
        known = self._own.get(memo)
        if known is None:
            if len(self._own) >= Shaper.LIMIT:
                self._own.clear()
            known = self._own[memo] = self._judge(shape)
        return known

    def _judge(self, shape: Shape) -> Votes:
        votes: defaultdict[str, float] = defaultdict(float)
        tables, key, words = self.tables, shape.key, shape.words
        if any(sign in word for word in words for sign in ("@", "://", "www.", "#")):
            return {"other": TABLE}
        alias = tables.aliases.get(key)
        if alias is not None:
            votes["other" if alias.people else alias.type] += TABLE
        if key in tables.places:
            votes["place"] += TABLE
        if len(key) == 2 and key[0] in tables.given and key[1] in tables.role("surname_head"):
            votes["person"] += GIVEN
        else:
            self._heads(key[shape.owned :], votes)
        if shape.owned:
            if not votes:
                votes["other"] += SHAPE
        elif votes.get("organization", 0) + votes.get("place", 0) + votes.get("event", 0) < SURE:
            self._person(shape, votes)
        if len(key) == 1:
            word = words[0]
            if is_acronym(word):
                votes["organization"] += 2 * SHAPE
            elif word[:1].islower() or any(c.isdigit() for c in word):
                votes["other"] += SHAPE
            elif self._place_end and key[0].endswith(self._place_end):
                votes["place"] += WEAK
            elif self._other_end and key[0].endswith(self._other_end):
                votes["other"] += SHAPE
        return dict(votes)

    def _heads(self, key: Key, votes: defaultdict[str, float]) -> None:
        heads = self.tables.heads
        if len(key) > 1 and heads.get(key[0], ("", ""))[1] == "legal":
            votes["organization"] += TITLE
            return
        of = next((i for i, w in enumerate(key) if i and w in self._connector), 0)
        if of and key[of - 1] in heads:
            votes[heads[key[of - 1]][0]] += HEAD
        elif key[-1] in heads:
            votes[heads[key[-1]][0]] += HEAD if len(key) > 1 else HEAD / 2
        elif len(key) > 1 and key[0] in self._place_first:
            votes["place"] += HEAD / 2

    def _person(self, shape: Shape, votes: defaultdict[str, float]) -> None:
        name = self.shaper.person(shape)
        tables, given = self.tables, self.tables.given
        core = name.core
        if "for" in core or not (name.generation or shape.words[-1][:1].isupper()):
            return
        saint = bool(name.titles) and name.titles[-1] in self._place_first
        if core and (name.generation or (self._person_end and core[-1].endswith(self._person_end))):
            votes["person"] += GIVEN
        if name.titles:
            votes["person"] += HEAD if not core else SHAPE if saint else TITLE
        if not core:
            return
        if len(core) > 1 and (core[0].split("-")[0] in given or _initial(shape, core[0])):
            votes["person"] += GIVEN
        elif len(core) == 1 and core[0] in given:
            votes["person"] += GIVEN - 1
        elif len(core) > 1 and (core[:1] in tables.places or core[:1] in tables.aliases or core[:2] in tables.aliases):
            votes["organization"] += SHAPE
        elif 2 <= len(core) <= 3 and all(w[:1].isupper() for w in shape.words) and self._connector.isdisjoint(core):
            votes["person"] += SHAPE

    def around(self, before: str, after: str, votes: defaultdict[str, float], single: bool) -> None:
        """Add what the neighbours of one mention say; ``before`` and ``after`` are folded words or ``""``."""
        if before in self._place_cue:
            votes["place"] += SHAPE
        elif before in self._person_before:
            votes["person"] += 2 * SHAPE
        elif before in self._org_before:
            votes["organization"] += SHAPE
        elif before in _QUOTES and self._quoted:
            votes[self._quoted] += SHAPE
        elif before in self._place_before:
            votes["place"] += SHAPE
        elif before in self._article and single:
            votes["person"] -= SHAPE
        if after in self._person_after:
            votes["person"] += SHAPE
        elif after in self._org_after:
            votes["organization"] += 2 * SHAPE

    def _address(self, word: str) -> bool:
        return word[:1].islower() and self.tables.honorific.get(self._word(word), ("", ""))[0] == "address"

    def document(
        self,
        shapes: Sequence[Shape],
        spans: Sequence[tuple[int, int]],
        words: Sequence[str],
        given: Sequence[str | None],
    ) -> tuple[list[str], list[float]]:
        """Return the type of every mention, and how sure it is.

        Args:
            shapes: of the mentions.
            spans: words of the mentions, end exclusive.
            words: of the document.
            given: types that the input says; these stand.
        """
        if None not in given:
            return [type_ or "other" for type_ in given], [1.0] * len(shapes)
        places: dict[Key, list[int]] = {}
        told: dict[Key, str] = {}
        for k, shape in enumerate(shapes):
            type_ = given[k]
            if type_ is None:
                places.setdefault(shape.key, []).append(k)
            else:
                told.setdefault(shape.key, type_)
        votes: dict[Key, defaultdict[str, float]] = {}
        for key, mentions in places.items():
            ballot: defaultdict[str, float] = defaultdict(float, self.own(shapes[mentions[0]]))
            near: defaultdict[str, float] = defaultdict(float)
            for k in mentions[:LOOK]:
                start, end = spans[k]
                before = self._word(words[start - 1]) if start else ""
                if before in self._article and start > 1:
                    before = before if len(key) == 1 else self._word(words[start - 2])
                if start > 1 and words[start - 1] == "." and self._address(words[start - 2]):
                    near["person"] += 2 * SHAPE  # p. Petraitis
                self.around(before, self._word(words[end]) if end < len(words) else "", near, len(key) == 1)
            looked = min(len(mentions), LOOK)
            for type_, points in near.items():
                # A share of the mentions, since a word is seen behind "in" once by chance; cues of a person are rarer.
                share = points / looked if type_ == "place" else points / looked**0.5
                ballot[type_] += max(-SHAPE, min(2 * SHAPE, 1.5 * share))
            if key in told:
                ballot[told[key]] += 2 * TABLE
            votes[key] = ballot
        self._hand_on(votes, shapes, places, told)
        types: list[str] = [""] * len(shapes)
        sure = [1.0] * len(shapes)
        for key, mentions in places.items():
            type_, confidence = verdict(votes[key])
            for k in mentions:
                types[k], sure[k] = type_, confidence
        return [given[k] or types[k] for k in range(len(shapes))], sure

    def _hand_on(
        self,
        votes: dict[Key, defaultdict[str, float]],
        shapes: Sequence[Shape],
        places: dict[Key, list[int]],
        told: dict[Key, str],
    ) -> None:
        """Give short forms the types of the long ones: a surname, an acronym, the first or last part of a name."""
        parts: dict[Key, str] = {}
        letters: dict[str, str] = {}
        surnames: dict[str, float] = {}
        firsts: set[str] = set()
        by_key = {shape.key: shape for shape in shapes}
        short = {key[0] for key, shape in by_key.items() if len(key) == 1 and is_acronym(shape.words[0])}
        for key, ballot in votes.items():
            if len(key) > 2 and initials(key, self._connector) in short and max(ballot.values(), default=0) <= SHAPE:
                ballot["organization"] += HEAD
        for key, shape in by_key.items():
            if len(key) < 2 and "-" not in key[0]:
                continue
            type_, _ = (told[key], 1.0) if key in told else verdict(votes[key])
            if key not in told and max(votes[key].values(), default=0) < SHAPE:
                continue
            points = 2 * SHAPE if key in told else min(2 * SHAPE, max(votes[key].values()))
            if type_ == "person":
                core = self.shaper.person(shape).core
                if len(core) == 2:
                    firsts.add(core[0])
                for word in (core if points > SHAPE else core[-1:]) if len(core) > 1 else ():
                    surnames[word] = max(points, surnames.get(word, 0.0))
            elif not shape.owned:
                for part, sieve, _ in shortened(key, type_, self.tables):
                    # Schools and clubs bear the names of towns, so the town's name tells nothing.
                    if sieve != "head_left_out" or type_ != "organization":
                        parts.setdefault(part, type_)
                letters.setdefault(initials(key, self._connector), type_)
                letters.setdefault(initials(key, frozenset()), type_)
        for key in places:
            ballot = votes[key]
            if len(key) == 1 and key[0] in firsts and key[0] not in surnames and _unknown(ballot, places[key]):
                ballot["person"] += SHAPE
            elif key[-1] in surnames and (len(key) == 1 or self.shaper.person(by_key[key]).titles):
                ballot["person"] += surnames[key[-1]]
            elif max(ballot.values(), default=0) < SURE:
                if len(key) == 1 and key[0] in letters and is_acronym(by_key[key].words[0]):
                    ballot[letters[key[0]]] += HEAD
                elif key in parts:
                    ballot[parts[key]] += 2 * SHAPE


def _unknown(ballot: defaultdict[str, float], mentions: Sequence[int]) -> bool:
    """Whether nothing tells what a word is that stands alone as often as people's given names do."""
    return len(mentions) >= OFTEN and ballot["person"] >= 0 and max(ballot.values()) <= 0


def _initial(shape: Shape, first: str) -> bool:
    """Whether the first word of a name is written as initials: J., J.R., J."""
    word = shape.words[shape.key.index(first)]
    return len(first) == 1 or (len(first) == 2 and "." in word)


def verdict(votes: Votes) -> tuple[str, float]:
    """Return the type with most points, ``other`` where there are none, and 0.3 to 0.99 for how sure that is."""
    ranked = sorted(((points, type_) for type_, points in votes.items() if points > 0), reverse=True)
    if not ranked:
        return "other", 0.3
    rest = ranked[1][0] if len(ranked) > 1 else 0.0
    return ranked[0][1], min(0.99, 0.4 + 0.15 * (ranked[0][0] - rest))
