"""Finds names in running text: runs of capitalised words with what belongs to them. No model.

A run goes on over small words of names (``of the``, ``van``) and hyphens. A capital behind a full stop says nothing by
itself: there the word must be known, go on, or stand with a capital elsewhere in the document. Well-known places and
acronyms at the beginning of a longer name are names of their own, too (*US* in *US President Barack Obama*).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from textnorm.normalizers.coref.fold import fold
from textnorm.normalizers.coref.inflector import Inflector
from textnorm.normalizers.coref.mention import Mention
from textnorm.normalizers.coref.shape import Shaper
from textnorm.normalizers.coref.tables import Key
from textnorm.normalizers.coref.text import PARAGRAPH
from textnorm.normalizers.coref.things import is_acronym

_ENDS = frozenset((*".!?:;…•*|", PARAGRAPH))
_OPEN = frozenset("\"“„«‘'([{-–—")
_HYPHENS = frozenset("-‐‑")
_QUOTES = frozenset('"“„«»”')
_LOOSE = _HYPHENS | _QUOTES
_POSSESSIVE = frozenset(("'s", "’s", "'", "’"))


class NameFinder:
    """Finds the names of documents of one language.

    Args:
        shaper: of the language.
        inflector: of the same language.
    """

    #: Longest name, in words.
    LONGEST = 12
    #: Letters of a word that its cases share.
    STEM = 3
    #: Words in small letters that may follow, the noun included.
    SMALL = 5

    def __init__(self, shaper: Shaper, inflector: Inflector) -> None:
        self.tables = shaper.tables
        role = self.tables.role
        self._attribute = tuple(role("attribute_ending"))
        self._may_be = inflector.may_be
        self._long: defaultdict[str, list[Key]] = defaultdict(list)
        # In a language without cases the run finds such names by their capitals.
        for key in (
            sorted((*self.tables.aliases, *self.tables.places), key=len, reverse=True) if self._attribute else ()
        ):
            if len(key) > 1:
                self._long[key[0][: self.STEM].casefold()].append(key)
        self.key, self._agree = inflector.key, inflector.agree
        self._starter, self._never = role("starter") | role("stop"), role("never")
        self._inside = role("name_preposition") | role("particle")
        self._adjective = tuple(role("adjective_ending")) or ("\0",)
        self._name_head, self._break = role("name_head"), tuple(role("break_ending")) or ("\0",)
        self._titles_outside = role("titles_outside")
        self._name_adjective = tuple(role("name_adjective_ending"))
        self._person_end = tuple(role("person_key_ending"))
        self._place_cue, self._said = role("place_cue"), role("speech")
        self._articles, self._sovereign = role("article"), role("sovereign_title")
        self._leading = role("article") | role("determiner") | role("place_cue") | role("adjective")

    def find(self, words: Sequence[str]) -> list[Mention]:
        """Return the names of a document, in order, a longer one before those inside it."""
        lows = [fold(word) for word in words]
        small = {low for word, low in zip(words, lows, strict=True) if word[:1].islower()}
        middle = self._capital_inside(words)
        numbered = frozenset(lows[k] for k, word in enumerate(words[1:]) if word in ("II", "III", "IV"))
        runs: list[tuple[int, int]] = []
        i = 0
        while i < len(words):
            if not self._capital(words[i], lows[i]):
                i += 1
                continue
            quoted = self._quotation(words, i) if self._attribute else None
            if quoted is not None:
                runs.append(quoted)
                i = quoted[1]
                continue
            end = self._run(words, lows, i)
            start = self._start(words, lows, i, end, small, middle)
            stop = end
            while stop > start and (
                (lows[stop - 1] in self._starter and not is_acronym(words[stop - 1])) or words[stop - 1] in _LOOSE
            ):
                stop -= 1
            if start < stop:
                stop = self._closed(words, start, stop)
                if self._attribute and stop == end:
                    stop = end = self._small_head(words, lows, start, stop)
            if start < stop:
                if stop == end == start + 1 and self._attribute:
                    stop = end = self._club(words, lows, start)
                if stop == end and (self._namesake(words, stop) or self._the_first(words, lows, start, stop, numbered)):
                    stop = end = stop + 1
                runs.append((start, stop))
            i = max(end, i + 1)
        alone = {lows[a] for a, b in runs if b == a + 1}
        out: list[Mention] = []
        for a, b in runs:
            out.append(Mention(a, b, tuple(words[a:b])))
            out.extend(self._nested(words, lows, a, b, alone))
        return out

    def _capital(self, word: str, low: str) -> bool:
        if not word:
            return False
        if len(word) > 1 and word[0] == "#" and word[1].isalpha():
            return True
        return (word[0].isupper() or (word[0].isdigit() and word[1:2].isupper())) and low not in self._never

    def _capital_inside(self, words: Sequence[str]) -> set[str]:
        """Return the keys of words that stand with a capital where no sentence begins."""
        return {self.key(word) for i, word in enumerate(words) if word[:1].isupper() and not _opens(words, i)}

    def _run(self, words: Sequence[str], lows: Sequence[str], start: int) -> int:
        """Return where the run that begins at ``start`` ends."""
        end = start + max(1, len(next(self._candidates(words, start), ())))
        limit = min(len(words), start + self.LONGEST)
        while end < limit:
            if lows[end - 1].endswith(self._break) and words[end - 1].isalpha():
                break
            if self._capital(words[end], lows[end]):
                if self._attribute and self._head(words[end]) == "legal":
                    break  # in front of a firm: Augo AB „Girelė“
                after_title = words[end - 1] == "." and self._address(words[end - 2])
                if (_opens(words, end) and words[end - 1] not in _OPEN and not after_title) or (
                    lows[end] in self._starter and words[end - 1][-1] == "."
                ):
                    break
                if lows[end] in self._articles or words[end] == words[start]:
                    break  # a heading that the sentence takes up: Harlow Harlow is a town
                if lows[end] in self._place_cue:
                    break
                end += max(1, len(next(self._candidates(words, end), ())))
                continue
            step = self._bridge(words, lows, start, end, limit)
            if not step:
                break
            end += step
        return end

    def well_known(self, words: Sequence[str]) -> Key:
        """Return the key of a name of several words that a table knows, in whatever case it stands, else ``()``.

        Empty, too, in a language without cases.
        """
        return next((key for key in self._candidates(words, 0) if len(key) == len(words)), ())

    def _candidates(self, words: Sequence[str], start: int) -> Iterator[Key]:
        """Yield the keys of names that a table knows and that may begin at a word, longest first."""
        for key in self._long.get(words[start][: self.STEM].casefold(), ()):
            part = words[start : start + len(key)]
            if len(part) == len(key) and all(map(self._may_be, part, key)):
                yield key

    def _head(self, word: str) -> str:
        return self.tables.heads.get(self.key(word), ("", ""))[1]

    def _closed(self, words: Sequence[str], start: int, end: int) -> int:
        """Return the end with the closing quotation mark of a name that holds the opening one."""
        opened = sum(word in _QUOTES for word in words[start:end])
        return end + 1 if opened % 2 and end < len(words) and words[end] in _QUOTES else end

    def _small_head(self, words: Sequence[str], lows: Sequence[str], start: int, end: int) -> int:
        """Return where a name ends whose noun is written small, as Vilniaus universitetas."""
        first = self.key(words[start])
        alias = self.tables.aliases.get((first,))
        place = (first,) in self.tables.places or (alias is not None and not alias.people)
        place = place or lows[start].endswith(self._name_adjective)
        owned = all(low.endswith(self._attribute) for low in lows[start:end] if low.isalpha())
        if not place and not owned:
            return end
        for at in range(end, min(len(words), end + self.SMALL)):
            if not words[at][:1].islower():
                break
            key = self.key(words[at])
            type_, role = self.tables.heads.get(key, ("", ""))
            general = place and role in ("unit", "fixed") and type_ in ("organization", "event")
            if general or (owned and key in self._name_head):
                return at + 1
            if not lows[at].endswith(self._attribute):
                break
        return end

    def _the_first(
        self, words: Sequence[str], lows: Sequence[str], start: int, at: int, numbered: frozenset[str]
    ) -> bool:
        """Whether an I behind a name counts: Queen Ada I of Harlow, but not: when Ada left, I; the king Ada I saw.

        The name has a sovereign's title, or stands with a II elsewhere; and no verb follows.
        """
        if at >= len(words) or words[at] != "I":
            return False
        if not (lows[at - 1] in numbered or (at - start > 1 and lows[start] in self._sovereign)):
            return False
        return at + 1 == len(words) or not words[at + 1][:1].isalnum() or lows[at + 1] in self._starter

    def _namesake(self, words: Sequence[str], at: int) -> bool:
        """Whether a small word tells the name before it from a namesake: Jonas Petraitis jaunesnysis."""
        if at >= len(words) or not words[at][:1].islower() or not self._agree(words[at - 1], words[at]):
            return False
        return self.tables.honorific.get(self.key(words[at]), ("", ""))[0] == "generation"

    def _address(self, word: str) -> bool:
        return self.tables.honorific.get(self.key(word), ("", ""))[0] == "address"

    def _complete(self, words: Sequence[str], start: int, end: int) -> bool:
        """Whether a run is a name already, so that "of the" begins another: Ada Stone of the Labour Party."""
        known = (self.tables.heads, self.tables.honorific)
        return end - start > 1 and not any(self.key(word) in table for word in words[start:end] for table in known)

    def _bridge(self, words: Sequence[str], lows: Sequence[str], start: int, at: int, limit: int) -> int:
        """Return how many words lead over to the next capital: small words of names, a hyphen, a point."""
        size = 1
        if words[at] in _HYPHENS or words[at] == "&":
            pass
        elif words[at] in _QUOTES and self._head(words[at - 1]) == "legal":
            pass  # UAB „Girelė“
        elif words[at] == "." and (len(words[at - 1]) == 1 or self._address(words[at - 1])):
            pass  # J . Smith, Mrs . Smith
        elif words[at] in _POSSESSIVE and at + 1 < limit and self._head(words[at + 1]) in ("unit", "fixed"):
            pass  # St. Mary 's Hospital
        elif lows[at] in self._inside:
            if at + 1 < limit and lows[at + 1] in (self._articles | self._inside):
                if lows[at + 1] in self._articles and self._complete(words, start, at):
                    return 0
                size = 2
        else:
            return 0
        following = at + size
        if words[at] in _HYPHENS and following < limit and self._syllable(words, lows, at):
            return 2
        if following >= limit or not self._capital(words[following], lows[following]):
            return 0
        return size + 1

    def _quotation(self, words: Sequence[str], at: int) -> tuple[int, int] | None:
        """Return the name in quotation marks that begins at a word, with the legal form before it: AB „Kauno grūdai“.

        A quotation that opens a sentence is speech, unless the sentence goes on with a small letter
        and not with *said*; so is a long one.
        """
        legal = self._head(words[at]) == "legal" and at + 2 < len(words) and words[at + 1] in _QUOTES
        first = at + 2 if legal else at
        if not legal and (at < 1 or words[at - 1] not in _QUOTES):
            return None
        opens = not legal and (at < 2 or not words[at - 2][-1:].isalnum())
        for end in range(first + 1, min(len(words), first + self.SMALL + 1)):
            if words[end] in _QUOTES:
                following = words[end + 1] if end + 1 < len(words) else ""
                if opens and (not following[:1].islower() or fold(following) in self._said):
                    return None
                if opens and end == first + 1 and fold(words[first]) in self._starter:
                    return None
                return (at, end + 1) if legal else (first, end)
            if not words[end][:1].isalnum() and words[end] not in _HYPHENS:
                break
        return None

    def _club(self, words: Sequence[str], lows: Sequence[str], at: int) -> int:
        """Return where a name ends that is a town's and one in quotation marks: Kauno „Girelė“."""
        town = (self.key(words[at]),) in self.tables.places and lows[at].endswith(self._attribute)
        if not town or at + 2 >= len(words) or words[at + 1] not in _QUOTES or not words[at + 2][:1].isupper():
            return at + 1
        return next((k + 1 for k in range(at + 3, min(len(words), at + 3 + self.SMALL)) if words[k] in _QUOTES), at + 1)

    def _syllable(self, words: Sequence[str], lows: Sequence[str], at: int) -> bool:
        """Whether a hyphen and a small syllable end a given name (Kim Min-jun)."""
        syllable = words[at + 1]
        before = at >= 2 and self._capital(words[at - 2], lows[at - 2]) and len(words[at - 1]) > 2
        known = self.key(words[at - 1]) in self.tables.heads
        return before and not known and syllable.isalpha() and syllable.islower() and len(syllable) <= 5

    def _start(
        self, words: Sequence[str], lows: Sequence[str], start: int, end: int, small: set[str], middle: set[str]
    ) -> int:
        """Return where the name begins: words that only a new sentence made capital are left out."""
        if _opens(words, start):
            first, low = words[start], lows[start]
            known = self.key(first) in self.tables.given or (self.key(first),) in self.tables.aliases
            plain = (
                (low in self._starter and not is_acronym(first))
                or low in self._leading
                or (low in small and not known and end == start + 1)
            )
            if self._titles_outside and end > start + 1 and lows[start + 1] not in self._inside:
                before = self.tables.role("person_before") | self.tables.role("org_before")
                title = self.key(first) in before or self.key(first) in self.tables.honorific
                plain = plain or (title and not known)
            if end > start + 1 and not known and self.key(words[start + 1]) in self.tables.given:
                # Later Ada Stone: what opens the sentence is no part of the name.
                plain = plain or (self.key(first) not in middle and self.key(first) not in self.tables.honorific)
            if plain and not (self.key(first) in middle and low not in small):
                start += 1
                while start < end and (lows[start] in self._inside or not self._capital(words[start], lows[start])):
                    start += 1
            elif (
                end == start + 1 and not known and self.key(first) not in middle and not self._told(words, lows, start)
            ):
                return end
        elif lows[start] in self._leading and end > start + 1:
            start += 1
        if start + 1 < end and self._people(words[start]) and self.key(words[start + 1]) in self.tables.honorific:
            start += 1  # the Afghan Ambassador
        if end == start + 1 and start < end:
            adjective = (self._people(words[start]) and lows[start][-1] != "s") or lows[start].endswith(self._adjective)
            if adjective and end < len(words) and words[end][:1].islower():
                return end  # an adjective: Irish politics
            if len(words[start]) == 1 or self._address(words[start]):
                return end
        return start

    def _people(self, word: str) -> bool:
        alias = self.tables.aliases.get((self.key(word),))
        return alias is not None and alias.people

    def _told(self, words: Sequence[str], lows: Sequence[str], at: int) -> bool:
        """Whether a single word that opens a sentence is a name all the same."""
        key = self.key(words[at])
        if at > 1 and words[at - 1] == "." and words[at - 2][:1].islower() and self._address(words[at - 2]):
            return True  # Lithuanian p. Petraitis
        if self._person_end and key.endswith(self._person_end):
            return True
        if (key,) in self.tables.places or is_acronym(words[at]) or words[at][0] == "#":
            return True
        following = lows[at + 1] if at + 1 < len(words) else ""
        return following in self.tables.role("person_after") or following in _POSSESSIVE

    def _nested(
        self, words: Sequence[str], lows: Sequence[str], start: int, end: int, alone: set[str]
    ) -> list[Mention]:
        """Return well-known places inside a name, and what its first word names elsewhere in the document."""
        tables = self.tables
        whole = tuple([self.key(word) for word in words[start:end]])
        if tables.heads.get(whole[-1], ("", ""))[1] == "legal" or tables.heads.get(whole[0], ("", ""))[1] == "legal":
            return []
        if (
            self._attribute
            or end - start < 2
            or whole in tables.aliases
            or whole in tables.places
            or whole[0] in tables.role("of_place")
        ):
            return []
        out = []
        for i in range(start, end):
            key = (self.key(words[i]),)
            alias = tables.aliases.get(key)
            known = key in tables.places or (alias is not None and not alias.people)
            first = i == start and lows[i] in alone and key[0] not in tables.given and key[0] not in tables.honorific
            headed = any(
                self.key(word) in tables.heads or self.key(word) in tables.honorific for word in words[i + 1 : end]
            )
            inside = i > start and lows[i - 1] in self._inside
            last = inside and i == end - 1 and (lows[i] in alone or is_acronym(words[i]))
            if (known and (i == start or inside)) or (first and headed) or last:
                out.append(Mention(i, i + 1, (words[i],)))
            elif inside and whole[0] in tables.given and lows[i] not in self._articles:
                out.append(Mention(i, end, tuple(words[i:end])))
        return list(dict.fromkeys(out))


def _opens(words: Sequence[str], at: int) -> bool:
    """Whether a sentence, a quotation or a bracket may begin at a word."""
    i = at - 1
    while i >= 0 and words[i] in _OPEN:
        i -= 1
    return i < 0 or words[i] in _ENDS or (i < at - 1 and words[i] in ",")
